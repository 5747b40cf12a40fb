"""Worker, ClickHouse's face and broker die in turn while numbered events flow: what readers see is what an undisturbed run gives."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from touchline.clickhouse import connect
from touchline.local.stack import LocalStack
from touchline.local.status import lag
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import Settings

EVENTS = 50_000
PERSONS = 3_000
FAULTS = 12
CHUNK = EVENTS // (FAULTS + 1) + 1
STORED_WITHIN_SECONDS = 120
TOUCHPOINTS = ("store_purchase", "store_visit", "website", "unheard_of")

SNAPSHOTS = {
    "touchpoints": "SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.touchpoints",
    "attachments": "SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.attachments",
    "volume": "SELECT sum(events), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_volume_1h",
    "days": "SELECT sum(events), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_volume_1d",
    "persons": "SELECT sum(persons), sum(journeys), groupBitXor(cityHash64(toString(tuple(*)))) FROM journey.kpi_persons_touchpoint_1d",
    "account": "SELECT partition, received, stored, duplicate, quarantined, gaps, is_balanced FROM journey.account ORDER BY partition",
}


def numbered_events() -> Iterator[dict[str, Any]]:
    """The same events in every run, in order of time but for one in fifty, which comes late."""
    chance = random.Random(7)
    for number in range(EVENTS):
        second = number if chance.random() > 0.02 else max(0, number - chance.randrange(5_000))
        yield {
            "type": "touchline.touchpoint.v1",
            "id": f"n{number:06d}",
            "source": "retail-pos",
            "time": f"2025-03-{1 + second // 86_400:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z",
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


def snapshot(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """What readers see."""
    client = connect(settings)
    try:
        return {name: client.execute(sql) for name, sql in SNAPSHOTS.items()}
    finally:
        client.disconnect()


@contextmanager
def same_secrets(source: Path, target: Path) -> Iterator[None]:
    """Person keys must agree between two stacks whose tables are compared."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
        (target / file.name).chmod(0o600)
    yield


def kill_in_turn(stack: LocalStack) -> Callable[[int], None]:
    """Kill worker, face and broker in turn, and start each again while events flow on."""
    parts = [stack.workers[0], stack.clickhouse, stack.kafka]

    def fault(number: int) -> None:
        if number >= FAULTS:
            return
        part = parts[number % len(parts)]
        part.kill()
        # The next events are sent while the part is away (but for the broker: the sender would only wait for it).
        restart = threading.Timer(0.0 if part is stack.kafka else 1.0, part.start)
        restart.start()
        if part is stack.kafka:
            restart.join()
        restarts.append(restart)

    restarts: list[threading.Timer] = []
    return fault


def test_twelve_kills_change_no_number(tmp_path: Path) -> None:
    with LocalStack(tmp_path / "calm", workers=1) as calm:
        send(calm.settings)
        wait_until_stored(calm.settings)
        expected = snapshot(calm.settings)
    assert expected["touchpoints"][0][0] == EVENTS
    assert sum(row[1] for row in expected["account"]) == EVENTS
    with (
        same_secrets(tmp_path / "calm" / "secrets", tmp_path / "rough" / "secrets"),
        LocalStack(tmp_path / "rough", workers=1) as rough,
    ):
        send(rough.settings, kill_in_turn(rough))
        time.sleep(1.5)
        for part in rough.parts:
            part.start()
        wait_until_stored(rough.settings)
        assert snapshot(rough.settings) == expected


def test_a_worker_stopped_beyond_its_session_is_fenced_and_the_tables_stay_equal(tmp_path: Path) -> None:
    with LocalStack(tmp_path / "two", workers=2) as stack:
        first = stack.workers[0]

        def stop_and_resume(chunk: int) -> None:
            if chunk == 3:
                first.pause()
            if chunk == 4:
                wait_until_stored(stack.settings)
                first.resume()

        send(stack.settings, stop_and_resume)
        wait_until_stored(stack.settings)
        seen = snapshot(stack.settings)
    assert seen["touchpoints"][0][0] == EVENTS
    assert sum(row[1] for row in seen["account"]) == EVENTS
    assert sum(row[2] for row in seen["account"]) == EVENTS
    assert all(row[-1] for row in seen["account"])
