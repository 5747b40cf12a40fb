"""The life of an HTTP service: listen within limits, and end within seconds when told to."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from touchline.errors import WrongUsage


class Limits(NamedTuple):
    """What a connection may cost. Those that are not set are aiohttp's own."""

    keepalive_seconds: float
    """How long a connection may be idle, and how long it may take for the head of a request."""
    last_answers_seconds: float
    """How long requests that are open at the end may still take."""
    line_bytes: int = 8190
    """Of a request's first line."""
    read_buffer_bytes: int = 1 << 18
    linger_seconds: float = 10.0
    """How long the rest of a body is read that nobody wants."""
    backlog: int = 128
    unzips: bool = True
    cancels: bool = False
    """A client who leaves ends its handler."""


class Service:
    """An application at an address, from `start` to `stop`."""

    def __init__(self, app: web.Application, host: str, port: int, limits: Limits, taken_hint: str) -> None:
        """`taken_hint` says what to do where the port is taken."""
        self._host, self._port = host, port
        self._backlog = limits.backlog
        self._taken_hint = taken_hint
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=limits.cancels,
            auto_decompress=limits.unzips,
            keepalive_timeout=limits.keepalive_seconds,
            lingering_time=limits.linger_seconds,
            max_line_size=limits.line_bytes,
            read_bufsize=limits.read_buffer_bytes,
            shutdown_timeout=limits.last_answers_seconds,
        )

    async def start(self) -> None:
        """Raises WrongUsage when the port is taken."""
        logging.getLogger("aiohttp.server").disabled = True  # it logs addresses of clients; as_problem logs our faults
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=self._backlog).start()
        except OSError as error:
            await self._runner.cleanup()
            raise WrongUsage(
                f"cannot listen on {self._host}:{self._port} ({error.strerror})", self._taken_hint
            ) from None

    async def stop(self, answer_the_last: Callable[[], Awaitable[None]] | None = None) -> None:
        """Listen no more, then end what is open. aiohttp reads no further from connections then; where a body that has begun to arrive
        may end, `answer_the_last` waits for it."""
        for site in self._runner.sites:
            await site.stop()
        if answer_the_last is not None:
            await answer_the_last()
        await self._runner.cleanup()


def on_stop_signal(stop: Callable[[], None]) -> None:
    """Have it called at SIGTERM and SIGINT, in the running loop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
