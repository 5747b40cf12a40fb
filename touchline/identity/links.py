"""What was said about who belongs together, and which links are effective.

A link is effective if it is newer than every unlink of its pair. Event times decide, not the order of arrival; at the same time the unlink
wins. Links and unlinks that an erasure of one end covers count for nothing, as if they had never been said. So what is said twice, or late,
changes nothing.

Why an erasure has a time: docs/decisions/0191.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

Event = tuple[str, str]
"""(source, id)"""


class Identifier(NamedTuple):
    """One identifier of a person. The order of the tuple is the order of identifiers: the smallest of a component names the person.

    `place` is the place of the type in the declared order of types, strongest first (login before loyalty card before anonymous);
    undeclared types share the last place, in alphabetical order (`schemas.identifiers.order_of`). `key` is the person key; it belongs to
    one type.
    """

    place: int
    type: str
    key: str


Pair = tuple[Identifier, Identifier]
"""Two different identifiers, the smaller one first."""


def joins(one: Identifier, other: Identifier, apart: Collection[str]) -> bool:
    """Whether a link of the two can say something: they are two, and of no type that is `apart` (a household), which merges nobody.

    Two keys of one type whose key ids differ are the exception: they are one identifier before and after a rotation of the secret.
    """
    if one.type in apart or other.type in apart:
        return is_rotated(one, other)
    return one != other


def is_rotated(one: Identifier, other: Identifier) -> bool:
    """Whether the two are one identifier before and after a rotation of the secret: keys of one type whose key ids differ."""
    return one.type == other.type and _key_id(one) != _key_id(other)


def _key_id(identifier: Identifier) -> str:
    return identifier.key.partition(":")[0]


class Link(NamedTuple):
    """`event` says that two identifiers belong to one person. Links are ordered like events: by time in µs, source and id."""

    time_us: int
    event: Event
    one: Identifier
    other: Identifier


class Unlink(NamedTuple):
    """`event` says that two identifiers do not belong to one person: it ends their links up to this time."""

    time_us: int
    event: Event
    one: Identifier
    other: Identifier


class Erasure(NamedTuple):
    """Everything about the identifier after `after_us` and up to `time_us` is erased, its links included. An erasure is never taken back.

    It begins before all times, but of a device that several persons use: there it holds while the device belongs to who is erased.
    """

    time_us: int
    identifier: Identifier
    after_us: int = -1

    def covers(self, time_us: int) -> bool:
        """Whether something of that time is erased."""
        return self.after_us < time_us <= self.time_us


class History(NamedTuple):
    """What was said, in any order and any number of times."""

    links: Collection[Link] = ()
    unlinks: Collection[Unlink] = ()
    erasures: Collection[Erasure] = ()


def changed_by(history: History) -> set[Identifier]:
    """The identifiers that are named: both ends of each link and unlink, and the erased ones."""
    said: list[Link | Unlink] = [*history.links, *history.unlinks]
    return {end for one in said for end in (one.one, one.other)} | {one.identifier for one in history.erasures}


def about(history: History, identifiers: Collection[Identifier]) -> History:
    """What a look-up of these identifiers finds: the links and unlinks that name one of them, and the erasures of both ends of each, or of
    one of the identifiers."""
    links = [one for one in history.links if one.one in identifiers or one.other in identifiers]
    unlinks = [one for one in history.unlinks if one.one in identifiers or one.other in identifiers]
    ends = changed_by(History(links, unlinks)).union(identifiers)
    return History(links, unlinks, [one for one in history.erasures if one.identifier in ends])


class Newest:
    """What counts of all that was said: per pair its links and unlinks, per identifier its erasures. Reads grow it; nothing leaves
    it. Links and unlinks of identifiers whose type is among `apart` are left out, as `joins` says."""

    def __init__(self, apart: Collection[str] = ()) -> None:
        self._apart = apart
        self._links: defaultdict[Pair, dict[int, Link]] = defaultdict(dict)
        self._unlinked_us: defaultdict[Pair, set[int]] = defaultdict(set)
        self._erasures: defaultdict[Identifier, set[Erasure]] = defaultdict(set)
        self._named_with: defaultdict[Identifier, set[Identifier]] = defaultdict(set)

    def learn(self, history: History) -> None:
        """Take in more of what was said. A link of an identifier with itself says nothing."""
        for link in history.links:
            if joins(link.one, link.other, self._apart):
                pair = self._pair(link)
                at_that_time = self._links[pair]
                at_that_time[link.time_us] = max(link, at_that_time.get(link.time_us, link))
        for unlink in history.unlinks:
            if joins(unlink.one, unlink.other, self._apart):
                self._unlinked_us[self._pair(unlink)].add(unlink.time_us)
        for erasure in history.erasures:
            self._erasures[erasure.identifier].add(erasure)

    def _pair(self, said: Link | Unlink) -> Pair:
        self._named_with[said.one].add(said.other)
        self._named_with[said.other].add(said.one)
        return pair_of(said.one, said.other)

    def named_with(self, identifiers: Iterable[Identifier]) -> set[Identifier]:
        """Raw neighbours: the other ends of all links and unlinks of these identifiers, effective or not."""
        return {other for one in identifiers for other in self._named_with.get(one, ())}

    def neighbours(self, identifier: Identifier) -> list[Identifier]:
        """The other ends of its effective links, in any order, each once."""
        named = self._named_with.get(identifier, ())
        return [other for other in named if self.effective_link(identifier, other) is not None]

    def effective_link(self, one: Identifier, other: Identifier) -> Link | None:
        """The newest link of the two (of links at the same time, the last in the order of events) if it is effective."""
        times_us = self.effective_us(one, other)
        return self._links[pair_of(one, other)][times_us[-1]] if times_us else None

    def effective_us(self, one: Identifier, other: Identifier) -> list[int]:
        """The times of all effective links of the two, in order, each once."""
        pair = pair_of(one, other)
        links = self._links.get(pair)
        if not links:
            return []
        erasures = [erasure for end in pair for erasure in self._erasures.get(end, ())]

        def standing(times_us: Iterable[int]) -> Iterable[int]:
            return (time_us for time_us in times_us if not any(erasure.covers(time_us) for erasure in erasures))

        unlinked_us = max(standing(self._unlinked_us.get(pair, ())), default=-1)
        return sorted(time_us for time_us in standing(links) if time_us > unlinked_us)


def pair_of(one: Identifier, other: Identifier) -> Pair:
    """The two, the smaller one first."""
    return (one, other) if one < other else (other, one)
