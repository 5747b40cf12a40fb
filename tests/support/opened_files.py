"""Which files of ClickHouse hold a text, also where they are compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cramjam
import zstandard

from tests.support.live_files import files_below

_CHECKSUM, _HEAD = 16, 9
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90


def files_with(folder: Path, text: str) -> list[str]:
    """The files in which the text stands, as it is or in a compressed block."""
    return [
        str(path) for path, content in files_below(folder) if any(text.encode() in part for part in opened(content))
    ]


def opened(content: bytes) -> Iterator[bytes]:
    """The bytes as they are, and those of the compressed blocks that they are made of: checksum, method, size compressed and not."""
    yield content
    at = _CHECKSUM
    while at + _HEAD <= len(content):
        method, size = content[at], int.from_bytes(content[at + 1 : at + 5], "little")
        whole, body = int.from_bytes(content[at + 5 : at + _HEAD], "little"), content[at + _HEAD : at + size]
        if at + size > len(content) or size < _HEAD:
            return
        if method == _LZ4:
            yield bytes(cramjam.lz4.decompress_block(body, output_len=whole))
        elif method == _ZSTD:
            yield zstandard.decompress(body, max_output_size=whole)
        elif method == _NONE:
            yield body
        at += size + _CHECKSUM
