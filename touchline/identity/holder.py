"""Who may publish the journey rows of an identifier: its holder, one partition at any time.

At first that is the identifier's home, the partition to which its key hashes. A holder that does not lead the component gives the right
away by a handoff row, in the same insert that retracts all its rows of the identifier. So no event is published twice, even while
partitions know different links. Handoffs of an identifier are numbered from 1 without holes. The numbers order them, not the order in which
a partition reads them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from touchline.identity.links import Identifier
from touchline.identity.passed import Cursors, LedgerPosition

Home = Callable[[Identifier], int]
"""The partition to which the key of an identifier hashes."""


class Handoff(NamedTuple):
    """The right to publish the identifier goes from the partition of `position`, where the row lies, to partition `to`."""

    identifier: Identifier
    number: int
    position: LedgerPosition
    to: int


def newest_handoffs(handoffs: Iterable[Handoff], own: int, cursors: Cursors) -> dict[Identifier, Handoff]:
    """The handoff with the highest number of each identifier, as partition `own` knows them: its own rows, and those within its cursors.

    Rows beyond the cursors are left out although they can be read: what follows from them must stand in the insert that stores the cursors.
    """
    newest: dict[Identifier, Handoff] = {}
    for handoff in handoffs:
        partition, insert_number = handoff.position
        if partition == own or insert_number <= cursors.get(partition, 0):
            known = newest.get(handoff.identifier)
            if known is None or handoff.number > known.number:
                newest[handoff.identifier] = handoff
    return newest


def holders(
    identifiers: Iterable[Identifier], newest: Mapping[Identifier, Handoff], home: Home
) -> dict[Identifier, int]:
    """The partition that holds each identifier: where the newest handoff went, else its home."""
    return {one: newest[one].to if one in newest else home(one) for one in identifiers}


def leaders(components: Iterable[Identifier], home: Home) -> dict[Identifier, int]:
    """The partition that leads each component: the home of its smallest identifier, by which it is named."""
    return {component: home(component) for component in set(components)}


def give_away(
    component_of: Mapping[Identifier, Identifier],
    newest: Mapping[Identifier, Handoff],
    home: Home,
    position: LedgerPosition,
) -> list[Handoff]:
    """The handoffs that the insert at `position` must contain: of each identifier that its partition holds and does not lead, to the
    leader.

    `component_of` gives the component of each identifier, `newest` the handoffs as that partition knows them. A holder
    knows the newest handoff of what it holds, so its next number leaves no hole.
    """
    own = position.partition
    leads = leaders(component_of.values(), home)
    given: list[Handoff] = []
    for identifier, holder in holders(component_of, newest, home).items():
        leader = leads[component_of[identifier]]
        if holder == own and leader != own:
            number = newest[identifier].number + 1 if identifier in newest else 1
            given.append(Handoff(identifier, number, position, leader))
    return given


def broken_chains(handoffs: Iterable[Handoff], home: Home) -> set[Identifier]:
    """The identifiers whose handoffs, all of them, are no chain: a number is missing or given twice, or somebody gave away what it did not
    hold. Only a fault of the program breaks a chain."""
    chains: defaultdict[Identifier, set[Handoff]] = defaultdict(set)
    for handoff in handoffs:
        chains[handoff.identifier].add(handoff)
    broken: set[Identifier] = set()
    for identifier, chain in chains.items():
        holder = home(identifier)
        for expected, handoff in enumerate(sorted(chain), 1):
            if handoff.number != expected or handoff.position.partition != holder:
                broken.add(identifier)
                break
            holder = handoff.to
    return broken
