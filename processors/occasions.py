"""Answers follow the events that they name, wherever these are stored and whichever comes first.

The batch that brings an answer looks its occasion up, in all partitions and in the batch itself. What comes later is found by a tick: the
partition reads which events got or lost rows since it looked last (news.py), and restates the answers that name them.

Why: docs/decisions/0185.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.ledger import OccasionRow
from touchline.processors.ledger.rows import Block
from touchline.processors.state.erasures import Erasures
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
from touchline.processors.values.records import position_of

_SOURCE, _ID = ATTACHED.index("source"), ATTACHED.index("event_id")


def take_from_occasions(
    partition: Partition,
    stored: Sequence[Block],
    followed: Followed,
    maps: Sequence[CompiledMap],
    erasures: Erasures,
) -> list[AttachedRow]:
    """The rows that should stand of those followed again. From the first answer on that names an event the partition follows occasions.

    `stored` are the blocks of the batch's touchpoints and of its other events. Answers of the batch that take something from their
    occasion leave `followed.attached`, whose rows say what the record says, and stand among the rows.
    """
    touchpoints, others = stored
    naming = [placed for placed in _placed(others) if names_occasion(placed[1])]
    partition.has_naming_answers = partition.has_naming_answers or bool(naming)
    naming = [placed for placed in naming if any(placed[0] in of_map for of_map in followed.attached)]
    again = (one for on_journey, _ in followed.again for one in on_journey if names_occasion(one[1]))
    keys = {occasion_key(fact) for _, fact in chain(naming, again)}
    occasions = _occasions(partition, keys, touchpoints, followed, maps, erasures) if keys else {}
    known = {key for key, _ in occasions}
    taking = [placed for placed in naming if occasion_key(placed[1]) in known]
    by_map: ByMap = [[of_map.pop(offset, None) for offset, _ in taking] for of_map in followed.attached]
    taking = [(position_of(partition.number, offset), fact) for offset, fact in taking]
    return [
        row
        for on_journey, attachments in (*followed.again, (taking, by_map))
        for row in attached_rows(on_journey, attachments, maps, occasions)
    ]


def _occasions(
    partition: Partition,
    keys: set[Key],
    touchpoints: Block,
    followed: Followed,
    maps: Sequence[CompiledMap],
    erasures: Erasures,
) -> Occasions:
    """The occasions as they will stand after this insert. One that is nobody's by now is found by its hidden id."""
    replaced = {row.row_id for row in followed.published}
    named = erasures.hidden_keys(keys)
    asked = sorted(keys | named.keys())
    rows: list[OccasionRow] = [row for row in partition.ledger.occasions_of(asked) if row.row_id not in replaced]
    for on_journey, by_map in followed.again:
        rows += rows_of_batch(on_journey, by_map, maps)
    arrived = [
        placed
        for placed in _placed(touchpoints)
        if key_of(placed) in keys and any(placed[0] in of_map for of_map in followed.attached)
    ]
    attached = [[of_map.get(offset) for offset, _ in arrived] for of_map in followed.attached]
    arrived = [(position_of(partition.number, offset), fact) for offset, fact in arrived]
    rows += rows_of_batch(arrived, attached, maps)
    return occasions_of([*rows, *_under_their_names(rows, named)])


def _under_their_names(rows: Sequence[OccasionRow], named: Mapping[Key, Key]) -> Iterator[OccasionRow]:
    """The rows of hidden events once more, under the ids by which answers name them."""
    for row in rows:
        key = named.get((row.values[_SOURCE], row.values[_ID]))
        if key is not None and key[1] != row.values[_ID]:
            yield row._replace(values=(*row.values[:_ID], key[1], *row.values[_ID + 1 :]))


def _placed(block: Block) -> Iterator[Placed]:
    rows: Any = block.rows
    return zip(block.offsets, rows, strict=True)
