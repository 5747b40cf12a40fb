"""Columns to ClickHouse's native format, a column at a time.

clickhouse-driver walks every value of a LowCardinality, Date or DateTime64 column in Python and knows no constant columns; half of the
ledger's cells are defaults (a received row has no stage, an attached row no payload), and most columns repeat a few values. So runs of
defaults are written as zeros, numbers by one `array`, dictionaries by one `map`; only strings and maps are left to the driver.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from clickhouse_driver.columns.service import get_column_by_spec

from touchline.processors.store.columns import default_of


class Column(NamedTuple):
    """Values of one column, as pieces (first row, values); every other row holds the default."""

    name: str
    row_count: int
    pieces: list[tuple[int, Sequence[Any]]]

    def values(self) -> list[Any]:
        """All values, defaults included. For columns that are not encoded here, and for the in-memory ledger."""
        if len(self.pieces) == 1 and len(self.pieces[0][1]) == self.row_count:
            return list(self.pieces[0][1])
        values = [default_of(self.name)] * self.row_count
        for start, piece in self.pieces:
            values[start : start + len(piece)] = piece
        return values


_TYPECODES = {
    "UInt8": "B", "Int8": "b", "UInt16": "H", "Int16": "h", "UInt32": "I", "Int32": "i", "UInt64": "Q", "Int64": "q",
    "Float64": "d", "Date": "H", "DateTime": "I", "DateTime64": "q",
}  # fmt: skip
_LOW_CARDINALITY = "LowCardinality(String)"
_KEYS_VERSION = (1).to_bytes(8, "little")
_HAS_OWN_KEYS = 1 << 9 | 1 << 10
_KEY_TYPECODES = ((1 << 8, 0, "B"), (1 << 16, 1, "H"), (1 << 32, 2, "I"))


def write_column(column: Column, spec: str, buffer: Any, context: Any) -> None:
    """Write the column's values in the native format of ClickHouse type `spec`. Raises OverflowError or TypeError on a value that does
    not fit, before anything of the column is written."""
    typecode = _TYPECODES.get(re.sub(r"\(.*\)", "", spec))
    if typecode is not None:
        buffer.write(_numbers(column, typecode))
    elif spec == _LOW_CARDINALITY:
        _write_low_cardinality(column, buffer)
    elif spec == "String":
        buffer.write_strings(column.values(), encoding="utf-8")
    else:
        driver_column = get_column_by_spec(spec, {"context": context, "types_check": False})
        values = column.values()
        driver_column.write_state_prefix(buffer, values)
        driver_column.write_data(values, buffer)


def _numbers(column: Column, typecode: str) -> bytes:
    if len(column.pieces) == 1 and len(column.pieces[0][1]) == column.row_count:
        return array(typecode, column.pieces[0][1]).tobytes()
    size = array(typecode).itemsize
    packed = bytearray(size * column.row_count)
    for start, piece in column.pieces:
        packed[start * size : (start + len(piece)) * size] = array(typecode, piece).tobytes()
    return bytes(packed)


def _write_low_cardinality(column: Column, buffer: Any) -> None:
    """Dictionary and keys; key 0 is the default, so rows outside the pieces are zeros."""
    index: dict[str, int] = {"": 0}
    for _, piece in column.pieces:
        for value in dict.fromkeys(piece):
            index.setdefault(value, len(index))
    width, typecode = next((width, code) for bound, width, code in _KEY_TYPECODES if len(index) <= bound)
    keys = _numbers(
        column._replace(pieces=[(start, list(map(index.__getitem__, piece))) for start, piece in column.pieces]),
        typecode,
    )
    head = _KEYS_VERSION + (_HAS_OWN_KEYS | width).to_bytes(8, "little") + len(index).to_bytes(8, "little")
    buffer.write(head)
    buffer.write_strings(list(index), encoding="utf-8")
    buffer.write(column.row_count.to_bytes(8, "little") + keys)
