"""A person as the fast path knows one: the place of the last event, and how each journey goes on from there."""

from __future__ import annotations

from typing import NamedTuple

from touchline.journey.values import NO_TAIL, Tail
from touchline.processors.values.records import Fact

Order = tuple[int, str, str]
"""Place of an event in its person's journey: (event time in µs, source, id)."""
BEFORE_ALL: Order = (0, "", "")
"""Order of a person of whom nothing counts any more: every event is later."""


class PersonTail(NamedTuple):
    """`order` is the highest that was ever stored of the person, superseded since or not: so a repetition never looks later. `maps` holds
    one tail per journey map, in the maps' order; none for events without an identifier, which move no journey."""

    order: Order
    maps: tuple[Tail, ...]


NOBODY = PersonTail(BEFORE_ALL, ())
"""The tail of events without an identifier before the first of them."""


def new_person(map_count: int) -> PersonTail:
    """The tail of a person of whom nothing is known, or nothing counts any more."""
    return PersonTail(BEFORE_ALL, (NO_TAIL,) * map_count)


def tail_key(fact: Fact) -> str:
    """The person's key; events without an identifier share the tail of their source, which only finds late ones and duplicates."""
    return fact.identifier or key_of_nobody(fact.source)


def key_of_nobody(source: str) -> str:
    """The key of a source's events without an identifier. No identifier has this form."""
    return f"@{source}"


def not_before(tail: PersonTail, *orders: Order) -> PersonTail:
    """The tail with the highest of its own and these orders."""
    highest = max(tail.order, *orders)
    return tail if highest == tail.order else tail._replace(order=highest)
