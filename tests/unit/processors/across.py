"""Customers under several identifiers, over two partitions with a worker each, and what readers see of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from tests.unit.processors.loop.world import Record, event, person_key, records_of
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of

Known = tuple[str, int]
"""(type, number of the person key). Keys of odd numbers are at home in partition 1."""


def known_as(number: int, persons: Sequence[Known], minute: int, touchpoint: str = "site", **fields: Any) -> Event:
    """A touchpoint event that names these identifiers; the first is its own."""
    refs = [{"type": kind, "key": person_key(of)} for kind, of in persons]
    return event(number, None, minute, touchpoint) | {"persons": refs} | fields


def identify(number: int, persons: Sequence[Known], minute: int, action: str = "link") -> Event:
    """An event that only says who belongs together, or does not."""
    one = known_as(number, persons, minute, type="touchline.identify.v1", action=action)
    del one["touchpoint"]
    return one


def under(partition: int, events: Iterable[Event]) -> list[list[Record]]:
    """All events in one partition, whatever their keys are."""
    return [records_of(events) if number == partition else [] for number in range(PARTITIONS)]


class Row(NamedTuple):
    """An attached row that stands. `person` and `identifier` are the numbers of their keys, -1 of nobody; `published_by` and `received_by`
    are partitions."""

    event_id: str
    identifier: int
    person: int
    cycle: int
    touchpoint_number: int
    published_by: int
    received_by: int


def rows(ledger: MemoryLedger) -> list[Row]:
    """All that readers see, in the order of the event ids."""
    return sorted(
        Row(
            row["event_id"],
            _number(value_of(row, "identifier")),
            _number(value_of(row, "person")),
            value_of(row, "cycle"),
            value_of(row, "touchpoint_number"),
            int(row["stream"].rpartition("/")[2]),
            value_of(row, "record_partition"),
        )
        for row in ledger.standing("attached")
    )


def persons(ledger: MemoryLedger) -> dict[str, int]:
    """By event id the number of the person to whom it counts."""
    return {row.event_id: row.person for row in rows(ledger)}


def _number(key: str) -> int:
    return int(key.partition(":")[2] or "-1", 16)


def settled(
    events: Iterable[Event], folder: Path, seen: Callable[[MemoryLedger], None] = lambda ledger: None
) -> MemoryLedger:
    """The ledger after these events came one by one, with a tick of both partitions after each, and nothing waits any more. `seen` looks
    at it after each step."""
    ledger = MemoryLedger()
    log = records_by_partition(events)
    workers = Workers(ledger, folder, log)
    for _ in range(max(map(len, log), default=0)):
        for number in range(PARTITIONS):
            for step in (lambda of: workers.deliver(of, 1), workers.tick):
                step(number)
                seen(ledger)
    workers.finish()
    return ledger
