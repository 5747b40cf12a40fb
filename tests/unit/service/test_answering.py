"""Answers are sent in time, and the last ones before the end."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

from aiohttp import web

from touchline.service.answering import Answering

PATIENCE_SECONDS = 5.0


class Client:
    """A request whose answer takes `seconds` to be read."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.request = Mock(spec=web.Request)
        self.response = Mock(spec=web.Response, status=200)
        self.response.prepare = self._read

    async def _read(self, _request: web.Request) -> None:
        await asyncio.sleep(self.seconds)

    async def answer(self, _request: web.Request) -> web.StreamResponse:
        response: web.StreamResponse = self.response
        return response


def ignore(_request: web.Request, _status: int, _seconds: float) -> None:
    """For tests that do not count."""


def test_each_answer_is_counted_with_its_status() -> None:
    async def run() -> None:
        answered: list[int] = []
        client = Client()
        answering = Answering(PATIENCE_SECONDS, lambda _request, status, _seconds: answered.append(status))
        assert await answering.send(client.request, client.answer) is client.response
        assert answered == [200]
        client.response.force_close.assert_not_called()

    asyncio.run(run())


def test_a_client_that_does_not_read_loses_its_connection() -> None:
    async def run() -> None:
        client = Client(PATIENCE_SECONDS)
        await Answering(0.01, ignore).send(client.request, client.answer)
        client.request.transport.abort.assert_called_once()

    asyncio.run(run())


def test_the_end_waits_for_what_is_open_and_closes_its_connection() -> None:
    async def run() -> None:
        client = Client(0.05)
        answering = Answering(PATIENCE_SECONDS, ignore)

        async def slow(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(0.05)
            return await client.answer(request)

        sending = asyncio.create_task(answering.send(client.request, slow))
        await asyncio.sleep(0)
        await answering.last(PATIENCE_SECONDS)
        assert sending.done()
        client.response.force_close.assert_called_once()

    asyncio.run(run())


def test_the_end_does_not_wait_for_ever() -> None:
    async def run() -> None:
        client = Client(PATIENCE_SECONDS)
        answering = Answering(PATIENCE_SECONDS, ignore)
        sending = asyncio.create_task(answering.send(client.request, client.answer))
        await asyncio.sleep(0)
        await answering.last(0.01)
        assert not sending.done()
        sending.cancel()

    asyncio.run(run())
