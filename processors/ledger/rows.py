"""Signed rows on their way into one insert: blocks of one kind, transposed into columns at the end, per batch and not per row.

Why: docs/decisions/0060.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from touchline.processors.ledger.encode import EncodedColumn, Same

INSERT_ROWS_MAX = 1_048_576
"""ClickHouse's largest block: an insert of more rows would be cut into parts that are not atomic together."""

_ORDINAL_BITS = 20
_INSERT_BITS = 32
PARTITIONS_MAX = 1 << 12
PARTITION_SHIFT = _ORDINAL_BITS + _INSERT_BITS


def partition_of_row(row_id: int) -> int:
    """The partition whose writer asserted the row."""
    return row_id >> PARTITION_SHIFT


def insert_of_row(row_id: int) -> int:
    """The number of the insert that asserted the row, within that partition."""
    return row_id >> _ORDINAL_BITS & (1 << _INSERT_BITS) - 1


class Block(NamedTuple):
    """Rows of one kind. `row_ids` is None for assertions (they get new ids), else the ids that are retracted. `same` holds further
    columns of one value each, `more` further columns of each row. Not stored is what has None for its name, or stands behind the names."""

    kind: str
    names: tuple[str | None, ...]
    sign: int
    offsets: list[int]
    rows: list[tuple[object, ...]]
    row_ids: list[int] | None = None
    same: tuple[tuple[str, object], ...] = ()
    more_names: tuple[str, ...] = ()
    more: Sequence[tuple[object, ...]] = ()


class Insert(NamedTuple):
    """One insert of `row_count` rows; columns that hold nothing but defaults are absent. `numbers`: by stream its number there; it has one
    stream, or several that are joined."""

    numbers: Mapping[str, int]
    row_count: int
    columns: list[EncodedColumn]


class TooManyRows(Exception):
    """The difference does not fit into one atomic insert; the caller takes fewer records at once."""


def row_id_base(partition: int, insert_number: int) -> int:
    """First row id of an insert: partition (12 bits), insert number (32), ordinal (20); unique per +1 row of the ledger."""
    if not 0 <= partition < PARTITIONS_MAX:
        raise ValueError(f"partition {partition} does not fit into {PARTITIONS_MAX}")
    if not 0 < insert_number < 1 << _INSERT_BITS:
        raise ValueError(f"insert number {insert_number} is out of range")
    return partition << PARTITION_SHIFT | insert_number << _ORDINAL_BITS


def build_insert(stream: str, partition: int, insert_number: int, stored_time_ms: int, blocks: list[Block]) -> Insert:
    """Transpose the blocks into the columns of one insert.

    Raises TooManyRows above INSERT_ROWS_MAX.
    """
    blocks = [block for block in blocks if block.rows]
    row_count = sum(len(block.rows) for block in blocks)
    if row_count > INSERT_ROWS_MAX:
        raise TooManyRows(f"{row_count} rows")
    next_id = row_id_base(partition, insert_number)
    row = 0
    transposed: dict[int, list[Sequence[object] | None]] = {}
    pieces: dict[str, list[tuple[int, Sequence[object]]]] = {
        "stream": [(0, Same(stream, row_count))],
        "insert_number": [(0, Same(insert_number, row_count))],
        "stored_time": [(0, Same(stored_time_ms, row_count))],
        **{name: [] for name in ("kind", "offset", "sign", "row_id")},
    }
    for block in blocks:
        size = len(block.rows)
        row_ids: Sequence[int] | None = block.row_ids
        if row_ids is None:
            row_ids = list(range(next_id, next_id + size))  # an array takes a list three times as fast as a range
            next_id += size
        pieces["kind"].append((row, Same(block.kind, size)))
        pieces["offset"].append((row, block.offsets))
        pieces["sign"].append((row, Same(block.sign, size)))
        pieces["row_id"].append((row, row_ids))
        shared = transposed.get(id(block.rows))
        if shared is None:
            shared = transposed[id(block.rows)] = _columns(block.rows, len(block.names))
        if len(shared) < len(block.names):
            raise ValueError(f"rows of {len(shared)} values for {len(block.names)} columns")
        named = zip(block.names, shared, strict=False)
        for name, values in chain(
            named, zip(block.more_names, _columns(block.more, len(block.more_names)), strict=True)
        ):
            if name is not None and values is not None:
                pieces.setdefault(name, []).append((row, values))
        for name, value in block.same:
            pieces.setdefault(name, []).append((row, Same(value, size)))
        row += size
    columns = [EncodedColumn(name, row_count, parts) for name, parts in pieces.items()]
    return Insert({stream: insert_number}, row_count, columns)


def join_inserts(inserts: Sequence[Insert]) -> Insert:
    """The same rows in one insert: all are stored, or none. The streams must differ.

    Raises TooManyRows above INSERT_ROWS_MAX.
    """
    row_count = sum(insert.row_count for insert in inserts)
    if row_count > INSERT_ROWS_MAX:
        raise TooManyRows(f"{row_count} rows")
    pieces: dict[str, list[tuple[int, Sequence[object]]]] = {}
    first_row = 0
    for insert in inserts:
        for column in insert.columns:
            pieces.setdefault(column.name, []).extend((first_row + row, values) for row, values in column.pieces)
        first_row += insert.row_count
    numbers = {stream: number for insert in inserts for stream, number in insert.numbers.items()}
    return Insert(numbers, row_count, [EncodedColumn(name, row_count, parts) for name, parts in pieces.items()])


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[Sequence[object] | None]:
    """Values of each of the first columns; None where all are defaults. A text column that repeats the one before it (the person of an
    event is its identifier until persons are merged) is the same object, so that it is encoded once."""
    columns: list[Sequence[object] | None] = []
    before: Sequence[object] = ()
    for values in islice(zip(*rows, strict=True), width):
        first = values[0]
        if first != values[-1] or values.count(first) != len(values):
            if type(first) is str and values == before:
                values = before
            columns.append(values)
            before = values
        else:
            columns.append(Same(first, len(values)) if first else None)
    return columns
