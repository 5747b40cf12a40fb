"""How a tick follows components: from which states on, with which events, and what is kept for the next time.

Why: docs/decisions/0187, 0192.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.links import Identifier
from touchline.identity.persons import Persons
from touchline.journey.compile import CompiledMap
from touchline.processors.claims import Decided
from touchline.processors.following import Version, version_of
from touchline.processors.news import News
from touchline.processors.relations import Relations
from touchline.processors.state.partition import Partition
from touchline.processors.state.together import Judged
from touchline.processors.steps.follow import Followed, follow
from touchline.processors.steps.kept import EVER_US, NEVER_US, before, going_on
from touchline.processors.steps.resolve import Placed
from touchline.processors.together import follow_together, judged_as
from touchline.processors.values.person import APART, BEFORE_ALL_US, KeptState, PersonTail, new_person, not_before
from touchline.processors.values.records import position_of


class Knows(NamedTuple):
    """What holds for all components of a tick: the maps, what is said about identifiers, the persons, which identifiers this partition
    holds, which of these it keeps since it leads them, which are at home here, and the tails of those, as far as they have one."""

    maps: Sequence[CompiledMap]
    relations: Relations
    persons: Persons
    led: Collection[str]
    held: Collection[str]
    at_home: Collection[str]
    tails: Mapping[str, PersonTail]


class Turn(NamedTuple):
    """A component to be followed: how it was judged, up to which times everything about its identifiers is erased, from which states it
    goes on (of one plain identifier from its tail), and the last moments of the identifiers that are at home here."""

    component: Sequence[Identifier]
    judged: Judged
    erased_us: Mapping[str, int]
    states: tuple[KeptState, ...]
    plain: PersonTail | None
    is_plain: bool
    last_us: Mapping[str, int]

    @property
    def later_than_us(self) -> int:
        """What happened up to then is followed already."""
        if self.is_plain:
            return EVER_US if self.plain is None else self.plain.last_us
        return self.states[-1].last_us if self.states else EVER_US


def turn_of(
    partition: Partition, component: Sequence[Identifier], since_us: Callable[[str], int], knows: Knows
) -> Turn:
    """How to follow the component. `since_us` tells from which time on what is stored of an identifier has changed."""
    keys = [one.key for one in component]
    at_home = [key for key in keys if key in knows.at_home]
    known = knows.tails
    last_us = {key: known[key].last_us if key in known else BEFORE_ALL_US for key in at_home}
    erased_us = {one.key: knows.relations.erased_us(one) for one in component}
    changed_us = min(map(since_us, keys))
    judged = judged_as(component, knows.persons, erased_us, knows.led, knows.held, knows.maps)
    states = before(partition.together.take(keys, judged), changed_us)
    is_plain = len(component) == 1 and keys[0] in knows.held and erased_us[keys[0]] < 0
    plain = going_on(known.get(keys[0]), changed_us) if is_plain else None
    return Turn(component, judged, erased_us, states, plain, is_plain, last_us)


def follow_turn(
    partition: Partition, turn: Turn, facts: Mapping[str, Sequence[Placed]], knows: Knows, into: Followed
) -> None:
    """Follow the component, and note the tails of all in it that are at home here.

    A person's rows wait until this partition holds the identifier that names the person: before, its holder may still publish under it.
    """
    of_person: dict[str, list[Placed]] = defaultdict(list)
    for one in turn.component:
        for position, fact in facts.get(one.key, ()):
            person = knows.persons.person_at(one, fact.event_time).key
            if fact.event_time > turn.erased_us[one.key] and person in knows.held:
                of_person[person].append((position, fact if fact.person == person else fact._replace(person=person)))
    if not turn.is_plain:
        followed, states = follow_together(of_person, turn.states, knows.maps)
        into.again.extend(followed)
        partition.together.keep([one.key for one in turn.component], turn.judged, states)
        into.tails.update({key: PersonTail(last_us, APART) for key, last_us in turn.last_us.items()})
        return
    tail = turn.plain
    for placed in of_person.values():
        on_journey, by_map, tail = follow(placed, tail, knows.maps)
        into.again.append((on_journey, by_map))
    for key, last_us in turn.last_us.items():
        into.tails[key] = not_before(tail or new_person(len(knows.maps)), last_us)


def read(
    partition: Partition, news: News, decided: Decided, led: set[str], turns: list[Turn]
) -> tuple[dict[str, int], dict[str, list[Placed]]]:
    """From which times on the identifiers are followed, and their events since.

    The ledger may hold more than the news tell. Whoever goes on from a state must know of every change before it, or an event that moved
    over that time would count twice until its word is read: so who has such a word waiting begins anew.
    """
    later_than_us = {one.key: turn.later_than_us for turn in turns for one in turn.component if one.key in led}
    facts = _facts(partition, decided, led, later_than_us)
    going_on_from = {one for one, time_us in later_than_us.items() if time_us > EVER_US}
    waiting_us = partition.ledger.away_beyond(going_on_from, news.until) if going_on_from else {}
    anew: set[str] = set()
    for place, turn in enumerate(turns):
        keys = [one.key for one in turn.component]
        if any(waiting_us.get(key, NEVER_US) <= later_than_us.get(key, EVER_US) for key in keys):
            turns[place] = turn._replace(states=(), plain=None)
            anew |= led.intersection(keys)
    if anew:
        later_than_us |= dict.fromkeys(anew, EVER_US)
        facts |= {key: [] for key in anew} | _facts(partition, decided, anew, {})
    return later_than_us, facts


def _facts(
    partition: Partition, decided: Decided, identifiers: Collection[str], later_than_us: Mapping[str, int]
) -> dict[str, list[Placed]]:
    """The stored events of these identifiers that are later than those times, as they will be after this insert."""
    lost = versions_lost(partition, decided)
    by_identifier: dict[str, list[Placed]] = defaultdict(list)
    for placed in partition.ledger.facts_of(sorted(identifiers), later_than_us) if identifiers else ():
        if version_of(placed) not in lost:
            by_identifier[placed[1].identifier].append(placed)
    for _, claimed in decided.settled:
        if claimed.fact.identifier in identifiers:
            by_identifier[claimed.fact.identifier].append((position_of(partition.number, claimed.offset), claimed.fact))
    return by_identifier


def versions_lost(partition: Partition, decided: Decided) -> set[Version]:
    """The versions of this partition that were stored and are no more after this insert."""
    return {(event.source, event.event_id, position_of(partition.number, event.offset)) for event in decided.lost}
