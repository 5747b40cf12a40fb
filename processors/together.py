"""States on the way through the events of several identifiers that belong together, so that a tick need not follow them from the beginning.

A state holds while all is as it was but for events: who belongs together and when, what is erased, what this partition holds, which maps
stand. Of events the caller knows the earliest time at which any has changed.

Why: docs/decisions/0192.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from touchline.identity.links import Identifier
from touchline.identity.persons import Persons
from touchline.journey.compile import CompiledMap
from touchline.processors.state.erasures import Span
from touchline.processors.state.together import Judged
from touchline.processors.steps import kept
from touchline.processors.steps.follow import ByMap, follow_piece, in_order
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import BEFORE_ALL_US, KeptState, PersonTail, last_moment, new_person

Together = list[tuple[list[Placed], ByMap]]


def judged_as(
    component: Sequence[Identifier],
    persons: Persons,
    erased: Mapping[str, tuple[Span, ...]],
    led: Collection[str],
    held: Collection[str],
    maps: Sequence[CompiledMap],
) -> Judged:
    """What must stay as it is, so that states of the component hold."""
    of_identifiers = tuple(
        (one, persons.whole.get(one), persons.shared.get(one), erased[one.key], one.key in led, one.key in held)
        for one in component
    )
    return (of_identifiers, tuple((one.map, one.version, one.content_hash) for one in maps))


def follow_together(
    of_person: Mapping[str, Sequence[Placed]], states: tuple[KeptState, ...], maps: Sequence[CompiledMap]
) -> tuple[Together, tuple[KeptState, ...]]:
    """Follow some persons' events, which are all later than the last of the states, piece by piece: what became of them, and the states
    on the way. Where there are no states, from the beginning."""
    person_of = {position: person for person, placed in of_person.items() for position, _ in placed}
    placed = in_order([one for some in of_person.values() for one in some])
    last_us, count, known = BEFORE_ALL_US, 0, dict[str, PersonTail]()
    if states:
        last_us, count = states[-1].last_us, states[-1].event_count
        known = {key: PersonTail(last_us, of_maps) for key, of_maps in kept.unpacked(states[-1].packed).items()}
    nothing = new_person(len(maps))
    followed: Together = []
    for piece in kept.pieces(placed):
        of_piece: dict[str, list[Placed]] = {}
        for one in piece:
            of_piece.setdefault(person_of[one[0]], []).append(one)
        before = (last_us, count, known)
        known = dict(known)
        for person, some in of_piece.items():
            on_journey, by_map, tail = follow_piece(some, known.get(person, nothing), maps)
            followed.append((on_journey, by_map))
            known[person] = PersonTail(tail.last_us, tail.maps)
            count += len(on_journey)
        if kept.is_due(before[1], count):
            states = kept.thinned((*states, _state(*before)), count)
        last_us = max(last_us, max(last_moment(fact) for _, fact in piece))
    return followed, states


def _state(last_us: int, event_count: int, known: Mapping[str, PersonTail]) -> KeptState:
    return KeptState(last_us, event_count, kept.packed({key: tail.maps for key, tail in known.items()}))
