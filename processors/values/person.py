"""A person as the fast path knows one: the place of the last event, how each journey goes on from there, and some states on the way."""

from __future__ import annotations

from typing import NamedTuple

from touchline.journey.values import NO_TAIL, Tail
from touchline.processors.values.records import Fact

BEFORE_ALL_US = 0
"""Last time of a person of whom nothing counts any more: every event is later."""


class KeptState(NamedTuple):
    """How journeys stood on the way, after `event_count` events: whatever is later than `last_us` goes on from there. `packed` holds the
    tails, closed up, since few are ever looked at (steps/kept.py)."""

    last_us: int
    event_count: int
    packed: bytes


class PersonTail(NamedTuple):
    """`last_us` is the latest moment at which an event can have happened that was ever stored of the person, superseded since or not: so a
    repetition never looks later, and what may have come in any order is never followed in two parts.

    `maps` holds one tail per journey map, in the maps' order; None for a map to which the person's events are not attached yet, which the
    walk will do. It is empty for events without an identifier, which move no journey, and for identifiers that only ticks follow: linked,
    handed over or erased ones.

    `event_count` counts the events on the journey, `kept` holds states on the way, the earliest first. Of a person who is known and whose
    events are yet to be read there is `last_us` alone (`unread_person`)."""

    last_us: int
    maps: tuple[Tail | None, ...]
    event_count: int = 0
    kept: tuple[KeptState, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether batches go on with the journey."""
        return bool(self.maps)

    @property
    def is_unread(self) -> bool:
        """Whether there are events that nobody has looked at since the state was lost."""
        return self.event_count < 0


APART = ()
"""The map tails of an identifier that only ticks follow."""


NOBODY = PersonTail(BEFORE_ALL_US, ())
"""The tail of events without an identifier before the first of them."""


def new_person(map_count: int) -> PersonTail:
    """The tail of a person of whom nothing is known, or nothing counts any more."""
    return PersonTail(BEFORE_ALL_US, (NO_TAIL,) * map_count)


def unread_person(last_us: int, map_count: int) -> PersonTail:
    """The tail of a person of whom only the last moment is known."""
    return PersonTail(last_us, (None,) * map_count, -1)


def last_moment(fact: Fact) -> int:
    """The latest moment (µs) at which the event can have happened: its time, or the end of the unit that its source knows."""
    return fact.event_time + fact.span_us


def tail_key(fact: Fact) -> str:
    """The person's key; events without an identifier share the tail of their source, which only finds late ones and duplicates."""
    return fact.identifier or key_of_nobody(fact.source)


def key_of_nobody(source: str) -> str:
    """The key of a source's events without an identifier. No identifier has this form."""
    return f"@{source}"


def not_before(tail: PersonTail, *times_us: int) -> PersonTail:
    """The tail with the highest of its own and these times."""
    highest = max(tail.last_us, *times_us)
    return tail if highest == tail.last_us else tail._replace(last_us=highest)
