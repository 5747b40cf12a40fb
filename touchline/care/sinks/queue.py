"""The way from the store to a sink: the oldest first, again after a wait, at last a dead letter. Each sink has its own, so none holds up
another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from touchline.care.sinks.model import Sink
from touchline.care.sinks.send import NotTaken, Sender
from touchline.care.store import CareStore, Waiting

log = logging.getLogger("touchline.care")

FIRST_WAIT_US: Final = 1_000_000
LONGEST_WAIT_US: Final = 3_600_000_000
AT_ONCE: Final = 32
_IDLE_SECONDS: Final = 1.0
_Any = TypeVar("_Any")
Stored = Callable[[Callable[[CareStore], _Any]], Awaitable[_Any]]
"""Runs something with the store in its thread."""


def wait_us(attempts: int, asked_seconds: float | None) -> int:
    """How long to wait after so many failures: 1 s, doubled each time, at most an hour; what the sink asks for, where that is longer."""
    own = min(LONGEST_WAIT_US, FIRST_WAIT_US << min(attempts, 20))
    return max(own, min(LONGEST_WAIT_US, round((asked_seconds or 0) * 1_000_000)))


class SinkQueue:
    """One sink. `run` ends when its task is cancelled; what was not delivered waits in the store."""

    def __init__(self, sink: Sink, sender: Sender, stored: Stored[Any], now_us: Callable[[], int]) -> None:
        self.sink = sink
        self._sender = sender
        self._stored = stored
        self._now_us = now_us
        self._news = asyncio.Event()
        self.delivered = 0
        self.failures = 0

    def ring(self) -> None:
        """There may be something new."""
        self._news.set()

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        try:
            while True:
                self._news.clear()
                if await self.deliver_due():
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), _IDLE_SECONDS)
        finally:
            await self._sender.close()

    async def deliver_due(self) -> bool:
        """Tries what is due, some at once; whether anything was."""
        waiting = await self._due()
        await asyncio.gather(*map(self._deliver, waiting))
        return bool(waiting)

    async def _due(self) -> list[Waiting]:
        name, now_us = self.sink.id, self._now_us()
        return await self._stored(lambda store: store.waiting(name, now_us, AT_ONCE))  # type: ignore[no-any-return]

    async def _deliver(self, one: Waiting) -> None:
        name = self.sink.id
        try:
            await self._sender(one.key, one.body)
        except NotTaken as error:
            self.failures += 1
            is_last = error.is_final or one.attempts + 1 >= self.sink.attempts
            now_us, words = self._now_us(), str(error)
            again_us = None if is_last else now_us + wait_us(one.attempts, error.after_seconds)
            if is_last:
                log.error("dead_letter", extra={"fields": {"sink": name, "attempts": one.attempts + 1, "error": words}})
            await self._stored(lambda store: store.failed(name, one.key, words, again_us, now_us))
        else:
            self.delivered += 1
            now_us = self._now_us()
            await self._stored(lambda store: store.delivered(name, [one.key], now_us))
