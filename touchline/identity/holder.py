"""Who may publish the journey rows of an identifier: its holder, one partition at any time.

At first that is the identifier's home, the partition to which its key hashes. A holder that does not lead the component gives the right
away by a handoff row, in the same insert that retracts all its rows of the identifier. So no event is published twice, even while
partitions know different links. Handoffs of an identifier are numbered from 1 without holes. The numbers order them, not the order in which
a partition reads them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from touchline.identity.passed import Cursors, LedgerPosition

K = TypeVar("K")
"""What stands for an identifier: it, or its key alone."""


class Handoff(NamedTuple, Generic[K]):
    """The right to publish the identifier goes from the partition of `position`, where the row lies, to partition `to`."""

    identifier: K
    number: int
    position: LedgerPosition
    to: int


def newest_handoffs(handoffs: Iterable[Handoff[K]], own: int, cursors: Cursors) -> dict[K, Handoff[K]]:
    """The handoff with the highest number of each identifier, as partition `own` knows them: its own rows, and those within its cursors.

    Rows beyond the cursors are left out although they can be read, so that one turn gets one answer, whatever is inserted meanwhile, and
    asks once. Nothing counts twice without that: a row that can be read has taken the giver's rows away, and the taker reads all of the
    identifier once it has read the row.
    """
    newest: dict[K, Handoff[K]] = {}
    for handoff in handoffs:
        partition, insert_number = handoff.position
        if partition == own or insert_number <= cursors.get(partition, 0):
            known = newest.get(handoff.identifier)
            if known is None or handoff.number > known.number:
                newest[handoff.identifier] = handoff
    return newest


def holders(identifiers: Iterable[K], newest: Mapping[K, Handoff[K]], home: Callable[[K], int]) -> dict[K, int]:
    """The partition that holds each identifier: where the newest handoff went, else its home, to which its key hashes."""
    return {one: newest[one].to if one in newest else home(one) for one in identifiers}


def give_away(
    held: Iterable[K], leader_of: Mapping[K, int], newest: Mapping[K, Handoff[K]], position: LedgerPosition
) -> list[Handoff[K]]:
    """The handoffs that the insert at `position` must contain: of each identifier that its partition holds and does not lead, to the
    leader.

    `leader_of` gives the partition that leads the component of each identifier: the home of the smallest identifier of it. `newest` are the
    handoffs as that partition knows them. A holder knows the newest one of what it holds, so its next number leaves no hole.
    """
    return [
        Handoff(one, newest[one].number + 1 if one in newest else 1, position, leader_of[one])
        for one in held
        if leader_of[one] != position.partition
    ]


def broken_chains(handoffs: Iterable[Handoff[K]], home: Callable[[K], int]) -> set[K]:
    """The identifiers whose handoffs, all of them, are no chain: a number is missing or given twice, or somebody gave away what it did not
    hold. Only a fault of the program breaks a chain."""
    chains: defaultdict[K, set[Handoff[K]]] = defaultdict(set)
    for handoff in handoffs:
        chains[handoff.identifier].add(handoff)
    broken: set[K] = set()
    for identifier, chain in chains.items():
        holder = home(identifier)
        for expected, handoff in enumerate(sorted(chain), 1):
            if handoff.number != expected or handoff.position.partition != holder:
                broken.add(identifier)
                break
            holder = handoff.to
    return broken
