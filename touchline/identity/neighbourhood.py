"""Judge a change around the identifiers that it names: read links by identifier until nothing more can be affected.

A change can move an identifier that it does not name: a new link may turn its neighbour into a hub, an erasure may end one. So the raw
neighbours of what changed are judged too, and whoever is linked with somebody who is judged. To know whether a neighbour is a hub, its own
links must be read; hence reading goes one step further than judging.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from touchline.identity.components import Components, HubGuard, unite
from touchline.identity.links import History, Identifier, Newest, Pair

LookUp = Callable[[Collection[Identifier]], History]
"""All that was said about these identifiers (see `links.about`), as it will stand after the insert that is being prepared. The look-up may
give more than that, but must not give less."""

PublishedWith = Callable[[Collection[Identifier]], Iterable[Identifier]]
"""The identifiers whose rows are published under the same person as the rows of one of these, or under one of these as the person."""


def nobody(_: Collection[Identifier]) -> Iterable[Identifier]:
    """Nothing is published: a `PublishedWith` for judging without a ledger of published rows."""
    return ()


def components_around(
    changed: Collection[Identifier],
    dirty: Collection[Identifier],
    neighbours_max: int,
    look_up: LookUp,
    published_with: PublishedWith = nobody,
) -> Components:
    """Persons and hubs as `components` would find them in the complete history, of every identifier that a change can have moved.

    `changed` are the identifiers about which something is said or no longer said (`links.changed_by`), `dirty` others that must be judged.
    Identifiers that are published together are judged together: what was published under older knowledge is then restated as a whole.
    """
    read = _Read(look_up)
    guard = HubGuard(read.newest, neighbours_max)
    read.add(changed)
    judged: set[Identifier] = set()
    pairs: set[Pair] = set()
    growing = {*changed, *dirty, *read.newest.named_with(changed)}
    while growing:
        judged |= growing
        read.add(growing)
        read.add(read.newest.named_with(growing))
        found = {(one, other) for one in growing for other in guard.linked_with(one)}
        pairs |= found
        growing = ({other for _, other in found} | {*published_with(growing)}) - judged
    return Components(unite(judged, pairs), {one for one in judged if guard.is_hub(one)})


class _Read:
    """What was read so far; each identifier is looked up once, all that a round needs in one call."""

    def __init__(self, look_up: LookUp) -> None:
        self.newest = Newest()
        self._look_up = look_up
        self._read: set[Identifier] = set()

    def add(self, identifiers: Collection[Identifier]) -> None:
        missing = frozenset(identifiers) - self._read
        if missing:
            self._read |= missing
            self.newest.learn(self._look_up(missing))
