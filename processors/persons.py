"""Who belongs together, and what of it this partition publishes: the middle of a tick.

    news ─▶ identifiers that are named or touched ─▶ components around them ─▶ I lead: follow all that I hold of the component
                                                                             └ another one leads: give all of it away

Every partition judges the same links by the same rules, so nobody is asked. Only the holder of an identifier publishes its rows, and it
gives that right away in the insert that retracts them.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.components import members
from touchline.identity.holder import Handoff, give_away
from touchline.identity.links import Erasure, History, Identifier, Link, Unlink
from touchline.identity.neighbourhood import components_around
from touchline.identity.passed import LedgerPosition
from touchline.identity.persons import persons_of
from touchline.journey.compile import CompiledMap
from touchline.processors.claims import Decided
from touchline.processors.following import version_of
from touchline.processors.homes import Homes, holding
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.ledger import ALL, FeedRow
from touchline.processors.news import News
from touchline.processors.relations import Relations
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.partition import Key, Partition
from touchline.processors.steps.consent import PurposesOf
from touchline.processors.steps.follow import Followed, follow_alone
from touchline.processors.steps.kept import EVER_US, NEVER_US, note_change
from touchline.processors.steps.resolve import Placed
from touchline.processors.turns import Knows, follow_turn, read, turn_of, versions_lost
from touchline.processors.values.records import position_of
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY, order_of

_SOURCE, _IDENTIFIER = ATTACHED.index("source"), ATTACHED.index("identifier")


class Published(NamedTuple):
    """What should stand and what does, as after a batch; what is given away; and identifiers held elsewhere of which something moved, with
    the earliest time (µs) of it."""

    followed: Followed
    handoffs: list[Handoff[str]]
    away: dict[str, int]


class Rules(NamedTuple):
    """By what persons are judged and followed: the maps that stand, with how many neighbours an identifier is a hub, the purposes of the
    sources under consent, and who is erased."""

    maps: Sequence[CompiledMap]
    neighbours_max: int
    purposes_of: PurposesOf
    erasures: Erasures


class _Touched(NamedTuple):
    """Identifiers of which what is stored may have changed, with the earliest time (µs) at which."""

    moved: dict[str, int]
    told: dict[str, int]
    """By other partitions, by a batch of this one, or by the walk."""

    def since_us(self, identifier: str) -> int:
        """The earliest time of both."""
        return min(self.moved.get(identifier, NEVER_US), self.told.get(identifier, NEVER_US))


def publish(
    partition: Partition,
    news: News,
    decided: Decided,
    homes: Homes,
    rules: Rules,
) -> Published:
    """What follows for all whom the news touch. Raises LedgerUnavailable."""
    touched = _touched(partition, news, decided)
    holds = holding(partition, touched.moved.keys() | touched.told.keys(), news.until, homes)
    away = {one: time_us for one, time_us in touched.moved.items() if one not in holds.held}
    maps = rules.maps
    published = Published(Followed([{} for _ in maps], [], [], {}), [], away)
    changed, hubs = partition.remembered.changed_by(*_said(news))
    led: set[str] = set()
    given: set[str] = set()
    later_than_us: Mapping[str, int] = ALL
    if changed or holds.held:
        relations = Relations(partition.ledger, rules.erasures, changed, partition.remembered.near)
        judged = components_around(
            relations.identifiers(one.key for one in changed),
            relations.identifiers(holds.held),
            rules.neighbours_max,
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
        at_home = {one.key for one in judged.component_of if homes.has(partition.number, one.key)}
        tails = partition.tails.get_many(at_home)
        knows = Knows(maps, rules.purposes_of, relations, judged, persons, led, holds.held, at_home, tails)
        turns = [turn_of(partition, one, touched.since_us, knows) for one in components.values()]
        later_than_us, facts = read(partition, news, decided, led, turns)
        by_consent: set[Identifier] = set()
        for turn in turns:
            if follow_turn(partition, turn, facts, knows, published.followed):
                by_consent.update(turn.component)
        # If the insert fails the partition is acquired anew, and remembers nothing.
        partition.remembered.judged(changed, judged, persons, by_consent)
    _restate(partition, news, decided, maps, led | given, later_than_us, published.followed)
    return published


def _touched(partition: Partition, news: News, decided: Decided) -> _Touched:
    moved: dict[str, int] = {}
    told: dict[str, int] = {}
    for row in news.rows:
        if row.kind == "away":
            note_change(told, row.identifier, row.event_time)
        elif row.kind == "handoff" and row.handoff_to == partition.number:
            note_change(told, row.identifier, EVER_US)
    for identifier in () if news.walk is None else news.walk.identifiers:
        note_change(told, identifier, EVER_US)
    for event in decided.lost:
        note_change(moved, event.identifier, event.event_time)
    for _, claimed in decided.settled:
        note_change(moved, claimed.fact.identifier, claimed.fact.event_time)
    for answer in news.restated:
        note_change(moved, answer.identifier, EVER_US)
    moved.pop("", None)
    return _Touched(moved, told)


def _said(news: News) -> tuple[History, History]:
    """What the rows say of who belongs together, and what they take back."""
    asserted, retracted = ([row for row in news.rows if (row.sign > 0) is is_asserted] for is_asserted in (True, False))
    erasures = [
        Erasure(one.until_us, Identifier(*order_of(one.identifier_type), one.identifier), one.after_us)
        for one in news.erasures
    ]
    return _history(asserted)._replace(erasures=erasures), _history(retracted)


def _history(rows: Iterable[FeedRow]) -> History:
    links: list[Link] = []
    unlinks: list[Unlink] = []
    for row in rows:
        if row.kind not in ("link", "unlink"):
            continue
        event, one = (row.source, row.event_id), Identifier(*order_of(row.identifier_type), row.identifier)
        other = Identifier(*order_of(row.linked_identifier_type), row.linked_identifier)
        if row.kind == "link":
            links.append(Link(row.event_time, event, one, other))
        else:
            unlinks.append(Unlink(row.event_time, event, one, other))
    return History(links, unlinks)


def _restate(
    partition: Partition,
    news: News,
    decided: Decided,
    maps: Sequence[CompiledMap],
    identifiers: Collection[str],
    later_than_us: Mapping[str, int],
    into: Followed,
) -> None:
    """What stands of these identifiers behind those times, and of events that name nobody, which are followed by themselves."""
    restated: set[Key] = {(one.source, one.event_id) for one in news.restated if not one.identifier}
    lost = versions_lost(partition, decided)
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
            for row in partition.ledger.published_of(partition.number, sorted(identifiers), sorted(keys), later_than_us)
            # Nobody's version is attached by itself, so one that still counts stays as it is.
            if row.values[_IDENTIFIER] or (*row.values[_SOURCE : _SOURCE + 2], row.position) in changed
        )
