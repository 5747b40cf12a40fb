"""Polls are spaced while little arrives, and wait for the store; a backlog is read without a pause."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.processors.worker.bulk.rig import bulk, record
from touchline.processors.worker.bulk import pacing as pacing_module
from touchline.processors.worker.bulk.pacing import SMALL_POLL_BYTES, SMALL_POLL_RECORDS, PollPacing, is_small
from touchline.processors.worker.bulk.record import BulkRecord

BATCH = 10_000


class Clock:
    """Time goes on where somebody sleeps. From `stops_at` on the service is to stop."""

    def __init__(self, stops_at: float = 1e9) -> None:
        self.now = 1_000.0
        self._stops_at = 1_000.0 + stops_at

    @property
    def should_stop(self) -> bool:
        return self.now >= self._stops_at

    async def sleep(self, n: float) -> None:
        self.now += n


def waited(
    monkeypatch: pytest.MonkeyPatch, record_count: int, busy_seconds: float = 0.0, stops_at: float = 1e9
) -> float:
    """How long the next poll waits after one with so many records, which the store works on for so long."""
    clock = Clock(stops_at)
    monkeypatch.setattr(pacing_module, "monotonic", lambda: clock.now)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    pacing = PollPacing()
    pacing.records_max = BATCH
    pacing.is_store_busy = lambda: clock.now < 1_000.0 + busy_seconds
    pacing.polled([bulk(0, record_count)] if record_count else [])
    asyncio.run(pacing.wait(clock))
    return round(clock.now - 1_000.0, 6)


@pytest.mark.parametrize("record_count", [0, SMALL_POLL_RECORDS, 20_000])
def test_after_nothing_and_in_a_backlog_the_next_poll_comes_at_once(
    monkeypatch: pytest.MonkeyPatch, record_count: int
) -> None:
    assert waited(monkeypatch, record_count, busy_seconds=9.0) == 0.0


@pytest.mark.parametrize(("busy_seconds", "expected"), [(0.0, 0.25), (0.2, 0.25), (0.6, 0.6), (60.0, 1.25)])
def test_after_little_the_next_poll_waits_a_moment_and_for_the_store_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, busy_seconds: float, expected: float
) -> None:
    assert waited(monkeypatch, 1, busy_seconds) == pytest.approx(expected, abs=0.011)


def test_who_is_to_stop_does_not_wait_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, 1, busy_seconds=60.0, stops_at=0.25) == 0.25


def test_few_records_that_are_large_are_no_small_poll() -> None:
    records = [record(offset, b"x" * (SMALL_POLL_BYTES // 4)) for offset in range(4)]
    assert is_small([BulkRecord(records[:3], 0, 3, 7, 0)], BATCH)
    assert not is_small([BulkRecord(records, 0, 4, 7, 0)], BATCH)


def test_a_poll_that_fills_a_batch_is_no_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "BATCH", 1_000)
    assert waited(monkeypatch, 999) == 0.25
    assert waited(monkeypatch, 1_000) == 0.0
