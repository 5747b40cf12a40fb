"""The way from the store to a sink: the oldest first, again after a wait, at last a dead letter. Each sink has its own, so none holds up
another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from touchline.care.sinks.model import Sink
from touchline.care.store import CareStore, Waiting
from touchline.sinks.again import Draw, NotTaken, wait_us
from touchline.sinks.sender import Sender, hand_over

log = logging.getLogger("touchline.care")

AT_ONCE: Final = 32
_IDLE_SECONDS: Final = 1.0
_Any = TypeVar("_Any")
Stored = Callable[[Callable[[CareStore], _Any]], Awaitable[_Any]]
"""Runs something with the store in its thread."""


class SinkQueue:
    """One sink. `run` ends when its task is cancelled; what was not delivered waits in the store."""

    def __init__(self, sink: Sink, sender: Sender, stored: Stored[Any], now_us: Callable[[], int], draw: Draw) -> None:
        self.sink = sink
        self._sender = sender
        self._stored = stored
        self._now_us = now_us
        self._draw = draw
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
            await hand_over(self._sender, one.key, one.body)
        except NotTaken as error:
            self.failures += 1
            failures, now_us, words = one.attempts + 1, self._now_us(), str(error)
            is_last = error.is_final or failures >= self.sink.attempts
            again_us = None if is_last else now_us + wait_us(failures, error.after_seconds, self._draw)
            if is_last:
                log.error("dead_letter", extra={"fields": {"sink": name, "attempts": failures, "error": words}})
            await self._stored(lambda store: store.failed(name, one.key, words, again_us, now_us))
        else:
            self.delivered += 1
            now_us = self._now_us()
            await self._stored(lambda store: store.delivered(name, [one.key], now_us))
