"""ClickHouse over HTTP: a bounded number of queries at once, each within its time, each ended when its client goes away.

A request in flight is one connection of aiohttp's pool, never shared. Requests are GETs, which ClickHouse takes as reading only; a
cancelled handler closes its connection, and ClickHouse ends the query (`cancel_http_readonly_queries_on_client_close`).

Why: docs/decisions/0150.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from touchline.clickhouse.answer import TAG_HEADER, Answer
from touchline.clickhouse.errors import start_hint
from touchline.clickhouse.login import http_address, http_headers
from touchline.dashboards.server.refusals import refusal_of
from touchline.metrics.declared import QUERIES, QUERIES_WAITING, QUERY_SECONDS
from touchline.metrics.meter import Meter
from touchline.service.problem import RequestRefused
from touchline.settings import Settings

CONNECT_SECONDS: Final = 3.0
ANSWER_GRACE_SECONDS: Final = 5.0
"""ClickHouse itself ends a query after its time; how long its word is waited for after that."""
CHUNK_BYTES: Final = 1 << 16
SETTINGS: Final = {
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_quote_denormals": "0",
    "output_format_json_quote_decimals": "1",
    "date_time_output_format": "iso",
    "format_csv_null_representation": "",
    "output_format_csv_crlf_end_of_line": "1",
    "cancel_http_readonly_queries_on_client_close": "1",
    "log_queries": "0",  # they name persons, and the server's log would keep them
}


class ClickHouse:
    """The engine as the server sees it. Opened and closed in the running loop."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self.meter = meter
        self._waiting = self._running = 0
        self._room = asyncio.Semaphore(settings.dashboard_queries)
        self._url = f"{http_address(settings)}/"
        connector = aiohttp.TCPConnector(limit=0, force_close=False)  # the room is the limit
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=http_headers(settings),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """End what is running."""
        await self._session.close()

    async def rows(self, name: str, sql: str) -> list[bytes]:
        """JSON lines: an array of the columns' names, then an array a row. Raises RequestRefused."""
        async with self._asked(name, sql, "JSONCompactEachRowWithNames", is_buffered=True) as response:
            answer = _answer(response)
            body = answer.feed(await response.read())
        if answer.has_failed:
            raise refusal_of(answer.said)
        return (body + answer.end()).splitlines()

    async def stream(self, name: str, sql: str, output_format: str) -> AsyncIterator[bytes]:
        """The answer in pieces. Raises RequestRefused, also in the midst of it."""
        async with self._asked(name, sql, output_format, is_buffered=False) as response:
            answer = _answer(response)
            async for piece in response.content.iter_chunked(CHUNK_BYTES):
                whole = answer.feed(piece)
                if answer.has_failed:
                    raise refusal_of(answer.said)
                yield whole
            yield answer.end()

    @asynccontextmanager
    async def _asked(
        self, name: str, sql: str, output_format: str, *, is_buffered: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        seconds = self._settings.dashboard_query_seconds
        query = {
            **SETTINGS,
            "query": sql,
            "default_format": output_format,
            "max_execution_time": str(seconds),
            "wait_end_of_query": "1" if is_buffered else "0",
        }
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=seconds + ANSWER_GRACE_SECONDS)
        async with self._turn():
            began = time.monotonic()
            try:
                async with self._session.get(self._url, params=query, timeout=timeout) as response:
                    if response.status != 200:
                        raise refusal_of((await response.read()).decode("utf-8", "replace"))
                    yield response
            except aiohttp.ConnectionTimeoutError as error:
                raise away(error) from None
            except TimeoutError:
                raise too_slow(seconds) from None
            except aiohttp.ClientError as error:
                raise away(error) from None
            finally:
                self.meter.observe(QUERY_SECONDS, time.monotonic() - began, name)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """A place among the queries at once; waited for at most dashboard_wait_seconds."""
        self._count(waiting=1)
        try:
            async with asyncio.timeout(self._settings.dashboard_wait_seconds):
                await self._room.acquire()
        except TimeoutError:
            raise RequestRefused(
                503, "too many queries at once", "ask again in a moment, or raise dashboard_queries", retry_after=2
            ) from None
        finally:
            self._count(waiting=-1)
        self._count(running=1)
        try:
            yield
        finally:
            self._count(running=-1)
            self._room.release()

    def _count(self, *, waiting: int = 0, running: int = 0) -> None:
        self._waiting += waiting
        self._running += running
        self.meter.set(QUERIES_WAITING, self._waiting)
        self.meter.set(QUERIES, self._running)


def away(error: BaseException) -> RequestRefused:
    """ClickHouse cannot be talked to."""
    return RequestRefused(
        503,
        f"ClickHouse does not answer ({type(error).__name__})",
        start_hint("clickhouse_http_port"),
        retry_after=5,
    )


def too_slow(seconds: float) -> RequestRefused:
    """The query's time is over."""
    return RequestRefused(
        504,
        f"the query took longer than {seconds:g} s",
        "choose a shorter period or a narrower filter, or raise dashboard_query_seconds",
    )


def _answer(response: aiohttp.ClientResponse) -> Answer:
    return Answer(response.headers.get(TAG_HEADER, ""))
