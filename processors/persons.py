"""Who belongs together, and what of it this partition publishes: the middle of a tick.

    news ─▶ identifiers that are named or touched ─▶ components around them ─▶ I lead: follow all that I hold of the component
                                                                             └ another one leads: give all of it away

Every partition judges the same links by the same rules, so nobody is asked. Only the holder of an identifier publishes its rows, and it
gives that right away in the insert that retracts them.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.components import members
from touchline.identity.links import Identifier
from touchline.identity.neighbourhood import components_around
from touchline.journey.compile import CompiledMap
from touchline.processors.claims import Decided
from touchline.processors.following import Version, version_of
from touchline.processors.homes import Holding, Homes, holding
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.news import News
from touchline.processors.relations import Relations
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.follow import Followed, follow, follow_alone
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import APART, PersonTail, new_person, not_before
from touchline.processors.values.records import position_of

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")
_SAYS_WHO: frozenset[str] = frozenset(("link", "unlink", "erase"))


class Published(NamedTuple):
    """What should stand and what does, as after a batch; identifiers that are given away, as (identifier, partition, number); and those
    held elsewhere of which something moved."""

    followed: Followed
    handoffs: list[tuple[str, int, int]]
    away: set[str]


class _Touched(NamedTuple):
    """Identifiers that the news name, and those of which what is stored may have changed."""

    named: set[str]
    moved: set[str]
    told: set[str]
    """By other partitions, or by a batch of this one."""


def publish(
    partition: Partition,
    news: News,
    decided: Decided,
    homes: Homes,
    maps: Sequence[CompiledMap],
    neighbours_max: int,
) -> Published:
    """What follows for all whom the news touch. Raises LedgerUnavailable."""
    touched = _touched(partition, news, decided)
    holds = holding(partition, touched.moved | touched.told, news.until, homes)
    published = Published(Followed([{} for _ in maps], [], [], {}), [], touched.moved - holds.held)
    led: set[str] = set()
    given: set[str] = set()
    if touched.named or holds.held:
        relations = Relations(partition.ledger)
        judged = components_around(
            relations.identifiers(touched.named),
            relations.identifiers(holds.held),
            neighbours_max,
            relations.look_up,
            relations.published_with,
        )
        components = members(judged.persons)
        holds = holding(partition, {one.key for one in judged.persons}, news.until, homes)
        for smallest, component in components.items():
            mine = {one.key for one in component} & holds.held
            if homes.has(partition.number, smallest.key):
                led |= mine
            else:
                given |= mine
                leader = homes.of(smallest.key.encode())
                published.handoffs.extend((one, leader, _next_number(holds, one)) for one in sorted(mine))
        _follow(partition, decided, homes, maps, relations, components, led, holds, published.followed)
    _restate(partition, news, decided, maps, led | given, published.followed)
    return published


def _touched(partition: Partition, news: News, decided: Decided) -> _Touched:
    named = {
        end for row in news.rows if row.kind in _SAYS_WHO for end in (row.identifier, row.linked_identifier) if end
    }
    told = {row.identifier for row in news.rows if row.kind == "away"}
    told |= {row.identifier for row in news.rows if row.kind == "handoff" and row.handoff_to == partition.number}
    moved = {event.identifier for event in decided.lost} | {event.identifier for event, _ in decided.settled}
    moved |= {one.identifier for one in news.restated}
    return _Touched(named, moved - {""}, told)


def _next_number(holds: Holding, identifier: str) -> int:
    return holds.newest[identifier].handoff_number + 1 if identifier in holds.newest else 1


def _follow(
    partition: Partition,
    decided: Decided,
    homes: Homes,
    maps: Sequence[CompiledMap],
    relations: Relations,
    components: Mapping[Identifier, Sequence[Identifier]],
    led: Collection[str],
    holds: Holding,
    into: Followed,
) -> None:
    """Follow the components from the beginning, with what this partition holds of them; the tails of all that are at home here."""
    facts = _facts(partition, decided, led)
    at_home = {
        one.key for component in components.values() for one in component if homes.has(partition.number, one.key)
    }
    known = partition.tails.get_many(at_home)
    nothing = new_person(len(maps))
    for component in components.values():
        tails = {one.key: known.get(one.key, nothing).last_us for one in component if one.key in at_home}
        of_person: dict[str, list[Placed]] = defaultdict(list)
        persons = relations.persons_of(component)
        for one in component:
            erased_us = relations.erased_us(one)
            for position, fact in facts.get(one.key, ()):
                if fact.event_time > erased_us:
                    person = persons.person_at(one, fact.event_time)
                    of_person[person].append(
                        (position, fact if fact.person == person else fact._replace(person=person))
                    )
        tail = nothing
        for placed in of_person.values():
            on_journey, by_map, tail = follow(placed, None, maps)
            into.again.append((on_journey, by_map))
        is_plain = len(component) == 1 and component[0].key in holds.held and relations.erased_us(component[0]) < 0
        for key, last_us in tails.items():
            into.tails[key] = not_before(tail, last_us) if is_plain else PersonTail(last_us, APART)


def _facts(partition: Partition, decided: Decided, identifiers: Collection[str]) -> dict[str, list[Placed]]:
    """The stored events of these identifiers, as they will be after this insert."""
    lost = _versions(partition, decided)
    by_identifier: dict[str, list[Placed]] = defaultdict(list)
    for placed in partition.ledger.facts_of(sorted(identifiers)) if identifiers else ():
        if version_of(placed) not in lost:
            by_identifier[placed[1].identifier].append(placed)
    for _, claimed in decided.settled:
        if claimed.fact.identifier in identifiers:
            by_identifier[claimed.fact.identifier].append((position_of(partition.number, claimed.offset), claimed.fact))
    return by_identifier


def _versions(partition: Partition, decided: Decided) -> set[Version]:
    return {(event.source, event.event_id, position_of(partition.number, event.offset)) for event in decided.lost}


def _restate(
    partition: Partition,
    news: News,
    decided: Decided,
    maps: Sequence[CompiledMap],
    identifiers: Collection[str],
    into: Followed,
) -> None:
    """What stands of these identifiers, and of events that name nobody, which are followed by themselves."""
    restated: set[Key] = {(one.source, one.event_id) for one in news.restated if not one.identifier}
    lost = set(_versions(partition, decided))
    alone: list[Placed] = []
    if restated:
        alone = [
            one
            for one in partition.ledger.facts_alone(partition.number, sorted(restated))
            if version_of(one) not in lost
        ]
    changed = lost | set(map(version_of, alone))
    alone += [
        (position_of(partition.number, claimed.offset), claimed.fact)
        for _, claimed in decided.settled
        if not claimed.fact.identifier
    ]
    if alone:
        into.again.append(follow_alone(alone, maps))
    keys = restated | {(event.source, event.event_id) for event in decided.lost if not event.identifier}
    if identifiers or keys:
        into.published.extend(
            row
            for row in partition.ledger.published_of(partition.number, sorted(identifiers), sorted(keys))
            # Nobody's version is attached by itself, so one that still counts stays as it is.
            if row.values[_IDENTIFIER] or (*row.values[_SOURCE : _SOURCE + 2], row.position) in changed
        )
