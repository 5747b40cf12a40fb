"""One kept-alive connection that has at most one request on its way, and reads no more of an answer than it must."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

ACCEPTED = frozenset((200, 202))
_HEAD_END = b"\r\n\r\n"


class Answered(NamedTuple):
    """What came back."""

    status: int
    retry_after: str | None
    body: bytes


OnAnswer = Callable[["Connection", Answered | None], None]
"""Hears of an answer, or None where the connection ended amid a request."""


class Connection(asyncio.Protocol):
    """`number` is that of the request on its way, None while it is idle."""

    def __init__(self, on_answer: OnAnswer, on_idle_end: Callable[[Connection], None]) -> None:
        self._on_answer = on_answer
        self._on_idle_end = on_idle_end
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self.number: int | None = None
        self.sent_s = 0.0
        self.is_open = False
        self.is_closing = False

    def send(self, number: int, request: bytes, now_s: float) -> None:
        """To be called while it is idle and open."""
        assert self._transport is not None
        assert self.number is None
        self.number, self.sent_s = number, now_s
        self._transport.write(request)

    def close(self) -> None:
        """By us: nobody hears of it."""
        self.is_closing = True
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's."""
        self.is_open = False
        if self.is_closing:
            return
        if self.number is None:
            self._on_idle_end(self)
        else:
            self._on_answer(self, None)

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        self._received += data
        at = self._received.find(_HEAD_END)
        if at < 0:
            return
        head = self._received[:at].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        begin = at + len(_HEAD_END)
        end = begin + int(fields["content-length"])
        if len(self._received) < end:
            return
        body, self._received = self._received[begin:end], b""
        status = int(head[0].split(" ", 2)[1])
        self._on_answer(self, Answered(status, fields.get("retry-after"), body))
