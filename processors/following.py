"""Journeys of the persons that a batch names: those whose events come in order go on from what is known, all others are read from the
ledger and followed from the nearest state before what has changed.

Why: docs/decisions/0061, 0187, 0192.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.ledger import PublishedRow
from touchline.processors.state.partition import Partition
from touchline.processors.steps.follow import ByMap, Followed, attached_rows, follow, follow_alone
from touchline.processors.steps.kept import NEVER_US, going_on
from touchline.processors.steps.occasion import names_occasion
from touchline.processors.steps.resolve import Placed, Resolved, key_of
from touchline.processors.steps.settle import Settled
from touchline.processors.values.person import NOBODY, PersonTail, last_moment, new_person, not_before
from touchline.processors.values.records import Fact, partition_of, position_of

_SOURCE = ATTACHED.index("source")
FACTS_AT_ONCE: Final = 5_000
"""Some 2 KB each."""
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
    """Slow path: read these persons from the ledger, follow them from the nearest state, note what changed of what should stand and what
    does. Some persons at a time, so that the events of all need not be in memory together."""
    own = partition.number
    moved = {(event.source, event.event_id, position_of(own, event.offset)) for event, _ in settled.moved}
    starts = _starts(again, settled.again, tails)
    into.again.append(follow_alone(_at_positions(own, alone), maps))
    # Nobody's version is attached by itself, so one that still counts stays as it is.
    into.published.extend(
        row
        for row in partition.ledger.published_of(own, [], sorted(settled.again_alone))
        if (*row.values[_SOURCE : _SOURCE + 2], row.position) in moved
    )
    nothing = new_person(len(maps))
    for some in _portions(again, starts, tails):
        complete = {identifier: _at_positions(own, again[identifier]) for identifier in some}
        for one in _facts(partition, some, starts):
            if version_of(one) not in moved:
                complete[one[1].identifier].append(one)
        followed: list[tuple[list[Placed], ByMap]] = []
        for identifier, placed in complete.items():
            tail = starts[identifier]
            if placed:
                on_journey, by_map, tail = follow(placed, tail, maps)
                followed.append((on_journey, by_map))
            into.tails[identifier] = not_before(tail or nothing, tails.get(identifier, nothing).last_us)
        _note_changes(followed, partition.ledger.published_of(own, some, [], _later_than_us(starts, some)), maps, into)


def _starts(
    again: Mapping[str, Sequence[Placed]], changed_us: Mapping[str, int], tails: Mapping[str, PersonTail]
) -> dict[str, PersonTail | None]:
    """Of each person the nearest state before what has changed or comes; None: from the beginning."""
    return {
        identifier: going_on(
            tails.get(identifier), min(changed_us[identifier], *(fact.event_time for _, fact in placed), NEVER_US)
        )
        for identifier, placed in again.items()
    }


def _portions(
    identifiers: Iterable[str], starts: Mapping[str, PersonTail | None], tails: Mapping[str, PersonTail]
) -> Iterator[list[str]]:
    """The identifiers, cut so that each piece has about so many events behind its starts."""
    some: list[str] = []
    count = 0
    for identifier in identifiers:
        start, tail = starts[identifier], tails.get(identifier)
        some.append(identifier)
        count += 1 + (0 if tail is None else tail.event_count) - (0 if start is None else start.event_count)
        if count >= FACTS_AT_ONCE:
            yield some
            some, count = [], 0
    if some:
        yield some


def _note_changes(
    followed: Sequence[tuple[list[Placed], ByMap]],
    published: Sequence[PublishedRow],
    maps: Sequence[CompiledMap],
    into: Followed,
) -> None:
    """What stands and should stand goes no further: most events of who is followed again are as they were. What an answer takes from its
    occasion is not known yet."""
    standing = {(row.position, row.values): row for row in published}
    for on_journey, by_map in followed:
        rows = list(attached_rows(on_journey, by_map, maps, {}))
        changed = {row[0] for row in rows if row not in standing}
        changed.update(position for position, fact in on_journey if names_occasion(fact))
        for row in rows:
            if row[0] not in changed:
                del standing[row]
        places = [place for place, (position, _) in enumerate(on_journey) if position in changed]
        if places:
            into.again.append(
                ([on_journey[place] for place in places], [[of_map[place] for place in places] for of_map in by_map])
            )
    into.published.extend(standing.values())


def _facts(
    partition: Partition, identifiers: Sequence[str], starts: dict[str, PersonTail | None]
) -> list[tuple[int, Fact]]:
    """The events of these identifiers after their starts.

    What another partition has stored of one is told to the ticks, which have perhaps not heard of it. An event that moved over the start
    would count twice until then, so where any is met the identifier begins anew.
    """
    facts = partition.ledger.facts_of(identifiers, _later_than_us(starts, identifiers))
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


def _later_than_us(starts: Mapping[str, PersonTail | None], identifiers: Iterable[str]) -> dict[str, int]:
    return {one: start.last_us for one in identifiers if (start := starts[one]) is not None}


def version_of(placed: tuple[int, Fact]) -> Version:
    """Which version of which event lies at the position of a record."""
    return (*key_of(placed), placed[0])


def _at_positions(partition: int, placed: Iterable[Placed]) -> list[Placed]:
    return [(position_of(partition, offset), fact) for offset, fact in placed]
