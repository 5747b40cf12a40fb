"""Readers who ask the same at the same time share one query and its answer.

Why: docs/decisions/0150.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class _Flight(Generic[Answer]):
    def __init__(self, task: asyncio.Task[Answer]) -> None:
        self.task = task
        self.readers = 0
        self.landed_s = 0.0


class Shared(Generic[Answer]):
    """`kept_seconds` long an answer serves further readers; errors are never kept. A query ends when its last reader has left."""

    def __init__(self, kept_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_seconds = kept_seconds
        self._clock = clock
        self._flights: dict[str, _Flight[Answer]] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """The answer, and whether another reader's query gave it."""
        self._drop_old()
        flight = self._flights.get(key)
        is_shared = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(self._land(key, ask)))
        flight.readers += 1
        try:
            return await asyncio.shield(flight.task), is_shared
        finally:
            flight.readers -= 1
            if not flight.readers and not flight.task.done():
                flight.task.cancel()
                self._forget(key, flight)

    async def _land(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        flight = self._flights[key]
        try:
            answer = await ask()
        except BaseException:
            self._forget(key, flight)
            raise
        flight.landed_s = self._clock()
        return answer

    def _forget(self, key: str, flight: _Flight[Answer]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _drop_old(self) -> None:
        now_s = self._clock()
        for key, flight in list(self._flights.items()):
            if flight.landed_s and now_s - flight.landed_s >= self._kept_seconds:
                del self._flights[key]
