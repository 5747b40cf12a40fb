"""Receipts and answers that name them, over two partitions of one ledger, each with a worker of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.support.erasures import SECRET
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.world import TOPIC, Record, event, kill, make_loop, make_pipeline, records_of
from touchline.processors.homes import Homes
from touchline.processors.ledger.ledger import Ledger
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import Row
from touchline.processors.state.erasures import Erasures
from touchline.processors.values.protocol import Acknowledge, Assigned
from touchline.processors.values.records import ReceivedBatch

PARTITIONS = 2
TICKS_TO_REST = 8
"""So many ticks of each partition settle whatever waited."""


def receipt(number: int, person: int | None, minute: int, **fields: Any) -> Event:
    """A purchase at the till."""
    amount = {"amount_minor": 1_999, "currency": "EUR"}
    order = {"id": f"o{number}", "kind": "purchase"}
    return event(number, person, minute, "till", **{"amount": amount, "order": order} | fields)


def answer(number: int, person: int | None, minute: int, about: int | None, **fields: Any) -> Event:
    """A score about the till; `about` is the number of the receipt that it names. `occurred_at` goes into its `about`."""
    one = event(number, person, minute, **{"revision": 0} | fields)
    del one["touchpoint"]
    named: dict[str, Any] = {} if about is None else {"source": "shop", "event_id": f"e{about}"}
    if "occurred_at" in one:
        named["occurred_at"] = one.pop("occurred_at")
    return one | {
        "type": "touchline.answer.v1", "survey": "s", "question": "q", "question_version": "1", "language": "en", "kpi": "nps",
        "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": number % 11,
        "about": {"touchpoint": "till", **named},
    }  # fmt: skip


def home(key: bytes) -> int:
    """Persons of odd numbers live in partition 1; so do events of nobody whose id ends in an odd digit."""
    return int(key[-1:], 16) % PARTITIONS


def records_by_partition(events: Iterable[Event]) -> list[list[Record]]:
    """The events in order, each partition with its own offsets."""
    log: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    for record in records_of(events):
        assert record.key is not None
        partition = log[home(record.key)]
        partition.append(record._replace(offset=len(partition)))
    return log


class Workers:
    """One worker for each partition. `deliver`, `tick` and `restart` are what may happen to it, in any order."""

    def __init__(self, ledger: Ledger, folder: Path, log: Sequence[Sequence[Record]], **options: Any) -> None:
        """`options` are those of the pipeline; the worker has its clock, too."""
        self.ledger = ledger
        self._folder = folder
        self._log = log
        self._options = options
        self._generations = [0] * PARTITIONS
        self._offsets = [0] * PARTITIONS
        self._loops = [self._started(number) for number in range(PARTITIONS)]

    def _started(self, number: int) -> Any:
        self._generations[number] += 1
        writer = f"w{number}.{self._generations[number]}"
        return make_loop(
            self.ledger,
            self._folder / str(number),
            writer,
            pipeline=make_pipeline(Homes(home, PARTITIONS), erasures=Erasures(SECRET), **self._options),
            now_ms=self._options.get("now_ms", lambda: 1),
        )

    def deliver(self, number: int, count: int) -> None:
        """The next records of a partition in one batch."""
        start = self._offsets[number]
        records = self._log[number][start : start + count]
        if records:
            answered = self._loops[number].store(
                ReceivedBatch(TOPIC, number, self._generations[number], records, start)
            )
            assert isinstance(answered, Acknowledge)
            self._offsets[number] = answered.next_offset

    def tick(self, number: int) -> None:
        """A look at a partition without records."""
        assert isinstance(self._loops[number].tick(Assigned(TOPIC, number, self._generations[number])), Acknowledge)

    def keep_state(self, number: int) -> None:
        """Another worker, which had the partition up to now, has the state as it is."""
        state, kept = self._folder / str(number), self._folder / f"kept {number}"
        if state.exists():
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(state, kept)

    def restart(self, number: int, how: str) -> None:
        """The worker ends and another goes on: `close`, `kill`, `lose state`, or with the `kept state` if there is any."""
        if how == "close":
            self._loops[number].close()
        else:
            kill(self._loops[number])
        kept = self._folder / f"kept {number}"
        if how == "lose state" or (how == "kept state" and kept.exists()):
            shutil.rmtree(self._folder / str(number), ignore_errors=True)
        if how == "kept state" and kept.exists():
            shutil.copytree(kept, self._folder / str(number))
        self._loops[number] = self._started(number)

    def finish(self) -> None:
        """All that is left, then ticks until nothing waits for another partition any more, and the end."""
        for number in range(PARTITIONS):
            self.deliver(number, 1_000)
        for number in [*range(PARTITIONS)] * TICKS_TO_REST:
            self.tick(number)
        self.close()

    def close(self) -> None:
        """End the workers."""
        for loop in self._loops:
            loop.close()


def rows_in_order(events: Sequence[Event], folder: Path) -> MemoryLedger:
    """A ledger of the same events, all else before the answers, so that each answer finds its occasion."""
    ledger = MemoryLedger()
    ordered = sorted(events, key=lambda one: (one["type"] == "touchline.answer.v1", one["time"]))
    log = records_by_partition(ordered)
    workers = Workers(ledger, folder, log)
    answers = [sum(b"answer.v1" in (record.value or b"") for record in records) for records in log]
    for number, records in enumerate(log):
        workers.deliver(number, len(records) - answers[number])
    for number in range(PARTITIONS):
        workers.deliver(number, answers[number])
    workers.finish()
    return ledger


def attached_of(ledger: MemoryLedger, event_id: str) -> Row:
    """The one attached row of an event."""
    (row,) = ledger.standing("attached", lambda row: row["event_id"] == event_id)
    return row
