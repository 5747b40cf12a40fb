"""From effective links to components: identifiers that are linked, without hubs, each component named by its smallest identifier.

A component has one leader and is judged as a whole. It is one person, unless devices in it are shared (`persons`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from touchline.identity.links import History, Identifier, Newest, Pair, changed_by, pair_of


class Components(NamedTuple):
    """`component_of` gives the component of each identifier that was judged: the smallest identifier of it. `hubs` lists those of them
    whose links count for nothing. `links` are the links that count, with all times in µs at which they were stated, in order. `cut` are
    effective links that count for nothing since one end is a hub, as far as they were read."""

    component_of: dict[Identifier, Identifier]
    hubs: set[Identifier]
    links: dict[Pair, list[int]]
    cut: set[Pair]


class HubGuard:
    """Leaves out the links of hubs. A hub is an identifier with more than `neighbours_max` effective neighbours: a junk value or a shared
    device, which would merge strangers. What is said about an identifier must be complete before it is asked for here: answers are kept. Of
    `known_hubs` nothing need be known."""

    def __init__(self, newest: Newest, neighbours_max: int, known_hubs: Collection[Identifier] = ()) -> None:
        self._newest = newest
        self._neighbours_max = neighbours_max
        self._is_hub: dict[Identifier, bool] = dict.fromkeys(known_hubs, True)

    def is_hub(self, identifier: Identifier) -> bool:
        """Whether it has more than `neighbours_max` effective neighbours."""
        known = self._is_hub.get(identifier)
        if known is None:
            known = len(self._newest.neighbours(identifier)) > self._neighbours_max
            self._is_hub[identifier] = known
        return known

    def linked_with(self, identifier: Identifier) -> list[Identifier]:
        """The identifiers that belong to the same component by a link of this one, in any order."""
        if self.is_hub(identifier):
            return []
        return [other for other in self._newest.neighbours(identifier) if not self.is_hub(other)]


def components(history: History, neighbours_max: int, apart: Collection[str] = ()) -> Components:
    """Judge all identifiers of a complete history. An identifier that is linked with nobody is a component of its own. Links of the types
    that are `apart` (a household) count for nothing."""
    newest = Newest(apart)
    newest.learn(history)
    return judge(changed_by(history), newest, HubGuard(newest, neighbours_max))


def judge(identifiers: set[Identifier], newest: Newest, guard: HubGuard) -> Components:
    """Components of these identifiers. Their links, and those of all that is linked with one of them, must be known.

    A link with an identifier that is not judged came while the others were read: it is left out, and news of the next turn.
    """
    effective = {pair_of(one, other) for one in identifiers for other in newest.neighbours(one)}
    cut = {pair for pair in effective if any(map(guard.is_hub, pair))}
    links = {pair: newest.effective_us(*pair) for pair in effective - cut if identifiers.issuperset(pair)}
    return Components(unite(identifiers, links), {one for one in identifiers if guard.is_hub(one)}, links, cut)


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


def members(component_of: Mapping[Identifier, Identifier]) -> dict[Identifier, list[Identifier]]:
    """The identifiers of each component, smallest first."""
    members_of: defaultdict[Identifier, list[Identifier]] = defaultdict(list)
    for identifier in sorted(component_of):
        members_of[component_of[identifier]].append(identifier)
    return dict(members_of)
