"""Answers follow the events that they name, wherever these are stored and whichever comes first.

The batch that brings an answer looks its occasion up, in all partitions and in the batch itself. What comes later is found by a tick: the
partition reads which events got or lost rows since it looked last, and restates the answers that name them. How far it has looked is kept
as cursors, one a stream, in the mark of each insert. They are read before anything is looked up, so no change falls between the two.

Why: docs/decisions/0185.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.ledger import OccasionRow
from touchline.processors.ledger.rows import Block
from touchline.processors.state.partition import Partition
from touchline.processors.steps.diff import AttachedRow
from touchline.processors.steps.follow import ByMap, Followed, attached_rows
from touchline.processors.steps.occasion import (
    Key,
    Occasions,
    names_occasion,
    occasion_key,
    occasions_of,
    rows_of_batch,
)
from touchline.processors.steps.resolve import Placed, key_of
from touchline.processors.values.records import Cursors, NewRecords, Work

INSERTS_AT_ONCE = 25
"""Of each stream, whose changes are looked at in one go: one insert holds up to `batch_rows` events."""
GOES_PER_TICK = 40
"""So that batches need not wait long for a partition that was without a worker."""
RESTATED_AT_ONCE = 2_000
"""Answers that are restated in one insert."""
UNMARKED_INSERTS = 2_000
"""Inserts of all streams after which a mark alone says that they were read, so that a new owner need not read them again."""


def work_of_tick(partition: Partition, *, must_mark: bool) -> Iterator[Work]:
    """What is to be done without any record: answers of the partition whose occasion came or changed, in any stream. Each piece must be
    done before the next one is asked for. A partition without answers that name an event asks nothing. Raises LedgerUnavailable."""
    nothing = NewRecords.none_after(partition.mark.last_offset)
    positions = {} if partition.cursors is None else partition.ledger.positions()
    for _ in range(GOES_PER_TICK):
        before = partition.cursors
        if before is None or before == positions:
            break
        cursors = {name: min(newest, before.get(name, 0) + INSERTS_AT_ONCE) for name, newest in positions.items()}
        restated = partition.ledger.answers_naming(partition.number, before, cursors)
        for start in range(0, len(restated), RESTATED_AT_ONCE):
            yield Work(nothing, False, restated[start : start + RESTATED_AT_ONCE])
        partition.look_to(cursors)
    if must_mark or partition.unmarked_inserts > UNMARKED_INSERTS:
        yield Work(nothing, True)


def take_from_occasions(
    partition: Partition, stored: Sequence[Block], followed: Followed, maps: Sequence[CompiledMap]
) -> tuple[Cursors | None, list[AttachedRow]]:
    """How far the streams were read before this insert, and the rows that should stand of those followed again.

    `stored` are the blocks of the batch's touchpoints and of its other events. Answers of the batch that take something from their
    occasion leave `followed.attached`, whose rows say what the record says, and stand among the rows.
    """
    touchpoints, others = stored
    naming = [placed for placed in _placed(others) if names_occasion(placed[1])]
    cursors = partition.cursors
    if naming and cursors is None:
        cursors = partition.ledger.positions()
    naming = [placed for placed in naming if any(placed[0] in of_map for of_map in followed.attached)]
    again = (one for on_journey, _ in followed.again for one in on_journey if names_occasion(one[1]))
    keys = {occasion_key(fact) for _, fact in chain(naming, again)}
    occasions = _occasions(partition, keys, touchpoints, followed, maps) if keys else {}
    known = {key for key, _ in occasions}
    taking = [placed for placed in naming if occasion_key(placed[1]) in known]
    by_map: ByMap = [[of_map.pop(offset, None) for offset, _ in taking] for of_map in followed.attached]
    wanted = [
        row
        for on_journey, attachments in (*followed.again, (taking, by_map))
        for row in attached_rows(on_journey, attachments, maps, occasions)
    ]
    return cursors, wanted


def _occasions(
    partition: Partition, keys: set[Key], touchpoints: Block, followed: Followed, maps: Sequence[CompiledMap]
) -> Occasions:
    """The occasions as they will stand after this insert."""
    replaced = {row.row_id for row in followed.published}
    rows: list[OccasionRow] = [row for row in partition.ledger.occasions_of(sorted(keys)) if row.row_id not in replaced]
    for on_journey, by_map in followed.again:
        rows += rows_of_batch(partition.number, on_journey, by_map, maps)
    arrived = [
        placed
        for placed in _placed(touchpoints)
        if key_of(placed) in keys and any(placed[0] in of_map for of_map in followed.attached)
    ]
    attached = [[of_map.get(offset) for offset, _ in arrived] for of_map in followed.attached]
    return occasions_of([*rows, *rows_of_batch(partition.number, arrived, attached, maps)])


def _placed(block: Block) -> Iterator[Placed]:
    rows: Any = block.rows
    return zip(block.offsets, rows, strict=True)
