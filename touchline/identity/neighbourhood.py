"""Judge a change around the identifiers that it names: read links by identifier until nothing more can be affected.

A change can move an identifier that it does not name: a new link may turn its neighbour into a hub, an erasure may end one. So the raw
neighbours of what changed are judged too, and whoever is linked with somebody who is judged. To know whether a neighbour is a hub, its own
links must be read; hence reading goes one step further than judging.

A hub with very many neighbours would make each new link of it dear. Nobody is merged through a hub, so while it was one already, its
neighbours need not be judged again; and while only links were added, it need not even be read (`Hubs`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from touchline.identity.components import Components, HubGuard, judge
from touchline.identity.links import History, Identifier, Newest

LookUp = Callable[[Collection[Identifier]], History]
"""All that was said about these identifiers (see `links.about`), as it will stand after the insert that is being prepared. The look-up may
give more than that, but must not give less."""

PublishedWith = Callable[[Collection[Identifier]], Iterable[Identifier]]
"""The identifiers whose rows are published under the same person as the rows of one of these, or under one of these as the person."""


def nobody(_: Collection[Identifier]) -> Iterable[Identifier]:
    """Nothing is published: a `PublishedWith` for judging without a ledger of published rows."""
    return ()


class Hubs(NamedTuple):
    """What is known of hubs before a change is judged.

    `before`: hubs in what was judged and stored last. `still`: those of them that are sure to be hubs after
    the change. That holds for all where the change consists of new links alone, without an unlink, an erasure or a retraction.
    """

    before: Collection[Identifier] = ()
    still: Collection[Identifier] = ()


NO_HUBS = Hubs()


def components_around(
    changed: Collection[Identifier],
    dirty: Collection[Identifier],
    neighbours_max: int,
    look_up: LookUp,
    published_with: PublishedWith = nobody,
    apart: Collection[str] = (),
    hubs: Hubs = NO_HUBS,
) -> Components:
    """What `components` would find in the complete history, for every identifier that a change can have moved.

    `changed` are the identifiers about which something is said or no longer said (`links.changed_by`), `dirty` others that must be judged.
    Identifiers that are published together are judged together: what was published under older knowledge is then restated as a whole.
    Links of the types that are `apart` count as `links.joins` says.
    """
    read = _Read(look_up, apart, hubs.still)
    guard = HubGuard(read.newest, neighbours_max, hubs.still)
    read.add(changed)
    judged: set[Identifier] = set()
    growing = {*changed, *dirty, *read.newest.named_with(set(changed).difference(hubs.before))}
    while growing:
        judged |= growing
        read.add(growing)
        read.add(read.newest.named_with(one for one in growing if one not in hubs.still))
        linked = {other for one in growing for other in guard.linked_with(one)}
        growing = {*linked, *published_with(growing)} - judged
    return judge(judged, read.newest, guard)


class _Read:
    """What was read so far; each identifier is looked up once, all that a round needs in one call."""

    def __init__(self, look_up: LookUp, apart: Collection[str], unread: Collection[Identifier]) -> None:
        self.newest = Newest(apart)
        self._look_up = look_up
        self._read: set[Identifier] = set(unread)

    def add(self, identifiers: Iterable[Identifier]) -> None:
        missing = frozenset(identifiers) - self._read
        if missing:
            self._read |= missing
            self.newest.learn(self._look_up(missing))
