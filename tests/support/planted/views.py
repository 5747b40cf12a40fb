"""What stands in a file, and what its compressed pieces hold: ClickHouse's blocks, Kafka's batches, gzip."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from gzip import BadGzipFile, decompress as gunzip
from pathlib import Path
from typing import Final

import zstandard
from clickhouse_driver.compression.base import CityHash128
from clickhouse_driver.compression.lz4 import Decompressor as Lz4
from kafka.record.memory_records import MemoryRecords

_CHECKSUM: Final = 16
_HEAD: Final = struct.Struct("<BII")
"""Method, size with these nine bytes, size of what it holds."""
_LZ4, _ZSTD = 0x82, 0x90
_GZIP: Final = b"\x1f\x8b"


def views(path: Path) -> Iterator[bytes]:
    """The file's own bytes first."""
    data = path.read_bytes()
    yield data
    yield from blocks(data)
    if path.suffix == ".log" and path.with_suffix(".index").exists():
        yield from batches(data)
    if data.startswith(_GZIP):
        try:
            yield gunzip(data)
        except (BadGzipFile, EOFError):
            return


def blocks(data: bytes) -> Iterator[bytes]:
    """What ClickHouse's compressed blocks hold, each of which has a checksum before it; nothing of a file that has none."""
    at = 0
    while at + _CHECKSUM + _HEAD.size <= len(data):
        method, size, size_held = _HEAD.unpack_from(data, at + _CHECKSUM)
        piece = data[at + _CHECKSUM : at + _CHECKSUM + size]
        if size < _HEAD.size or len(piece) < size or not _is_whole(data[at : at + _CHECKSUM], piece):
            return
        yield _held(method, piece[_HEAD.size :], size_held)
        at += _CHECKSUM + size


def batches(segment: bytes) -> Iterator[bytes]:
    """Key, value and headers of each record of a log segment of Kafka."""
    records = MemoryRecords(segment)
    while (batch := records.next_batch()) is not None:
        for record in batch:
            headers = b"\n".join(
                name.encode() + b"=" + (value or b"") for name, value in getattr(record, "headers", ())
            )
            yield b"\n".join((record.key or b"", record.value or b"", headers))


def checksum_of(piece: bytes) -> bytes:
    """As ClickHouse writes it before a block: of the 128 bits the upper half first."""
    number = CityHash128(piece)
    return struct.pack("<QQ", number >> 64, number & (1 << 64) - 1)


def _is_whole(checksum: bytes, piece: bytes) -> bool:
    return checksum_of(piece) == checksum


def _held(method: int, packed: bytes, size: int) -> bytes:
    if method == _LZ4:
        return bytes(Lz4(None).decompress_data(packed, size))
    if method == _ZSTD:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    return packed  # as it is, or numbers by their differences: these hold no text
