"""A worker sleeps beyond its session while numbered events flow: what readers see is what an undisturbed run gives.
`./run check sleep [--seconds S]`.

Two workers on a stack of their own; one is stopped (SIGSTOP), the other takes its partitions over and stores what it left behind; then it
is let go on with what it held. The events are the same in every run.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.real_worker import ask
from touchline.kafka.offsets import lag
from touchline.local.stack import LocalStack
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import Settings

EVENTS = 16_000
SECONDS = 600.0
PERSONS = 2_000
CHUNK = EVENTS // 13 + 1
STOPPED_AFTER, RESUMED_AFTER = 3, 8
"""Chunks."""
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


MOST_WRITERS = """
SELECT max(writers) FROM (
    SELECT uniqExact(splitByChar('#', toString(writer))[1]) AS writers FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream
)
"""

Seen = dict[str, list[tuple[Any, ...]]]


class Slept(NamedTuple):
    """What readers see after the two runs, the most writers that a partition had, and how long the sleeper slept."""

    undisturbed: Seen
    disturbed: Seen
    writers: int
    seconds: float


class Undisturbed(NamedTuple):
    """What readers see after a run without faults, and the secrets under which the person keys of that run were made."""

    seen: Seen
    secrets: Path

    def lend_secrets(self, target: Path) -> None:
        """Person keys of two runs agree only under the same secrets."""
        target.mkdir(parents=True)
        for file in self.secrets.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
            (target / file.name).chmod(0o600)


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("sleep", __doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long at least (default {SECONDS:.0f})")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seconds, arguments.seed))


def check(seconds: float, seed: int) -> str:
    """What was found. Raises AssertionError where a number differs, or the sleeper's partitions were not taken over."""
    with tempfile.TemporaryDirectory(prefix="touchline-sleep-") as folder:
        slept = sleep(Path(folder), seconds, seed)
    differing = [name for name, rows in slept.undisturbed.items() if slept.disturbed[name] != rows]
    if differing or slept.writers < 2:
        raise AssertionError(f"differs: {', '.join(differing) or 'nothing'}; writers of a partition: {slept.writers}")
    return f"a worker slept {slept.seconds:.0f} s of {EVENTS:,} events: {len(slept.undisturbed)} answers are those of an undisturbed run"


def sleep(folder: Path, seconds: float, seed: int = 1) -> Slept:
    """Both runs."""
    calm = undisturbed(folder / "calm", seed)
    calm.lend_secrets(folder / "wild" / "secrets")
    with LocalStack(folder / "wild", workers=2) as stack:
        sleeper, began = stack.workers[0], 0.0
        slept = 0.0

        def stop_and_resume(chunk: int) -> None:
            nonlocal began, slept
            if chunk == STOPPED_AFTER:
                sleeper.pause()
                began = time.monotonic()
            if chunk == RESUMED_AFTER:
                wait_until_stored(stack.settings)
                time.sleep(max(0.0, began + seconds - time.monotonic()))
                sleeper.resume()
                slept = time.monotonic() - began

        send(stack.settings, seed, stop_and_resume)
        wait_until_stored(stack.settings)
        ((writers,),) = ask(stack.settings, MOST_WRITERS)
        return Slept(calm.seen, snapshot(stack.settings), writers, slept)


def undisturbed(folder: Path, seed: int) -> Undisturbed:
    """The run without faults, which must be sound by itself."""
    with LocalStack(folder, workers=1) as stack:
        send(stack.settings, seed)
        wait_until_stored(stack.settings)
        seen = snapshot(stack.settings)
    sound = (seen["touchpoints"][0][0], sum(row[1] for row in seen["account"]), all(row[-1] for row in seen["account"]))
    if sound != (EVENTS, EVENTS, True):
        raise AssertionError(f"the undisturbed run: touchpoints, records and balance are {sound}")
    return Undisturbed(seen, folder / "secrets")


def numbered_events(seed: int) -> Iterator[dict[str, Any]]:
    """The same events for a seed, in order of time but for one in fifty, which comes late."""
    chance = random.Random(seed)
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


def send(settings: Settings, seed: int, between: Callable[[int], None] = lambda chunk: None) -> None:
    """Send all events; `between` is called after each chunk."""
    with TouchpointProducer.from_settings(settings) as producer:
        for number, event in enumerate(numbered_events(seed)):
            producer.emit(event)
            if number % CHUNK == CHUNK - 1:
                between(number // CHUNK)


def wait_until_stored(settings: Settings) -> None:
    """Until every record of the topic is accounted for in ClickHouse."""
    deadline = time.monotonic() + STORED_WITHIN_SECONDS
    while (waiting := lag(settings)) != 0:
        assert time.monotonic() < deadline, f"{waiting} records are still not stored"
        time.sleep(0.5)


def snapshot(settings: Settings) -> Seen:
    """What readers see."""
    return {name: ask(settings, sql) for name, sql in SNAPSHOTS.items()}


if __name__ == "__main__":
    main()
