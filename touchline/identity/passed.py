"""Which rows are passed: read by every other partition. It stands in for locks and acknowledgements between partitions.

Each partition numbers its inserts and keeps a cursor for each other partition: the number of the last insert that it has read. Cursors
are stored in the same insert as all that follows from what was read. So when a row is passed, all that any partition has inserted without
knowing the row is visible, and all that will be inserted knows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


class LedgerPosition(NamedTuple):
    """Where a row of the ledger lies: the partition whose worker inserted it, and the number of that insert, from 1."""

    partition: int
    insert_number: int


Cursors = Mapping[int, int]
"""Per other partition the number of the last insert that was read; a partition of which nothing was read may be absent."""


def passed(
    positions: Iterable[LedgerPosition], partitions: Collection[int], cursors_of: Mapping[int, Cursors]
) -> set[LedgerPosition]:
    """The positions whose rows are passed: the cursors of all other partitions for that partition are at the insert or beyond it.

    `partitions` are all partitions of the topic; one without cursors has read nothing. `cursors_of` holds the cursors of each newest mark,
    and for the own partition those of the poll under way. The marks must be read *before* the rows that are looked up for a decision:
    otherwise a row inserted between the two reads is overlooked.
    """
    positions = set(positions)
    read_up_to: dict[int, int | None] = {}
    for partition in {position.partition for position in positions}:
        others = (cursors_of.get(other, {}).get(partition, 0) for other in partitions if other != partition)
        read_up_to[partition] = min(others, default=None)  # None: there is nobody else to wait for

    def is_passed(position: LedgerPosition) -> bool:
        limit = read_up_to[position.partition]
        return limit is None or position.insert_number <= limit

    return {position for position in positions if is_passed(position)}
