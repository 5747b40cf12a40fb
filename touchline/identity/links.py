"""What was said about who belongs together, and which links are effective.

A link is effective if it is newer than every unlink of its pair and every erasure of one of its ends. Event times decide, not the order of
arrival; at the same time the unlink or the erasure wins. So of each pair and each identifier only the newest time of each kind matters, and
what is said twice, or late, changes nothing.
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
    """Everything about the identifier up to this time is erased, its links included. An erasure is never taken back."""

    time_us: int
    event: Event
    identifier: Identifier


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
    """What counts of all that was said: per pair the times of its links and the newest unlink, per identifier the newest erasure. Reads
    grow it; nothing leaves it. Links and unlinks of identifiers whose type is among `apart` are left out: they merge nobody."""

    def __init__(self, apart: Collection[str] = ()) -> None:
        self._apart = apart
        self._links: dict[Pair, Link] = {}
        self._linked_us: defaultdict[Pair, set[int]] = defaultdict(set)
        self._unlinked_us: dict[Pair, int] = {}
        self._erased_us: dict[Identifier, int] = {}
        self._named_with: defaultdict[Identifier, set[Identifier]] = defaultdict(set)

    def learn(self, history: History) -> None:
        """Take in more of what was said. A link of an identifier with itself says nothing."""
        for link in history.links:
            if self._says_something(link):
                pair = self._pair(link)
                self._links[pair] = max(link, self._links.get(pair, link))
                self._linked_us[pair].add(link.time_us)
        for unlink in history.unlinks:
            if self._says_something(unlink):
                pair = self._pair(unlink)
                self._unlinked_us[pair] = max(unlink.time_us, self._unlinked_us.get(pair, unlink.time_us))
        for time_us, _, identifier in history.erasures:
            self._erased_us[identifier] = max(time_us, self._erased_us.get(identifier, time_us))

    def _says_something(self, said: Link | Unlink) -> bool:
        return said.one != said.other and said.one.type not in self._apart and said.other.type not in self._apart

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
        link = self._links.get(pair_of(one, other))
        if link is None:
            return None
        ended_us = self._ended_us(one, other)
        return link if ended_us is None or link.time_us > ended_us else None

    def effective_us(self, one: Identifier, other: Identifier) -> list[int]:
        """The times of all effective links of the two, in order, each once."""
        ended_us = self._ended_us(one, other)
        times_us = self._linked_us.get(pair_of(one, other), ())
        return sorted(time_us for time_us in times_us if ended_us is None or time_us > ended_us)

    def _ended_us(self, one: Identifier, other: Identifier) -> int | None:
        ends_us = (self._unlinked_us.get(pair_of(one, other)), self._erased_us.get(one), self._erased_us.get(other))
        return max((end_us for end_us in ends_us if end_us is not None), default=None)


def pair_of(one: Identifier, other: Identifier) -> Pair:
    """The two, the smaller one first."""
    return (one, other) if one < other else (other, one)
