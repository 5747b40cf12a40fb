"""Publish the difference: what no longer holds is retracted, what holds now is asserted, what is unchanged is not touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from touchline.processors.ledger.ledger import PublishedRow

AttachedRow = tuple[int, tuple[object, ...]]
"""(position of the record, values in the order of columns.ATTACHED)"""


class Difference(NamedTuple):
    """Signed rows: `retracted` leave the sums, `asserted` enter them."""

    retracted: list[PublishedRow]
    asserted: list[AttachedRow]


def diff(published: Sequence[PublishedRow], wanted: Iterable[AttachedRow]) -> Difference:
    """Rows that stand against rows that should; a row is the same if it is of the same record with the same values.

    Two versions of an event may be attached alike: which of them a row belongs to decides what must go when one of them is moved.
    """
    standing = {(row.position, row.values): row for row in published}
    asserted = [row for row in wanted if standing.pop(row, None) is None]
    return Difference(list(standing.values()), asserted)
