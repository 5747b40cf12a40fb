"""Garbage is collected by time while a worker runs, and as Python does before and after."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from touchline.processors.worker import garbage


class Knot:
    """An object that only the collector of cycles can free."""

    def __init__(self) -> None:
        self.self = self


def test_cycles_are_freed_by_time_and_never_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "YOUNG_SECONDS", 0.01)

    async def scenario() -> None:
        collector = asyncio.create_task(garbage.collect_garbage())
        await asyncio.sleep(0)
        assert not gc.isenabled()
        knot = weakref.ref(Knot())
        for _ in range(200):
            if knot() is None:
                break
            await asyncio.sleep(0.01)
        assert knot() is None
        collector.cancel()
        await asyncio.gather(collector, return_exceptions=True)

    asyncio.run(scenario())
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
