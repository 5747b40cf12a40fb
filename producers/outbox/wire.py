"""Bytes of the outbox: records as Kafka's format 2 has them, in blocks with length and checksum.

A block is what one write adds, and it counts whole or not at all:

    crc32 of all that follows (4 bytes) | bytes of records (4) | milliseconds since the epoch when written (8) |
    number of records (4) | records

    record: bytes of body (4) | murmur2 of the key (4) | body

All numbers are little-endian. A body is a Kafka record from its key on: key, value and headers with their lengths. In
front of that Kafka wants length, attributes, time and offset, which are known when a batch is made: so a batch is made
by joining bytes, and nothing is encoded twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from zlib import crc32

from touchline.producers.record import PreparedRecord, has_offset

_CRC: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<IQI")
_BLOCK: Final = struct.Struct("<IIQI")
_RECORD: Final = struct.Struct("<II")
BLOCK_OVERHEAD_BYTES: Final = _CRC.size + _HEAD.size
MAX_RECORDS_BYTES: Final = 64 << 20
"""A length above this is damage, not a block: nobody writes half as much at once."""

_ATTRIBUTES_AND_TIME: Final = b"\0\0"
"""No attributes, and the time of the batch: each record was written at about the same moment."""


class WireBlock(NamedTuple):
    """One write, read again."""

    end: int
    """Position after its last byte in the buffer that it was read from."""
    written_ms: int
    number: int
    """Of its records."""


class Share(NamedTuple):
    """Records of one partition, in order."""

    bodies: list[bytes]
    positions: list[int]
    """Where each record's block begins."""


class Records(NamedTuple):
    """Records of consecutive blocks."""

    start: int
    end: int
    """Position after the last block."""
    shares: dict[int, Share]
    """By partition."""


def varint(number: int) -> bytes:
    """Kafka's signed, variable length integer (zigzag, seven bits a byte, lowest first)."""
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_VARINTS: Final = tuple(varint(number) for number in range(8192))
_OFFSETS: Final = tuple(_ATTRIBUTES_AND_TIME + number for number in _VARINTS)


def _short(number: int) -> bytes:
    return _VARINTS[number] if number < len(_VARINTS) else varint(number)


def body_of(record: PreparedRecord) -> bytes:
    """The record from its key on, as Kafka's format 2 has it: key, value and `record.headers`."""
    event_id, key, value, source, kind, time = record[:6]
    name = event_id.encode()
    is_timed = time[-1:] == "Z" or has_offset(time)
    at, before_ids = (time.encode(), _BEFORE_IDS_OF_FIVE) if is_timed else (b"", _BEFORE_IDS_OF_FOUR)
    common = _common.get((source, kind, len(at))) or _common_headers(source, kind, len(at))
    return b"".join(
        (_short(len(key)), key, _short(len(value)), value, before_ids[len(name)], name, common, at),
    )


def _counted(text: bytes) -> bytes:
    return _short(len(text)) + text


_MAX_ID_BYTES: Final = 4 * 256
_BEFORE_IDS_OF_FOUR, _BEFORE_IDS_OF_FIVE = (
    tuple(varint(headers) + _counted(b"ce_id") + _short(length) for length in range(_MAX_ID_BYTES + 1))
    for headers in (4, 5)
)
"""Number of headers, name of the first and length of its value, by that length; `ce_time` is the fifth."""
_common: Final[dict[tuple[str, str, int], bytes]] = {}
_COMMON_KEPT: Final = 1_000


def _common_headers(source: str, kind: str, time_bytes: int) -> bytes:
    """The headers that most records of a sender have in common, up to the length of the time where there is one."""
    texts = (b"ce_source", source.encode(), b"ce_type", kind.encode(), b"ce_specversion", b"1.0")
    common = b"".join(map(_counted, texts))
    if time_bytes:
        common += _counted(b"ce_time") + _short(time_bytes)
    if len(_common) < _COMMON_KEPT:
        _common[source, kind, time_bytes] = common
    return common


def record_of(body: bytes) -> PreparedRecord:
    """What `body_of` was given; without its time where that has no offset, and without what only its sender knew."""
    key, at = _bytes_at(body, 0)
    value, at = _bytes_at(body, at)
    count, at = _varint_at(body, at)
    headers: dict[str, str] = {}
    for _ in range(count):
        name, at = _bytes_at(body, at)
        text, at = _bytes_at(body, at)
        headers[name.decode()] = text.decode()
    time = headers.get("ce_time", "")
    return PreparedRecord(headers["ce_id"], key, value, headers["ce_source"], headers["ce_type"], time)


def _varint_at(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7


def _bytes_at(body: bytes, at: int) -> tuple[bytes, int]:
    length, at = _varint_at(body, at)
    return body[at : at + length], at + length


def framed(body: bytes, key_hash: int) -> bytes:
    """A record as it stands in a block."""
    return _RECORD.pack(len(body), key_hash) + body


def block_of(records: Sequence[bytes], written_ms: int) -> bytes:
    """The bytes of one write; `records` are framed."""
    content = records[0] if len(records) == 1 else b"".join(records)
    rest = _HEAD.pack(len(content), written_ms, len(records)) + content
    return _CRC.pack(crc32(rest)) + rest


def read_block(buffer: bytes, at: int) -> WireBlock | None:
    """The block that begins at `at`; None where there is no whole one: torn, damaged, or beyond the buffer."""
    begin = at + BLOCK_OVERHEAD_BYTES
    if begin > len(buffer):
        return None
    checksum, length, written_ms, number = _BLOCK.unpack_from(buffer, at)
    end = begin + length
    if not 0 < length <= MAX_RECORDS_BYTES or end > len(buffer):
        return None
    return WireBlock(end, written_ms, number) if crc32(buffer[at + _CRC.size : end]) == checksum else None


def bytes_wanted(buffer: bytes) -> int:
    """How long the first block says it is; 0 where not even that stands there or the length is impossible."""
    if len(buffer) < BLOCK_OVERHEAD_BYTES:
        return 0
    length: int = _BLOCK.unpack_from(buffer)[1]
    return BLOCK_OVERHEAD_BYTES + length if 0 < length <= MAX_RECORDS_BYTES else 0


def whole_blocks(buffer: bytes, at: int = 0) -> Iterator[WireBlock]:
    """The blocks from `at` on, up to the first byte that is not part of a whole one."""
    while (block := read_block(buffer, at)) is not None:
        yield block
        at = block.end


def read_records(buffer: bytes, start: int, partitions: int) -> Records:
    """The records of all whole blocks from the buffer's begin on; `start` is the position of its first byte."""
    shares: dict[int, Share] = {}
    unpack, overhead = _RECORD.unpack_from, BLOCK_OVERHEAD_BYTES
    at = 0
    while (block := read_block(buffer, at)) is not None:
        record, position = at + overhead, start + at
        for _ in range(block.number):
            length, key_hash = unpack(buffer, record)
            record += 8
            partition = key_hash % partitions
            share = shares.get(partition)
            if share is None:
                share = shares[partition] = Share([], [])
            bodies, positions = share
            bodies.append(buffer[record : record + length])
            positions.append(position)
            record += length
        at = block.end
    return Records(start, start + at, shares)


MAX_BATCH_RECORDS: Final = len(_OFFSETS)


def batch_content(bodies: Sequence[bytes]) -> bytes:
    """The records of one Kafka batch, at most MAX_BATCH_RECORDS, without the batch's header."""
    parts: list[bytes] = []
    extend = parts.extend
    for prefix, body in zip(_OFFSETS, bodies, strict=False):
        extend((_short(len(prefix) + len(body)), prefix, body))
    return b"".join(parts)
