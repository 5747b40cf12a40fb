"""Which events can extend what is known of a person, and which must wait for the next tick.

An identifier is *plain* while nobody ever linked, handed over or erased it and its home is this partition: it is a person of its own, whose
journey each batch goes on with. What is stored of all others, whoever may publish it, is followed by ticks.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.processors.values.person import PersonTail, tail_key
from touchline.processors.values.records import Fact, KafkaRecord, RecordOutcome

# Several fields in one call: a look-up by name costs as much as all of them.
_to_resolve: Any = itemgetter(*map(Fact._fields.index, ("identifier", "event_time")))
Placed = tuple[int, Fact]
"""(offset, fact) of a batch; (position of the record, fact) where facts of several partitions meet."""


class Resolved(NamedTuple):
    """Facts of a batch in offset order. `persons` holds by tail key those of plain identifiers and of nobody, `apart` by identifier
    all others.
    `late` are those among `persons` that are not later than all that is stored of their person, or earlier than another of the batch."""

    facts: list[Placed]
    persons: dict[str, list[Placed]]
    apart: dict[str, list[Placed]]
    late: list[Placed]


def key_of(placed: Placed) -> tuple[str, str]:
    """(source, id) of the event."""
    return (placed[1].source, placed[1].event_id)


def resolve(
    records: Sequence[KafkaRecord],
    outcomes: Sequence[RecordOutcome],
    tails: Mapping[str, PersonTail],
    is_at_home: Callable[[bytes], bool],
) -> Resolved:
    """Sort facts by person, and find those that come late. A record may lie in any partition, whatever its Kafka key is.

    `is_at_home` says whether an identifier's key hashes to this partition; it is asked once per unknown person, because hashing costs 4 µs.
    """
    facts: list[Placed] = []
    persons: dict[str, list[Placed]] = {}
    apart: dict[str, list[Placed]] = {}
    late: list[Placed] = []
    last: dict[str, int] = {}
    for record, outcome in zip(records, outcomes, strict=True):
        if type(outcome) is not Fact:
            continue
        identifier, time_us = _to_resolve(outcome)
        key = identifier or tail_key(outcome)
        placed = (record.offset, outcome)
        facts.append(placed)
        earliest = last.get(key)  # events of one instant are followed together
        if earliest is None:
            if key in apart:
                apart[key].append(placed)
                continue
            tail = tails.get(key)
            if identifier and (not is_at_home(identifier.encode()) if tail is None else not tail.maps):
                apart[key] = [placed]
                continue
            earliest = None if tail is None else tail.last_us + 1
        person = persons.get(key)
        if person is None:
            persons[key] = [placed]
        else:
            person.append(placed)
        if earliest is None or time_us >= earliest:
            last[key] = time_us
        else:
            late.append(placed)
            last.setdefault(key, earliest)
    return Resolved(facts, persons, apart, late)
