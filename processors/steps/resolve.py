"""Which person an event belongs to, and whether it can extend what is known of that person.

Until identities are linked across partitions a person is its identifier, and all its events must arrive on the partition of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.processors.values.person import PersonTail, tail_key
from touchline.processors.values.records import Fact, Invalid, KafkaRecord, RecordOutcome
from touchline.schemas.reasons import Reason

# Several fields in one call: a look-up by name costs as much as all of them.
_to_resolve: Any = itemgetter(*map(Fact._fields.index, ("identifier", "event_time", "source", "event_id")))
Placed = tuple[int, Fact]
"""(offset, fact)"""


class Resolved(NamedTuple):
    """Facts of a batch in offset order. `persons` holds the same facts by tail key, `late` those that are not later than all that is stored
    of their person, or earlier than another of the batch; `refused` maps the index of a record to its rejection."""

    facts: list[Placed]
    persons: dict[str, list[Placed]]
    late: list[Placed]
    refused: dict[int, Invalid]


def key_of(placed: Placed) -> tuple[str, str]:
    """(source, id) of the event."""
    return (placed[1].source, placed[1].event_id)


def resolve(
    records: Sequence[KafkaRecord],
    outcomes: Sequence[RecordOutcome],
    tails: Mapping[str, PersonTail],
    is_at_home: Callable[[bytes], bool],
) -> Resolved:
    """Sort facts by person, and find those that come late.

    The Kafka key must be the identifier, or source and id of an event without one. `is_at_home` says whether a key hashes to this
    partition; it is asked once per unknown person, because hashing costs 4 µs.
    """
    facts: list[Placed] = []
    persons: dict[str, list[Placed]] = {}
    late: list[Placed] = []
    refused: dict[int, Invalid] = {}
    last: dict[str, int] = {}
    for index, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        if type(outcome) is not Fact:
            continue
        identifier, time_us, source, event_id = _to_resolve(outcome)
        key = identifier or tail_key(outcome)
        earliest = last.get(key)  # events of one instant are followed together
        if earliest is None:
            tail = tails.get(key)
            earliest = None if tail is None else tail.last_us + 1
        kafka_key = record.key
        if kafka_key != (identifier or f"{source}/{event_id}").encode() or (
            earliest is None and identifier and not is_at_home(kafka_key or b"")
        ):
            refused[index] = Invalid(Reason.KEY_MISMATCH, "persons", source, record.value or b"", event_id)
            continue
        placed = (record.offset, outcome)
        facts.append(placed)
        person = persons.get(key)
        if person is None:
            persons[key] = [placed]
        else:
            person.append(placed)
        if earliest is None or time_us >= earliest:
            last[key] = time_us
        else:
            late.append(placed)
    return Resolved(facts, persons, late, refused)
