"""Answers that are sent in time, and the last ones before the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.service.deadlines import Deadlines

OnAnswered = Callable[[web.Request, int, float], None]
"""Gets the request, the status and the seconds that the handler took."""


class Answering:
    """Knows which requests are open. `send` is called for each by the outermost middleware."""

    def __init__(self, send_seconds: float, on_answered: OnAnswered) -> None:
        self._send_seconds = send_seconds
        self._on_answered = on_answered
        self._deadlines = Deadlines()
        self._open = 0
        self._idle: asyncio.Event | None = None
        self.is_stopping = False

    async def send(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's answer, sent: a client that does not read it loses the connection."""
        self._open += 1
        began_s = time.monotonic()
        try:
            response = await handler(request)
            self._on_answered(request, response.status, time.monotonic() - began_s)
            await self._send(request, response)
        finally:
            self._open -= 1
            if self._idle is not None and not self._open:
                self._idle.set()
        return response

    async def last(self, patience_seconds: float) -> None:
        """Returns when no request is open, or when the patience is over. To be called when nobody listens any more: connections that
        are kept alive end with their next answer."""
        self.is_stopping = True
        if not self._open:
            return
        self._idle = asyncio.Event()
        try:
            await asyncio.wait_for(self._idle.wait(), patience_seconds)
        except TimeoutError:
            pass

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        if self.is_stopping:
            response.force_close()
        try:
            with self._deadlines.within(self._send_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
