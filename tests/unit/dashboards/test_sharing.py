"""One query for all who ask the same at the same time."""

from __future__ import annotations

import asyncio

import pytest

from touchline.dashboards.server.sharing import Shared


class Engine:
    """Answers when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = self.ended = 0
        self.may_answer = asyncio.Event()

    async def ask(self) -> int:
        self.asked += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        return self.asked


def test_readers_who_ask_the_same_at_the_same_time_share_one_query() -> None:
    async def story() -> None:
        engine, shared = Engine(), Shared[int](2.0)
        readers = [asyncio.create_task(shared.get("sql", engine.ask)) for _ in range(5)]
        await asyncio.sleep(0)
        engine.may_answer.set()
        answers = await asyncio.gather(*readers)
        assert engine.asked == 1
        assert sorted(answers) == [(1, False), *[(1, True)] * 4]

    asyncio.run(story())


def test_an_answer_is_kept_for_a_while_and_then_asked_anew() -> None:
    async def story() -> None:
        now_s = 100.0
        engine, shared = Engine(), Shared[int](2.0, lambda: now_s)
        engine.may_answer.set()
        assert await shared.get("sql", engine.ask) == (1, False)
        now_s = 101.9
        assert await shared.get("sql", engine.ask) == (1, True)
        now_s = 102.0
        assert await shared.get("sql", engine.ask) == (2, False)

    asyncio.run(story())


def test_an_error_reaches_every_reader_and_is_never_kept() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise OSError("away")

    async def one() -> int:
        return 1

    async def story() -> None:
        shared = Shared[int](60.0)
        outcomes = await asyncio.gather(*(shared.get("sql", fail) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OSError] * 3
        assert await shared.get("sql", one) == (1, False)

    asyncio.run(story())


def test_a_query_ends_when_its_last_reader_has_left() -> None:
    async def story() -> None:
        engine, shared = Engine(), Shared[int](2.0)
        first, second = (asyncio.create_task(shared.get("sql", engine.ask)) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert engine.ended == 0
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await asyncio.sleep(0)
        assert engine.ended == 1

    asyncio.run(story())
