"""Reading a body: bounded in bytes as sent and unzipped, in time, and by the room that all requests share."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final, Protocol

from touchline.producers.collector.limits import Hold
from touchline.producers.collector.refusals import busy, too_large
from touchline.service.problem import RequestRefused

_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_MEMBERS_MAX: Final = 64
"""A gzip file may be many in a row; nobody sends a body so, but each costs a copy of what follows it."""


class Chunks(Protocol):
    """Where bytes come from: aiohttp's request.content."""

    async def readany(self) -> bytes:
        """What is there, at least a byte; empty at the end."""


async def read_body(chunks: Chunks, encoding: str, limit_bytes: int, seconds: float, hold: Hold) -> bytes:
    """The whole body, unzipped. Raises RequestRefused: 408, 413, 415, 400 (damaged zip), 503 (no room)."""
    encoding = encoding.strip().lower()
    inflate = None if encoding in ("", "identity") else _Inflate(encoding, limit_bytes)
    body = bytearray()
    sent_bytes = 0
    try:
        async with asyncio.timeout(seconds):
            while chunk := await chunks.readany():
                sent_bytes += len(chunk)
                if sent_bytes > limit_bytes:
                    raise too_large(limit_bytes)
                part = chunk if inflate is None else inflate.feed(chunk, limit_bytes - len(body))
                if not hold.grow(len(part)):
                    raise busy("too many bytes are in flight")
                body += part
    except TimeoutError:
        raise RequestRefused(
            408, f"the body did not arrive within {seconds:g} s", "send smaller requests, or fix the connection"
        ) from None
    if inflate is not None:
        inflate.finish()
    return bytes(body)


class _Inflate:
    """Unzips chunk by chunk and never makes more bytes than may still come."""

    def __init__(self, encoding: str, limit_bytes: int) -> None:
        if encoding not in _WINDOW_BITS:
            raise RequestRefused(
                415, "the Content-Encoding is not known", f"use one of {', '.join(_WINDOW_BITS)}, or none"
            )
        self._bits = _WINDOW_BITS[encoding]
        self._limit_bytes = limit_bytes
        self._one = zlib.decompressobj(self._bits)
        self._members = 1

    def feed(self, chunk: bytes, room_bytes: int) -> bytes:
        out = bytearray()
        try:
            while chunk:
                out += self._one.decompress(chunk, room_bytes - len(out) + 1)
                if len(out) > room_bytes:
                    raise too_large(self._limit_bytes)
                chunk = self._one.unconsumed_tail
                if self._one.eof:
                    chunk = self._one.unused_data
                    if chunk:
                        self._begin_member()
        except zlib.error:
            raise RequestRefused(400, "the body is not what its Content-Encoding says", "zip it, or leave it") from None
        return bytes(out)

    def finish(self) -> None:
        """After the last chunk: the archive must be at its end."""
        if not self._one.eof:
            raise RequestRefused(400, "the zipped body ends too early", "send all of it")

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MEMBERS_MAX:
            raise RequestRefused(400, f"the body is more than {_MEMBERS_MAX} gzip files in a row", "zip it as one")
        self._one = zlib.decompressobj(self._bits)
