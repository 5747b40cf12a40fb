"""How a tick follows components: from which states on, with which events, and what is kept for the next time.

Why: docs/decisions/0187, 0190, 0192.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.components import Components
from touchline.identity.links import Identifier
from touchline.identity.persons import Persons
from touchline.journey.compile import CompiledMap
from touchline.processors.claims import Decided
from touchline.processors.following import Version, version_of
from touchline.processors.linking import Consents
from touchline.processors.news import News
from touchline.processors.relations import Relations
from touchline.processors.state.erasures import Span, how_of
from touchline.processors.state.partition import Partition
from touchline.processors.state.together import Judged
from touchline.processors.steps.consent import PurposesOf
from touchline.processors.steps.follow import Followed, follow
from touchline.processors.steps.kept import EVER_US, NEVER_US, before, going_on
from touchline.processors.steps.resolve import Placed
from touchline.processors.together import follow_together, judged_as
from touchline.processors.values.person import APART, BEFORE_ALL_US, KeptState, PersonTail, new_person, not_before
from touchline.processors.values.records import position_of, withdraws


class Knows(NamedTuple):
    """What holds for all components of a tick: the maps, the purposes of sources under consent, what is said about identifiers, who belongs
    together by that, the persons if nobody withdrew a consent, which identifiers this partition holds, which of these it keeps since it
    leads them, which are at home here, and the tails of those, as far as they have one."""

    maps: Sequence[CompiledMap]
    purposes_of: PurposesOf
    relations: Relations
    judged: Components
    persons: Persons
    led: Collection[str]
    held: Collection[str]
    at_home: Collection[str]
    tails: Mapping[str, PersonTail]


class Turn(NamedTuple):
    """A component to be followed: how it was judged, what of its identifiers is erased, from which states it goes
    on (of one plain identifier from its tail), and the last moments of the identifiers that are at home here."""

    component: Sequence[Identifier]
    judged: Judged
    erased: Mapping[str, tuple[Span, ...]]
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
    erased = {one.key: knows.relations.erased(one.key) for one in component}
    changed_us = min(map(since_us, keys))
    judged = judged_as(component, knows.persons, erased, knows.led, knows.held, knows.maps)
    states = before(partition.together.take(keys, judged), changed_us)
    is_plain = len(component) == 1 and keys[0] in knows.held and not erased[keys[0]]
    plain = going_on(known.get(keys[0]), changed_us) if is_plain else None
    return Turn(component, judged, erased, states, plain, is_plain, last_us)


def follow_turn(
    partition: Partition, turn: Turn, facts: Mapping[str, Sequence[Placed]], knows: Knows, into: Followed
) -> bool:
    """Follow the component, and note the tails of all in it that are at home here. Returns whether a consent was withdrawn in it: then what
    repeats a link may be news.

    A person's rows wait until this partition holds the identifier that names the person: before, its holder may still publish under it.
    """
    is_withdrawn = _is_withdrawn(turn, facts)
    standing = {one: _not_erased(facts.get(one.key, ()), turn.erased[one.key]) for one in turn.component}
    consents = None
    if is_withdrawn:
        told = [placed for some in standing.values() for placed in some]
        consents = Consents(turn.component, knows.judged, knows.persons, knows.relations, told, knows.purposes_of)
    persons = knows.persons if consents is None else consents.persons
    of_person: dict[str, list[Placed]] = defaultdict(list)
    for one, some in standing.items():
        for position, fact in some:
            person = persons.person_at(one, fact.event_time).key
            if person in knows.held:
                of_person[person].append((position, fact if fact.person == person else fact._replace(person=person)))
    if is_withdrawn or not turn.is_plain:
        may_count: Mapping[str, Sequence[Placed]] = of_person
        if consents is not None:
            may_count = {person: consents.permitted(placed) for person, placed in of_person.items()}
        followed, states = follow_together(may_count, () if is_withdrawn else turn.states, knows.maps)
        into.again.extend(followed)
        # What may count depends on all that was ever said of consent: who withdrew has no states, and is read as a whole each time.
        partition.together.keep([one.key for one in turn.component], turn.judged, () if is_withdrawn else states)
        into.tails.update({key: PersonTail(last_us, APART) for key, last_us in turn.last_us.items()})
        return is_withdrawn
    tail = turn.plain
    for placed in of_person.values():
        on_journey, by_map, tail = follow(placed, tail, knows.maps)
        into.again.append((on_journey, by_map))
    for key, last_us in turn.last_us.items():
        into.tails[key] = not_before(tail or new_person(len(knows.maps)), last_us)
    return False


def _not_erased(placed: Sequence[Placed], spans: tuple[Span, ...]) -> Sequence[Placed]:
    return [one for one in placed if how_of(spans, one[1].event_time) is None] if spans else placed


def _is_withdrawn(turn: Turn, facts: Mapping[str, Sequence[Placed]]) -> bool:
    """Whether a consent was withdrawn under one of the identifiers."""
    return any(withdraws(fact) for one in turn.component for _, fact in facts.get(one.key, ()))


def read(
    partition: Partition, news: News, decided: Decided, led: set[str], turns: list[Turn]
) -> tuple[dict[str, int], dict[str, list[Placed]]]:
    """From which times on the identifiers are followed, and their events since.

    The ledger may hold more than the news tell. Whoever goes on from a state must know of every change before it, or an event that moved
    over that time would count twice until its word is read: so who has such a word waiting begins anew. So does who withdrew a consent.
    """
    later_than_us = {one.key: turn.later_than_us for turn in turns for one in turn.component if one.key in led}
    facts = _facts(partition, decided, led, later_than_us)
    going_on_from = {one for one, time_us in later_than_us.items() if time_us > EVER_US}
    waiting_us = partition.ledger.away_beyond(going_on_from, news.until) if going_on_from else {}
    anew: set[str] = set()
    for place, turn in enumerate(turns):
        keys = [one.key for one in turn.component]
        has_unheard = any(waiting_us.get(key, NEVER_US) <= later_than_us.get(key, EVER_US) for key in keys)
        if has_unheard or (turn.later_than_us > EVER_US and _is_withdrawn(turn, facts)):
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
