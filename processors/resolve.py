"""Which person an event belongs to, and whether it can extend what is known of that person.

Until identities are linked across partitions a person is its identifier, and all its events must arrive on the partition of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from touchline.processors.records import Fact, KafkaRecord, Outcome, Rejected
from touchline.processors.state.tails import PersonTail, tail_key
from touchline.schemas.reasons import Reason

Placed = tuple[int, Fact]
"""(offset, fact)"""


class Resolved(NamedTuple):
    """Facts of a batch in offset order. `suspects` are (source, id) pairs that may already stand or come late; `refused` maps the index
    of a record to its rejection."""

    facts: list[Placed]
    suspects: set[tuple[str, str]]
    refused: dict[int, Rejected]


def key_of(placed: Placed) -> tuple[str, str]:
    """(source, id) of the event."""
    return (placed[1].source, placed[1].event_id)


def in_order(placed: Iterable[Placed]) -> list[Placed]:
    """Sorted by (event time, source, id)."""
    return sorted(placed, key=lambda one: one[1].order)


def expected_key(fact: Fact) -> bytes:
    """The Kafka key under which the event must arrive."""
    return (fact.identifier or f"{fact.source}/{fact.event_id}").encode()


def resolve(
    records: Sequence[KafkaRecord],
    outcomes: Sequence[Outcome],
    tails: Mapping[str, PersonTail],
    is_at_home: Callable[[bytes], bool],
) -> Resolved:
    """Sort facts into those later than all that is known of their person, and suspects.

    `is_at_home` says whether a key hashes to this partition; it is asked once per unknown person, since it is dear.
    """
    facts: list[Placed] = []
    suspects: set[tuple[str, str]] = set()
    refused: dict[int, Rejected] = {}
    last: dict[str, tuple[int, str, str]] = {}
    for index, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        if type(outcome) is not Fact:
            continue
        key = tail_key(outcome)
        order = (outcome.event_time, outcome.source, outcome.event_id)
        before = last.get(key)
        if before is None:
            tail = tails.get(key)
            before = None if tail is None else tail.order
        if record.key != expected_key(outcome) or (
            before is None and outcome.identifier and not is_at_home(record.key)
        ):
            refused[index] = Rejected(
                Reason.KEY_MISMATCH, "persons", outcome.source, record.value or b"", outcome.event_id
            )
            continue
        facts.append((record.offset, outcome))
        if outcome.revision or (before is not None and order <= before):
            suspects.add((outcome.source, outcome.event_id))
        if before is None or order > before:
            last[key] = order
    return Resolved(facts, suspects, refused)
