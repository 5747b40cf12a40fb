"""Reading a body: bounded in bytes as sent and unzipped, in time, and by the room that all requests share."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple, Protocol

from touchline.producers.collector.limits import Hold
from touchline.producers.collector.refusals import busy, too_large
from touchline.service.deadlines import Deadlines
from touchline.service.problem import RequestRefused

_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_GZIP: Final = b"\x1f\x8b"
_MEMBERS_MAX: Final = 64
"""A gzip file may be many in a row; nobody sends a body so, but each costs a copy of what follows it."""


class Chunks(Protocol):
    """Where bytes come from: aiohttp's request.content."""

    def is_eof(self) -> bool:
        """Whether all bytes are there, so that nobody waits for any."""

    def read_nowait(self) -> bytes:
        """What is there."""

    async def readany(self) -> bytes:
        """What is there, at least a byte; empty at the end."""


class ReadBody(NamedTuple):
    """A whole body."""

    unzipped: bytes
    sent: bytes
    """As it was sent; empty where it was not to be kept."""


async def read_body(
    chunks: Chunks,
    encoding: str,
    limit_bytes: int,
    deadlines: Deadlines,
    seconds: float,
    hold: Hold,
    *,
    keeps_sent: bool = False,
) -> ReadBody:
    """The whole body. Raises RequestRefused: 408, 413, 415, 400 (damaged zip), 503 (no room)."""
    body = _Body(encoding.strip().lower(), limit_bytes, hold, keeps_sent)
    if chunks.is_eof():
        body.add(chunks.read_nowait())
        return body.whole()
    try:
        with deadlines.within(seconds):
            while chunk := await chunks.readany():
                body.add(chunk)
    except TimeoutError:
        raise RequestRefused(
            408, f"the body did not arrive within {seconds:g} s", "send smaller requests, or fix the connection"
        ) from None
    return body.whole()


class _Body:
    """A body that comes in pieces. One that begins as gzip is unzipped whatever its header says: some senders zip and do not say so, and
    no text begins so."""

    def __init__(self, encoding: str, limit_bytes: int, hold: Hold, keeps_sent: bool) -> None:
        self._is_plain = encoding in ("", "identity")
        self._inflate = None if self._is_plain else _Inflate(encoding, limit_bytes)
        self._limit_bytes = limit_bytes
        self._hold = hold
        self._keeps_sent = keeps_sent
        self._sent_bytes = 0
        self._zipped: list[bytes] = []
        self._bytes = 0
        self._begun = b""
        """A first byte alone that may be gzip's: the next one tells."""
        self._parts: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """The next piece as it was sent. Raises RequestRefused."""
        self._sent_bytes += len(chunk)
        if self._sent_bytes > self._limit_bytes:
            raise too_large(self._limit_bytes)
        if self._is_plain and self._inflate is None and not self._parts:
            chunk = self._begun + chunk
            self._begun = chunk if chunk == _GZIP[:1] else b""
            if self._begun:
                return
            if chunk[:2] == _GZIP:
                self._inflate = _Inflate("gzip", self._limit_bytes)
        self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        part = chunk if self._inflate is None else self._inflate.feed(chunk, self._limit_bytes - self._bytes)
        is_kept_zipped = self._keeps_sent and self._inflate is not None
        if not self._hold.grow(len(part) + (len(chunk) if is_kept_zipped else 0)):
            raise busy("too many bytes are in flight")
        if is_kept_zipped:
            self._zipped.append(chunk)
        self._parts.append(part)
        self._bytes += len(part)

    def whole(self) -> ReadBody:
        """After the last piece. Raises RequestRefused."""
        if self._begun:  # there was no next one
            self._keep(self._begun)
        if self._inflate is not None:
            self._inflate.finish()
        unzipped = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if not self._keeps_sent:
            return ReadBody(unzipped, b"")
        return ReadBody(unzipped, unzipped if self._inflate is None else b"".join(self._zipped))


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
