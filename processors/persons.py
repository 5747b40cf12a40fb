"""Who belongs together, and what of it this partition publishes: the middle of a tick.

    news ─▶ identifiers that are named or touched ─▶ components around them ─▶ I lead: follow all that I hold of the component
                                                                             └ another one leads: give all of it away

Every partition judges the same links by the same rules, so nobody is asked. Only the holder of an identifier publishes its rows, and it
gives that right away in the insert that retracts them.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.components import members
from touchline.identity.holder import Handoff, give_away
from touchline.identity.links import Erasure, History, Identifier, Link, Unlink
from touchline.identity.neighbourhood import components_around
from touchline.identity.passed import LedgerPosition
from touchline.identity.persons import Persons, persons_of
from touchline.journey.compile import CompiledMap
from touchline.processors.claims import Decided
from touchline.processors.following import Version, version_of
from touchline.processors.homes import Holding, Homes, holding
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.ledger import FeedRow
from touchline.processors.news import News
from touchline.processors.relations import Relations
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.follow import Followed, follow, follow_alone
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import APART, PersonTail, new_person, not_before
from touchline.processors.values.records import position_of
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY, order_of

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")


class Published(NamedTuple):
    """What should stand and what does, as after a batch; what is given away; and identifiers held elsewhere of which something moved."""

    followed: Followed
    handoffs: list[Handoff[str]]
    away: set[str]


class _Touched(NamedTuple):
    """Identifiers of which what is stored may have changed."""

    moved: set[str]
    told: set[str]
    """By other partitions, by a batch of this one, or by the walk."""


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
    changed, hubs = partition.remembered.changed_by(*_said(news))
    led: set[str] = set()
    given: set[str] = set()
    if changed or holds.held:
        relations = Relations(partition.ledger, changed)
        judged = components_around(
            relations.identifiers(one.key for one in changed),
            relations.identifiers(holds.held),
            neighbours_max,
            relations.look_up,
            relations.published_with,
            MERGE_NOBODY,
            hubs,
        )
        components = members(judged.component_of)
        persons = persons_of(judged.component_of, judged.links, DEVICE_TYPES)
        holds = holding(partition, {one.key for one in judged.component_of}, news.until, homes)
        leader_of = {
            one.key: leader
            for smallest, component in components.items()
            for leader in [homes.of_identifier(smallest.key)]
            for one in component
        }
        position = LedgerPosition(partition.number, partition.mark.insert_number + 1)
        published.handoffs.extend(give_away(holds.held, leader_of, holds.newest, position))
        given = {handoff.identifier for handoff in published.handoffs}
        led = holds.held - given
        _follow(partition, decided, homes, maps, relations, components, persons, led, holds, published.followed)
        # If the insert fails the partition is acquired anew, and remembers nothing.
        partition.remembered.judged(changed, judged, persons)
    _restate(partition, news, decided, maps, led | given, published.followed)
    return published


def _touched(partition: Partition, news: News, decided: Decided) -> _Touched:
    told = {row.identifier for row in news.rows if row.kind == "away"}
    told |= {row.identifier for row in news.rows if row.kind == "handoff" and row.handoff_to == partition.number}
    told |= set() if news.walk is None else set(news.walk.identifiers)
    moved = {event.identifier for event in decided.lost} | {claimed.fact.identifier for _, claimed in decided.settled}
    moved |= {one.identifier for one in news.restated}
    return _Touched(moved - {""}, told)


def _said(news: News) -> tuple[History, History]:
    """What the rows say of who belongs together, and what they take back."""
    asserted, retracted = ([row for row in news.rows if (row.sign > 0) is is_asserted] for is_asserted in (True, False))
    return _history(asserted), _history(retracted)


def _history(rows: Iterable[FeedRow]) -> History:
    links: list[Link] = []
    unlinks: list[Unlink] = []
    erasures: list[Erasure] = []
    for row in rows:
        if row.kind not in ("link", "unlink", "erase"):
            continue
        event, one = (row.source, row.event_id), Identifier(*order_of(row.identifier_type), row.identifier)
        if row.kind == "erase":
            erasures.append(Erasure(row.event_time, event, one))
            continue
        other = Identifier(*order_of(row.linked_identifier_type), row.linked_identifier)
        if row.kind == "link":
            links.append(Link(row.event_time, event, one, other))
        else:
            unlinks.append(Unlink(row.event_time, event, one, other))
    return History(links, unlinks, erasures)


def _follow(
    partition: Partition,
    decided: Decided,
    homes: Homes,
    maps: Sequence[CompiledMap],
    relations: Relations,
    components: Mapping[Identifier, Sequence[Identifier]],
    persons: Persons,
    led: Collection[str],
    holds: Holding,
    into: Followed,
) -> None:
    """Follow the components from the beginning, with what this partition holds of them; the tails of all that are at home here.

    A person's rows wait until this partition holds the identifier that names the person: before, its holder may still publish under it.
    """
    facts = _facts(partition, decided, led)
    at_home = {
        one.key for component in components.values() for one in component if homes.has(partition.number, one.key)
    }
    known = partition.tails.get_many(at_home)
    nothing = new_person(len(maps))
    for component in components.values():
        tails = {one.key: known.get(one.key, nothing).last_us for one in component if one.key in at_home}
        of_person: dict[str, list[Placed]] = defaultdict(list)
        for one in component:
            erased_us = relations.erased_us(one)
            for position, fact in facts.get(one.key, ()):
                person = persons.person_at(one, fact.event_time).key
                if fact.event_time > erased_us and person in holds.held:
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
