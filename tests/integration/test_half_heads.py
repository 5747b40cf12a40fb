"""Clients that never send the whole head of a request lose their connection, however busy they look: a thousand of them hold no server up.

aiohttp does it from 3.14.4 on, by the time of keep-alive; whether it still does is asked here over real sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiohttp import web

from tests.support.dashboards import HOST
from tests.support.ports import free_port
from touchline.dashboards.server import serve as dashboard
from touchline.processors.worker import endpoint as worker
from touchline.producers.collector import serve as collector
from touchline.service.runner import Limits, Service

HEAD_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 5.0
HALF: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
servers = pytest.mark.parametrize(
    "limits", [dashboard.LIMITS, collector.LIMITS, worker.LIMITS], ids=["dashboard", "collector", "worker"]
)


@asynccontextmanager
async def listening(limits: Limits) -> AsyncIterator[int]:
    """The port of a service within these limits, but a shorter time for heads, that answers `/` after twice that time."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(2 * HEAD_SECONDS if "slow" in request.query else 0)
        return web.Response(text="answered")

    app = web.Application()
    app.router.add_get("/", answer)
    port = free_port()
    service = Service(app, HOST, port, limits._replace(keepalive_seconds=HEAD_SECONDS), "")
    await service.start()
    try:
        yield port
    finally:
        await service.stop()


async def trickle(port: int, first: bytes = b"") -> tuple[bytes, float]:
    """What a client hears, and for how many seconds it is borne, that sends one header after another and never the end of its head."""
    reader, writer = await asyncio.open_connection(HOST, port)
    began = asyncio.get_running_loop().time()
    heard = asyncio.create_task(reader.read())
    writer.write(first + HALF)
    try:
        while not heard.done() and asyncio.get_running_loop().time() - began < PATIENCE_SECONDS:
            await asyncio.wait({heard}, timeout=0.1)
            writer.write(b"X-More: 1\r\n")
        assert heard.done(), f"still connected after {PATIENCE_SECONDS} s"
        return await heard, asyncio.get_running_loop().time() - began
    finally:
        writer.close()


@servers
@pytest.mark.parametrize("first", [b"", HALF + b"\r\n"], ids=["at once", "after an answer"])
def test_a_head_without_end_costs_the_connection(limits: Limits, first: bytes) -> None:
    async def run() -> None:
        async with listening(limits) as port:
            heard, seconds = await trickle(port, first)
            assert (b"answered" in heard) == bool(first)
            assert HEAD_SECONDS / 2 < seconds < PATIENCE_SECONDS

    asyncio.run(run())


@servers
def test_an_answer_may_take_longer_than_a_head(limits: Limits) -> None:
    async def run() -> None:
        async with listening(limits) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"GET /?slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"answered")
            writer.close()

    asyncio.run(run())
