"""Journeys of the persons that a batch names: those whose events come in order go on from what is known, all others are read from the
ledger and followed from the nearest state before what has changed.

Why: docs/decisions/0061, 0187, 0192.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.state.partition import Partition
from touchline.processors.steps.follow import Followed, follow, follow_alone
from touchline.processors.steps.kept import NEVER_US, going_on
from touchline.processors.steps.resolve import Placed, Resolved, key_of
from touchline.processors.steps.settle import Settled
from touchline.processors.values.person import NOBODY, PersonTail, last_moment, new_person, not_before
from touchline.processors.values.records import Fact, partition_of, position_of

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")
Version = tuple[str, str, int]
"""(source, event id, position of the record)"""


def follow_batch(
    partition: Partition,
    resolved: Resolved,
    settled: Settled,
    tails: Mapping[str, PersonTail],
    maps: Sequence[CompiledMap],
) -> Followed:
    """What becomes of the plain persons and of nobody's events. Raises LedgerUnavailable."""
    persons = resolved.persons
    if settled.fates:
        counted = ((key, [one for one in placed if one[0] not in settled.fates]) for key, placed in persons.items())
        persons = {key: placed for key, placed in counted if placed}
    again = {identifier: persons.pop(identifier, []) for identifier in sorted(settled.again)}
    followed = Followed([{} for _ in maps], [], [], {})
    alone: list[Placed] = []
    for key, placed in persons.items():
        if placed[0][1].identifier:
            on_journey, by_map, followed.tails[key] = follow(placed, tails.get(key), maps)
        else:
            followed.tails[key] = not_before(tails.get(key, NOBODY), *(last_moment(fact) for _, fact in placed))
            if settled.again_alone:
                alone += [one for one in placed if key_of(one) in settled.again_alone]
                placed = [one for one in placed if key_of(one) not in settled.again_alone]
            on_journey, by_map = follow_alone(placed, maps)
        offsets = [offset for offset, _ in on_journey]
        for of_map, attachments in zip(followed.attached, by_map, strict=True):
            for offset, attachment in zip(offsets, attachments, strict=True):
                if attachment is not None:
                    of_map[offset] = attachment
    if again or settled.again_alone:
        _follow_again(partition, again, alone, settled, tails, maps, followed)
    return followed


def _follow_again(
    partition: Partition,
    again: Mapping[str, list[Placed]],
    alone: Sequence[Placed],
    settled: Settled,
    tails: Mapping[str, PersonTail],
    maps: Sequence[CompiledMap],
    into: Followed,
) -> None:
    """Slow path: read these persons from the ledger, follow them from the nearest state, note what should stand and what does."""
    own = partition.number
    moved = {(event.source, event.event_id, position_of(own, event.offset)) for event, _ in settled.moved}
    complete = {identifier: _at_positions(own, placed) for identifier, placed in again.items()}
    starts = {
        identifier: going_on(
            tails.get(identifier), min(settled.again[identifier], *(fact.event_time for _, fact in placed), NEVER_US)
        )
        for identifier, placed in again.items()
    }
    for one in _facts(partition, list(again), starts):
        if version_of(one) not in moved:
            complete[one[1].identifier].append(one)
    later_than_us, nothing = _later_than_us(starts), new_person(len(maps))
    into.again.append(follow_alone(_at_positions(own, alone), maps))
    for identifier, placed in complete.items():
        tail = starts[identifier]
        if placed:
            on_journey, by_map, tail = follow(placed, tail, maps)
            into.again.append((on_journey, by_map))
        into.tails[identifier] = not_before(tail or nothing, tails.get(identifier, nothing).last_us)
    # Nobody's version is attached by itself, so one that still counts stays as it is.
    into.published.extend(
        row
        for row in partition.ledger.published_of(own, list(again), sorted(settled.again_alone), later_than_us)
        if row.values[_IDENTIFIER] or (*row.values[_SOURCE : _SOURCE + 2], row.position) in moved
    )


def _facts(
    partition: Partition, identifiers: Sequence[str], starts: dict[str, PersonTail | None]
) -> list[tuple[int, Fact]]:
    """The events of these identifiers after their starts.

    What another partition has stored of one is told to the ticks, which have perhaps not heard of it. An event that moved over the start
    would count twice until then, so where any is met the identifier begins anew.
    """
    facts = partition.ledger.facts_of(identifiers, _later_than_us(starts))
    elsewhere = {
        fact.identifier
        for position, fact in facts
        if partition_of(position) != partition.number and starts[fact.identifier] is not None
    }
    if not elsewhere:
        return facts
    starts.update(dict.fromkeys(elsewhere))
    known = [one for one in facts if one[1].identifier not in elsewhere]
    return [*known, *partition.ledger.facts_of(sorted(elsewhere))]


def _later_than_us(starts: Mapping[str, PersonTail | None]) -> dict[str, int]:
    return {identifier: start.last_us for identifier, start in starts.items() if start is not None}


def version_of(placed: tuple[int, Fact]) -> Version:
    """Which version of which event lies at the position of a record."""
    return (*key_of(placed), placed[0])


def _at_positions(partition: int, placed: Iterable[Placed]) -> list[Placed]:
    return [(position_of(partition, offset), fact) for offset, fact in placed]
