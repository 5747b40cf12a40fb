"""Blocks of FORMAT Native: find where one ends without decoding it, so that its bytes pass through as they are."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

from clickhouse_driver.bufferedreader import CompressedBufferedReader
from clickhouse_driver.columns.util import get_inner_columns
from clickhouse_driver.reader import read_binary_bytes
from clickhouse_driver.varint import read_varint, write_varint

Columns = list[tuple[str, str]]
_WIDTHS = {f"{kind}{bits}": bits // 8 for kind in ("Int", "UInt", "Decimal") for bits in (8, 16, 32, 64, 128, 256)}
_WIDTHS |= {"Bool": 1, "Enum8": 1, "Enum16": 2, "Nothing": 1, "Float32": 4, "Float64": 8, "BFloat16": 2, "UUID": 16}
_WIDTHS |= {"Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8, "IPv4": 4, "IPv6": 16}
_REPEATED, _NESTED = ("Array", "Map", "Nested"), ("Array", "Map", "Nested", "Nullable", "Tuple")


class Tape:
    """A clickhouse-driver reader over chunks of bytes that gives back what was read since `mark()`.

    `more` returns the next chunk, b"" at the end: then reading raises EOFError.
    """

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more, self._passed, self._start = more, list[bytes](), 0
        self.reader: Any = CompressedBufferedReader(self._next, 0)

    def _next(self) -> bytes:
        self._passed.append(bytes(self.reader.buffer[self._start :]))
        self._start = 0
        return self._more()

    def mark(self) -> None:
        """Begin a new recording here."""
        self._passed, self._start = [], self.reader.position

    def taken(self) -> bytes:
        """All bytes read since `mark()`."""
        return b"".join(self._passed) + bytes(self.reader.buffer[self._start : self.reader.position])

    def number(self, width: int = 0) -> int:
        """A little-endian unsigned number of `width` bytes, or else one of variable length."""
        return int.from_bytes(self.reader.read(width), "little") if width else int(read_varint(self.reader))

    def text(self) -> str:
        """A length-prefixed string; bytes that are no UTF-8 survive a round trip."""
        return str(read_binary_bytes(self.reader), "utf-8", "surrogateescape")

    def skip(self, size: int) -> None:
        """Read `size` bytes in pieces, so that a false size can't ask for all the memory at once."""
        for start in range(0, size, 1 << 20):
            self.reader.read(min(size - start, 1 << 20))


def skip_block(tape: Tape) -> Columns:
    """Read one block; its columns as (name, type). ValueError: it can't be; EOFError: it breaks off."""
    n_columns, rows = tape.number(), tape.number()
    columns = []
    for _ in range(n_columns):
        columns.append((tape.text(), tape.text()))
        _skip_column(tape, columns[-1][1], rows)
    return columns


def with_types(block: bytes, columns: Columns) -> bytes:
    """The same block under these types of its columns, which must be laid out alike."""
    tape = Tape(iter((block, b"")).__next__)
    tape.mark()
    _, rows = tape.number(), tape.number()
    parts = [tape.taken()]
    for name, type_name in columns:
        _, written = tape.text(), tape.text()
        tape.mark()
        _skip_column(tape, written, rows)
        parts += [pack(name, type_name), tape.taken()]
    return b"".join(parts)


def pack(*parts: int | str | bytes) -> bytes:
    """Numbers at variable length, strings with their length before them, bytes as they are."""
    out = io.BytesIO()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        if not isinstance(part, bytes):
            write_varint(data if isinstance(data, int) else len(data), out)
        out.write(b"" if isinstance(data, int) else data)
    return out.getvalue()


def split_blocks(data: bytes) -> Iterator[bytes]:
    """The single blocks of a whole result."""
    tape = Tape(iter((data, b"")).__next__)
    while tape.reader.position < len(data):
        tape.mark()
        skip_block(tape)
        yield tape.taken()


def _parse(spec: str) -> tuple[str, list[str], int]:
    """`Map(String, UInt8)` as ("Map", ["String", "UInt8"], bytes of one value or 0), without names."""
    name, _, inner = spec.strip().partition("(")
    arguments = get_inner_columns(inner.strip()[:-1].strip())
    if name == "SimpleAggregateFunction":
        return _parse(arguments[-1])
    width = int(arguments[0]) if name == "FixedString" else _WIDTHS.get(name, 8 * name.startswith("Interval"))
    if name == "Decimal":
        width = next(size for digits, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if int(arguments[0]) <= digits)
    return name, arguments, width


def _skip_column(tape: Tape, type_name: str, rows: int) -> None:
    if rows:
        spec = re.sub(r"'(?:[^'\\]|\\.)*'|`[^`]*`", "x", type_name)  # quoted text may hold brackets
        _skip_prefix(tape, spec)
        _skip_data(tape, spec, rows)


def _skip_prefix(tape: Tape, spec: str) -> None:
    name, arguments, _ = _parse(spec)
    tape.skip(8 if name == "LowCardinality" else 0)
    for argument in arguments if name in _NESTED else ():
        _skip_prefix(tape, argument)


def _skip_data(tape: Tape, spec: str, rows: int) -> None:
    name, arguments, width = _parse(spec)
    if width or not rows:
        tape.skip(width * rows)
    elif name == "String":
        tape.reader.read_strings(rows)
    elif name == "LowCardinality":
        key_width = 1 << (tape.number(8) & 0xFF)
        _skip_data(tape, re.sub(r"^Nullable\((.*)\)$", r"\1", arguments[0]), tape.number(8))
        tape.skip(tape.number(8) * key_width)
    elif name in _NESTED:
        tape.skip(8 * (rows - 1) if name in _REPEATED else rows if name == "Nullable" else 0)
        rows = tape.number(8) if name in _REPEATED else rows
        for argument in arguments:
            _skip_data(tape, argument, rows)
    else:
        raise ValueError(f"columns of type {name} are not supported by the local ClickHouse server shim")
