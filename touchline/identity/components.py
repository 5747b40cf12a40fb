"""From effective links to persons: connected components without hubs, each named by its smallest identifier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from touchline.identity.links import History, Identifier, Newest, Pair, changed_by


class Components(NamedTuple):
    """`persons` gives the person of each identifier that was judged: the smallest identifier of its component. `hubs` lists those of them
    whose links count for nothing."""

    persons: dict[Identifier, Identifier]
    hubs: set[Identifier]


class HubGuard:
    """Leaves out the links of hubs. A hub is an identifier with more than `neighbours_max` effective neighbours: a junk value or a shared
    device, which would merge strangers. What is said about an identifier must be complete before it is asked for here: answers are kept."""

    def __init__(self, newest: Newest, neighbours_max: int) -> None:
        self._newest = newest
        self._neighbours_max = neighbours_max
        self._is_hub: dict[Identifier, bool] = {}

    def is_hub(self, identifier: Identifier) -> bool:
        """Whether it has more than `neighbours_max` effective neighbours."""
        known = self._is_hub.get(identifier)
        if known is None:
            known = len(self._newest.neighbours(identifier)) > self._neighbours_max
            self._is_hub[identifier] = known
        return known

    def linked_with(self, identifier: Identifier) -> list[Identifier]:
        """The identifiers that belong to the same person by a link of this one, in any order."""
        if self.is_hub(identifier):
            return []
        return [other for other in self._newest.neighbours(identifier) if not self.is_hub(other)]


def components(history: History, neighbours_max: int) -> Components:
    """Judge all identifiers of a complete history. An identifier that is linked with nobody is a person of its own."""
    identifiers = changed_by(history)
    newest = Newest()
    newest.learn(history)
    guard = HubGuard(newest, neighbours_max)
    pairs = ((one, other) for one in identifiers for other in guard.linked_with(one) if one < other)
    return Components(unite(identifiers, pairs), {one for one in identifiers if guard.is_hub(one)})


def unite(identifiers: Iterable[Identifier], pairs: Iterable[Pair]) -> dict[Identifier, Identifier]:
    """Union-find: the smallest identifier that each can reach over the pairs. Both ends of each pair must be among the identifiers."""
    parents = {one: one for one in identifiers}

    def root(one: Identifier) -> Identifier:
        while (parent := parents[one]) != one:
            parents[one] = parents[parent]  # halves the path, so that long chains stay cheap
            one = parent
        return one

    for pair in pairs:
        low, high = sorted((root(pair[0]), root(pair[1])))
        parents[high] = low
    return {one: root(one) for one in parents}


def members(persons: Mapping[Identifier, Identifier]) -> dict[Identifier, list[Identifier]]:
    """The identifiers of each person, smallest first."""
    members_of: defaultdict[Identifier, list[Identifier]] = defaultdict(list)
    for identifier in sorted(persons):
        members_of[persons[identifier]].append(identifier)
    return dict(members_of)
