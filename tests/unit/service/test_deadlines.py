"""Waits that take too long end as under asyncio.timeout, each at its own time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given, strategies as st

from touchline.service.deadlines import Deadlines

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """Waits by adding to a clock."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now_s += timeout or 0.0
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose time passes at once."""

    def __init__(self) -> None:
        self._own = _Selector()
        super().__init__(self._own)

    def time(self) -> float:
        return self._own.now_s


def run(waits: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(waits)


async def ended(deadlines: Deadlines, waits_s: float, allowed_s: float) -> float | None:
    """When it came to its end, None where it took too long."""
    try:
        with deadlines.within(allowed_s):
            await asyncio.sleep(waits_s)
    except TimeoutError:
        return None
    return asyncio.get_running_loop().time()


WAITS = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9).map(lambda seconds: seconds + 0.5))
"""When it begins, how long it waits and may wait."""


@given(st.lists(WAITS, max_size=8))
def test_each_wait_ends_in_its_own_time(waits: list[tuple[int, int, float]]) -> None:
    async def all_of_them() -> list[float | None]:
        deadlines = Deadlines()

        async def one(begins_s: int, waits_s: int, allowed_s: float) -> float | None:
            await asyncio.sleep(begins_s)
            return await ended(deadlines, waits_s, allowed_s)

        found = await asyncio.gather(*(one(*wait) for wait in waits))
        assert not deadlines._open
        return found

    expected = [begins + lasts if lasts < allowed else None for begins, lasts, allowed in waits]
    assert run(all_of_them()) == pytest.approx(expected)


def test_what_takes_too_long_ends_when_its_time_is_over() -> None:
    async def look() -> float:
        assert await ended(Deadlines(), 30, 2) is None
        return asyncio.get_running_loop().time()

    assert run(look()) == pytest.approx(2)


def test_a_task_that_is_cancelled_ends_for_that() -> None:
    async def cancel() -> None:
        task = asyncio.create_task(ended(Deadlines(), 30, 20))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel())


def test_a_task_goes_on_after_a_wait_that_took_too_long() -> None:
    async def twice() -> tuple[float | None, float | None]:
        deadlines = Deadlines()
        return await ended(deadlines, 30, 1), await ended(deadlines, 2, 20)

    first, second = run(twice())
    assert first is None
    assert second == pytest.approx(3)


def test_an_error_within_the_time_is_told_as_it_is() -> None:
    async def fail() -> None:
        with Deadlines().within(20):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        run(fail())
