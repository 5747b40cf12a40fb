"""Columns to ClickHouse's native format, a column at a time.

clickhouse-driver walks every value of a LowCardinality, Map, Date or DateTime64 column in Python and knows no constant columns; half of
the ledger's cells are defaults (a received row has no stage, an attached row no payload), and most columns repeat a few values. So runs
of one value are written by repeating its bytes, numbers by one `array`, dictionaries by one `map`; only strings are left to the driver.

Why: docs/decisions/0063.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple, overload

from clickhouse_driver.bufferedwriter import CompressedBufferedWriter
from clickhouse_driver.columns.service import get_column_by_spec

from touchline.processors.ledger.columns import default_of


class Same(Sequence[Any]):
    """A run of one value. Recognising it costs one comparison a value, writing it nothing."""

    __slots__ = ("rows", "value")

    def __init__(self, value: Any, count: int) -> None:
        self.value = value
        self.rows = count

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value, self.rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return ((self.value,) * self.rows)[index]


class EncodedColumn(NamedTuple):
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
_MAP = "Map(LowCardinality(String), "
_KEYS_VERSION = (1).to_bytes(8, "little")
_HAS_OWN_KEYS = 1 << 9 | 1 << 10
_WRITER_BYTES = 1 << 18
_KEY_TYPECODES = ((1 << 8, 0, "B"), (1 << 16, 1, "H"), (1 << 32, 2, "I"))


class Texts:
    """Writes texts of one insert. A piece that occurs in several places (an attached row repeats what its received row says, a person
    its identifier) is encoded once and kept as bytes: half of all texts."""

    def __init__(self, columns: Sequence[EncodedColumn]) -> None:
        counts = Counter(id(piece) for column in columns for _, piece in column.pieces)
        self._encoded: dict[int, bytes] = {piece: b"" for piece, count in counts.items() if count > 1}

    def write(self, piece: Sequence[Any], buffer: Any) -> None:
        """Write one piece, whose object must live as long as the insert."""
        encoded = self._encoded.get(id(piece))
        if encoded is None:
            buffer.write_strings(piece, encoding="utf-8")
            return
        if not encoded:
            whole = BytesIO()
            writer = CompressedBufferedWriter(
                whole, _WRITER_BYTES
            )  # hands its bytes to whatever can write; compresses nothing itself
            writer.write_strings(piece, encoding="utf-8")
            writer.flush()
            encoded = self._encoded[id(piece)] = whole.getvalue()
        buffer.write(encoded)


def write_column(column: EncodedColumn, spec: str, buffer: Any, context: Any, texts: Texts) -> None:
    """Write the column's values in the native format of ClickHouse type `spec`. Raises OverflowError or TypeError on a value that does
    not fit, before anything of the column is written."""
    typecode = _TYPECODES.get(spec.partition("(")[0])
    if typecode is not None:
        buffer.write(_numbers(column, typecode))
    elif spec == _LOW_CARDINALITY:
        buffer.write(_KEYS_VERSION)
        _write_low_cardinality(column, buffer)
    elif spec == "String":
        _write_strings(column, buffer, texts)
    elif spec.startswith(_MAP):
        _write_map(column, spec.removeprefix(_MAP).removesuffix(")"), buffer, context, texts)
    else:
        driver_column = get_column_by_spec(spec, {"context": context, "types_check": False})
        values = column.values()
        driver_column.write_state_prefix(buffer, values)
        driver_column.write_data(values, buffer)


def _numbers(column: EncodedColumn, typecode: str) -> bytes:
    size = array(typecode).itemsize
    parts: list[bytes] = []
    packed: dict[int, bytes] = {}  # an attached row repeats what its received row says: the very piece
    for count, piece in _runs(column):
        if piece is None:
            parts.append(bytes(size * count))
        else:
            parts.append(packed.get(id(piece)) or packed.setdefault(id(piece), _packed(piece, typecode)))
    return b"".join(parts)


def _packed(piece: Sequence[Any], typecode: str) -> bytes:
    if type(piece) is Same:
        return array(typecode, (piece.value,)).tobytes() * len(piece)
    return array(typecode, piece).tobytes()


def _runs(column: EncodedColumn) -> Iterator[tuple[int, Sequence[Any] | None]]:
    """Number of rows and values of each run from the first row to the last; None: defaults."""
    row = 0
    for start, piece in column.pieces:
        if start > row:
            yield start - row, None
        row = start + len(piece)
        yield len(piece), piece
    if column.row_count > row:
        yield column.row_count - row, None


def _write_strings(column: EncodedColumn, buffer: Any, texts: Texts) -> None:
    for count, piece in _runs(column):
        if piece is None:
            buffer.write(bytes(count))  # an empty string is its length, one zero
        else:
            texts.write(piece, buffer)


def _write_low_cardinality(column: EncodedColumn, buffer: Any) -> None:
    """Dictionary and keys; key 0 is the default, so rows outside the pieces are zeros. (The version of the keys stands before.)"""
    index: dict[str, int] = {"": 0}
    keys_of: dict[int, Sequence[int]] = {}
    for _, piece in column.pieces:
        if id(piece) not in keys_of:
            if type(piece) is Same:
                keys_of[id(piece)] = Same(index.setdefault(piece.value, len(index)), len(piece))
                continue
            for value in dict.fromkeys(piece):
                index.setdefault(value, len(index))
            keys_of[id(piece)] = list(map(index.__getitem__, piece))
    keyed = [(start, keys_of[id(piece)]) for start, piece in column.pieces]
    width, typecode = next((width, code) for bound, width, code in _KEY_TYPECODES if len(index) <= bound)
    keys = _numbers(column._replace(pieces=keyed), typecode)
    buffer.write((_HAS_OWN_KEYS | width).to_bytes(8, "little") + len(index).to_bytes(8, "little"))
    buffer.write_strings(list(index), encoding="utf-8")
    buffer.write(column.row_count.to_bytes(8, "little") + keys)


def _write_map(column: EncodedColumn, value_spec: str, buffer: Any, context: Any, texts: Texts) -> None:
    """Ends of the rows in what follows: all names, then all values. 0.7 µs an event less than by the driver."""
    names: list[str] = []
    values: list[Any] = []
    ends = array("Q")
    for count, piece in _runs(column):
        if piece is None:
            ends += array("Q", (len(names),)) * count
            continue
        ends += array("Q", accumulate(map(len, piece), initial=len(names)))[1:]
        names += chain.from_iterable(piece)
        values += chain.from_iterable(one.values() for one in piece)
    buffer.write(_KEYS_VERSION + ends.tobytes())
    if names:
        _write_low_cardinality(EncodedColumn(column.name, len(names), [(0, names)]), buffer)
        write_column(EncodedColumn(column.name, len(values), [(0, values)]), value_spec, buffer, context, texts)
