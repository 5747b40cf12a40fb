"""Worker, ClickHouse's face and broker die in turn while numbered events flow: what readers see is what an undisturbed run gives."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.local.stack import LocalStack
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import Settings

# kafka-python leaves sockets to the garbage collector when a broker refuses connections, as it does here on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

EVENTS = 50_000
PERSONS = 3_000
FAULTS = 12
CHUNK = EVENTS // (FAULTS + 1) + 1
STORED_WITHIN_SECONDS = 120
START = datetime(2025, 3, 1, tzinfo=UTC)
TOUCHPOINTS = ("store_purchase", "store_visit", "website", "unheard_of")

SNAPSHOTS = {
    "touchpoints": "SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.touchpoints",
    "attachments": "SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.attachments",
    "volume": "SELECT sum(events), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_volume_1h",
    "days": "SELECT sum(events), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_volume_1d",
    "persons": "SELECT sum(persons), sum(journeys), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_persons_touchpoint_1d",
    "account": "SELECT partition, received, stored, duplicate, quarantined, gaps, is_balanced FROM journey.account ORDER BY partition",
}


WRITERS_PER_STREAM = "SELECT uniqExact(splitByChar('#', toString(writer))[1]) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"


def numbered_events() -> Iterator[dict[str, Any]]:
    """The same events in every run, in order of time but for one in fifty, which comes late."""
    chance = random.Random(7)
    for number in range(EVENTS):
        second = number if chance.random() > 0.002 else max(0, number - chance.randrange(5_000))
        yield {
            "type": "touchline.touchpoint.v1",
            "id": f"n{number:06d}",
            "source": "retail-pos",
            "time": (START + timedelta(seconds=second)).isoformat(),
            "received_at": "2025-03-09T00:00:00Z",
            "identifiers": [{"type": "loyalty", "value": f"card {chance.randrange(PERSONS)}"}],
            "touchpoint": chance.choice(TOUCHPOINTS),
            "action": "purchase",
            "zone": "America/New_York",
        }


def send(settings: Settings, between: Callable[[int], None] = lambda chunk: None) -> None:
    """Send all events; `between` is called after each chunk."""
    with TouchpointProducer.from_settings(settings) as producer:
        for number, event in enumerate(numbered_events()):
            producer.emit(event)
            if number % CHUNK == CHUNK - 1:
                between(number // CHUNK)


def wait_until_stored(settings: Settings) -> None:
    """Until every record of the topic is accounted for in ClickHouse."""
    deadline = time.monotonic() + STORED_WITHIN_SECONDS
    while (waiting := lag(settings)) != 0:
        assert time.monotonic() < deadline, f"{waiting} records are still not stored"
        time.sleep(0.2)


def connect_and_ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """Rows of one query."""
    client = connect(settings)
    try:
        rows: list[tuple[Any, ...]] = client.execute(sql)
        return rows
    finally:
        client.disconnect()


def snapshot(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """What readers see."""
    return {name: connect_and_ask(settings, sql) for name, sql in SNAPSHOTS.items()}


class Undisturbed(NamedTuple):
    """What readers see after a run without faults, and the secrets under which the person keys of that run were made."""

    seen: dict[str, list[tuple[Any, ...]]]
    secrets: Path

    def lend_secrets(self, target: Path) -> None:
        """Person keys of two runs agree only under the same secrets."""
        target.mkdir(parents=True)
        for file in self.secrets.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
            (target / file.name).chmod(0o600)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("calm")
    with LocalStack(folder, workers=1) as stack:
        send(stack.settings)
        wait_until_stored(stack.settings)
        seen = snapshot(stack.settings)
    assert seen["touchpoints"][0][0] == EVENTS
    assert sum(row[1] for row in seen["account"]) == EVENTS
    assert all(row[-1] for row in seen["account"])
    return Undisturbed(seen, folder / "secrets")


class Kills:
    """Kills worker, face and broker in turn, and starts each again while events flow on."""

    def __init__(self, stack: LocalStack) -> None:
        self._parts = [stack.workers[0], stack.clickhouse, stack.kafka]
        self._restarts: list[threading.Timer] = []
        self.count = 0

    def next(self, chunk: int) -> None:
        """Kill the next part. It stays away for a second, the broker just as long as it takes to start."""
        if self.count == FAULTS:
            return
        for earlier in self._restarts:
            earlier.join()  # a worker that starts while Kafka is away ends with status 3, as it should
        part = self._parts[self.count % len(self._parts)]
        self.count += 1
        part.kill()
        restart = threading.Timer(0.0 if part is self._parts[2] else 1.0, part.start)
        restart.start()
        self._restarts.append(restart)

    def finish(self) -> None:
        """Wait until everything runs again."""
        for restart in self._restarts:
            restart.join()
        for part in self._parts:
            part.start()


@pytest.mark.timeout(400)
def test_twelve_kills_change_no_number(tmp_path: Path, undisturbed: Undisturbed) -> None:
    undisturbed.lend_secrets(tmp_path / "secrets")
    with LocalStack(tmp_path, workers=1) as stack:
        kills = Kills(stack)
        send(stack.settings, kills.next)
        kills.finish()
        wait_until_stored(stack.settings)
        seen = snapshot(stack.settings)
    assert kills.count >= FAULTS
    assert seen == undisturbed.seen


@pytest.mark.timeout(300)
def test_a_worker_stopped_beyond_its_session_is_fenced_and_changes_no_number(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    undisturbed.lend_secrets(tmp_path / "secrets")
    with LocalStack(tmp_path, workers=2) as stack:
        sleeper = stack.workers[0]

        def stop_and_resume(chunk: int) -> None:
            if chunk == 3:
                sleeper.pause()
            if chunk == 8:
                # The other worker has taken the sleeper's partitions over and stored what it left behind.
                wait_until_stored(stack.settings)
                sleeper.resume()

        send(stack.settings, stop_and_resume)
        wait_until_stored(stack.settings)
        seen = snapshot(stack.settings)
        writers = connect_and_ask(stack.settings, WRITERS_PER_STREAM)
    assert max(count for (count,) in writers) > 1
    assert seen == undisturbed.seen
