"""Connections to ClickHouse for readings in threads: as many at once as there are connections, each used by one reading at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ServerException

from touchline.clickhouse.connect import connect, explained
from touchline.errors import TouchlineError
from touchline.service.problem import RequestRefused
from touchline.settings import Settings

AT_ONCE: Final = 4
ANSWER_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 2
_Any = TypeVar("_Any")


class Readers:
    """For one event loop."""

    def __init__(self, settings: Settings, at_once: int = AT_ONCE) -> None:
        self._settings = settings
        self._idle: list[Client] = []
        self._room = asyncio.Semaphore(at_once)

    async def read(self, reading: Callable[[Client], _Any]) -> _Any:
        """What a reading finds. Raises RequestRefused (503) where ClickHouse cannot be asked."""
        async with self._room:
            return await asyncio.to_thread(self._read, reading)

    def _read(self, reading: Callable[[Client], _Any]) -> _Any:
        client = self._idle.pop() if self._idle else connect(self._settings, timeout_seconds=ANSWER_SECONDS)
        try:
            with explained(self._settings):
                found = reading(client)
        except BaseException as error:
            client.disconnect()
            if isinstance(error, TouchlineError) and not isinstance(error, RequestRefused):
                raise RequestRefused(503, error.what, error.hint, retry_after=RETRY_SECONDS) from None
            if isinstance(error, ServerException | Error):
                raise RequestRefused(
                    503, "ClickHouse refused to be asked", "look at its log", retry_after=RETRY_SECONDS
                ) from None
            raise
        self._idle.append(client)
        return found

    async def close(self) -> None:
        """Let go of all connections."""
        idle, self._idle = self._idle, []
        for client in idle:
            await asyncio.to_thread(client.disconnect)
