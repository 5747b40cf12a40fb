"""Small made-up histories: few identifiers and few moments, so that links, unlinks and erasures meet often and at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from touchline.identity.links import Erasure, History, Identifier, Link, Unlink

TYPES = ("login", "loyalty", "anonymous")
IDENTIFIERS = [Identifier(place, name, f"k1:{number:05}") for place, name in enumerate(TYPES) for number in range(2)]
T = TypeVar("T")

identifiers = st.sampled_from(IDENTIFIERS)
moments = st.integers(0, 7)
events = st.tuples(st.sampled_from(["shop", "till"]), st.sampled_from("abcdef"))
neighbours_max = st.integers(1, 3)

links = st.builds(Link, moments, events, identifiers, identifiers)
unlinks = st.builds(Unlink, moments, events, identifiers, identifiers)
erasures = st.builds(Erasure, moments, identifiers, st.sampled_from([-1, -1, 0, 3]))
histories = st.builds(
    History, st.lists(links, max_size=16), st.lists(unlinks, max_size=5), st.lists(erasures, max_size=2)
)


def login(number: int) -> Identifier:
    return Identifier(0, "login", f"k1:{number:05}")


def card(number: int) -> Identifier:
    return Identifier(1, "loyalty", f"k1:{number:05}")


def visitor(number: int) -> Identifier:
    return Identifier(2, "anonymous", f"k1:{number:05}")


def link(time_us: int, one: Identifier, other: Identifier) -> Link:
    return Link(time_us, ("shop", "linked"), one, other)


def unlink(time_us: int, one: Identifier, other: Identifier) -> Unlink:
    return Unlink(time_us, ("shop", "unlinked"), one, other)


def erasure(time_us: int, identifier: Identifier) -> Erasure:
    return Erasure(time_us, identifier)


def together(first: History, then: History) -> History:
    return History([*first.links, *then.links], [*first.unlinks, *then.unlinks], [*first.erasures, *then.erasures])


def mixed(history: History, random: Random) -> History:
    """The same in another order, some of it twice."""

    def again(said: Iterable[T]) -> list[T]:
        twice = [one for one in said for _ in range(random.choice((1, 2)))]
        random.shuffle(twice)
        return twice

    return History(again(history.links), again(history.unlinks), again(history.erasures))
