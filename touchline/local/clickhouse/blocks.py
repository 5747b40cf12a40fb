"""Blocks of the native format: find where one ends without decoding it, so that its bytes pass through as they are.

At protocol revision 54440 a block on the wire, behind its block info, equals one block of FORMAT Native.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]
from clickhouse_driver.bufferedreader import CompressedBufferedReader
from clickhouse_driver.reader import read_binary_bytes
from clickhouse_driver.varint import read_varint
from lz4 import block as lz4_block  # type: ignore[import-untyped]

_PIECE_BYTES = 1 << 20
_WIDTHS = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    **{f"Decimal{bits}": bits // 8 for bits in (32, 64, 128, 256)},
    **{"Bool": 1, "Enum8": 1, "Enum16": 2, "Nothing": 1, "Float32": 4, "Float64": 8, "BFloat16": 2, "UUID": 16},
    **{"Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8, "IPv4": 4, "IPv6": 16},
}
_ARGUMENT = re.compile(r"""(?:[^,()'`]|'(?:[^'\\]|\\.)*'|`[^`]*`|(?P<open>\()|(?P<close>\))|(?P<comma>,))""")


class Unreadable(Exception):
    """The bytes are no block, or hold a type that can't be passed through."""


class Block(NamedTuple):
    """Shape of a block: its columns as (name, type), in order, and its number of rows."""

    columns: list[tuple[str, str]]
    rows: int


class Tape:
    """A clickhouse-driver reader over chunks of bytes that gives back what was read since `mark()`.

    `more` returns the next chunk and b"" at the end, upon which reading raises EOFError.
    """

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._passed: list[bytes] = []
        self._start = 0
        self.reader: Any = CompressedBufferedReader(self._next, 0)

    def _next(self) -> bytes:
        self._passed.append(bytes(self.reader.buffer[self._start :]))
        self._start = 0
        return self._more()

    @property
    def is_drained(self) -> bool:
        """Whether all bytes received so far were read."""
        return bool(self.reader.position >= self.reader.current_buffer_size)

    def mark(self) -> None:
        """Begin a new recording here."""
        self._passed = []
        self._start = self.reader.position

    def taken(self) -> bytes:
        """All bytes read since `mark()`."""
        return b"".join(self._passed) + bytes(self.reader.buffer[self._start : self.reader.position])

    def number(self, width: int) -> int:
        """A little-endian unsigned number of `width` bytes."""
        return int.from_bytes(self.reader.read(width), "little")

    def skip(self, size: int) -> None:
        """Read `size` bytes in pieces, so that a false size can't ask for memory at once."""
        while size > 0:
            self.reader.read(min(size, _PIECE_BYTES))
            size -= _PIECE_BYTES

    def text(self) -> str:
        """A length-prefixed string (bytes that are no UTF-8 survive a round trip)."""
        return str(read_binary_bytes(self.reader), "utf-8", "surrogateescape")


def skip_block(tape: Tape) -> Block:
    """Read one block in FORMAT Native; raises Unreadable or EOFError."""
    n_columns, rows = read_varint(tape.reader), read_varint(tape.reader)
    columns = []
    for _ in range(n_columns):
        columns.append((tape.text(), tape.text()))
        if rows:
            name, arguments = _parse(columns[-1][1])
            _skip_prefix(tape, name, arguments)
            _skip_data(tape, name, arguments, rows)
    return Block(columns, rows)


def split_blocks(data: bytes) -> Iterator[bytes]:
    """The single blocks of a whole FORMAT Native result."""
    chunks = [data] if data else []
    tape = Tape(lambda: chunks.pop() if chunks else b"")
    while chunks or not tape.is_drained:
        tape.mark()
        skip_block(tape)
        yield tape.taken()


def compress(data: bytes) -> bytes:
    """One lz4 frame of the native protocol: checksum, method, both sizes, data."""
    packed: bytes = lz4_block.compress(data, store_size=False)
    body = b"\x82" + (len(packed) + 9).to_bytes(4, "little") + len(data).to_bytes(4, "little") + packed
    checksum: int = CityHash128(body)
    return (checksum >> 64).to_bytes(8, "little") + (checksum & (1 << 64) - 1).to_bytes(8, "little") + body


def _parse(spec: str) -> tuple[str, list[str]]:
    """`Map(String, Array(UInt8))` as ("Map", ["String", "Array(UInt8)"])."""
    name, bracket, rest = spec.partition("(")
    if not bracket or name.startswith(("Enum", "DateTime", "Time")):
        return name, []
    arguments, depth = [""], 0
    for match in _ARGUMENT.finditer(rest[:-1]):
        depth += bool(match["open"]) - bool(match["close"])
        if match["comma"] and not depth:
            arguments.append("")
        else:
            arguments[-1] += match.group()
    return name, [argument.strip() for argument in arguments]


def _width(name: str, arguments: list[str]) -> int:
    if name == "FixedString":
        return int(arguments[0])
    if name == "Decimal":
        return next(width for digits, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if int(arguments[0]) <= digits)
    return 8 if name.startswith("Interval") else _WIDTHS.get(name, 0)


def _inner(name: str, arguments: list[str]) -> list[tuple[str, list[str]]]:
    if name == "SimpleAggregateFunction":
        return [_parse(arguments[-1])]
    if name in ("Tuple", "Nested"):  # elements may be named: Tuple(a UInt8, b String)
        return [_parse(re.sub(r"^(?:\w+|`[^`]*`)\s+(?=\w)", "", argument)) for argument in arguments]
    return [_parse(argument) for argument in arguments]


def _skip_prefix(tape: Tape, name: str, arguments: list[str]) -> None:
    if name == "LowCardinality":
        tape.skip(8)
    elif name in ("Array", "Map", "Tuple", "Nested", "Nullable", "SimpleAggregateFunction"):
        for inner in _inner(name, arguments):
            _skip_prefix(tape, *inner)


def _skip_data(tape: Tape, name: str, arguments: list[str], rows: int) -> None:
    if rows == 0:
        return
    if width := _width(name, arguments):
        tape.skip(width * rows)
    elif name == "String":
        tape.reader.read_strings(rows)
    elif name == "LowCardinality":
        key_width = 1 << (tape.number(8) & 0xFF)
        (inner, inner_arguments) = _parse(re.sub(r"^Nullable\((.*)\)$", r"\1", arguments[0]))
        _skip_data(tape, inner, inner_arguments, tape.number(8))
        tape.skip(tape.number(8) * key_width)
    elif name in ("Nullable", "Tuple", "SimpleAggregateFunction", "Array", "Map", "Nested"):
        if name == "Nullable":
            tape.skip(rows)
        if name in ("Array", "Map", "Nested"):
            tape.skip(8 * (rows - 1))
            rows = tape.number(8)
        for inner_name, inner_arguments in _inner(name, arguments):
            _skip_data(tape, inner_name, inner_arguments, rows)
    else:
        raise Unreadable(f"columns of type {name} are not supported by the local ClickHouse face")
