"""What came together goes to the store together; nothing waits for what does not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import EventT

from tests.unit.processors.worker.bulk.rig import record
from touchline.processors.worker import gather
from touchline.processors.worker.bulk.record import BulkRecord
from touchline.processors.worker.gather import bulk_of, gathered

PAUSE = None
Sent = Sequence[tuple[int, int] | None]


def bulk(partition: int, count: int) -> EventT[Any]:
    records = [record(offset, partition=partition) for offset in range(count)]
    return cast(EventT[Any], SimpleNamespace(value=BulkRecord(records, 0, count, 7, 0)))


async def stream(sent: Sent) -> AsyncIterator[EventT[Any]]:
    """Bulk records of (partition, number of records), each after a turn of the loop, as Faust gives them; PAUSE is a longer one."""
    for one in sent:
        await asyncio.sleep(0 if one else 0.05)
        if one:
            yield bulk(*one)


def groups(sent: Sent, records_max: int = 100) -> list[list[int]]:
    """By partition what the store gets at a time."""

    async def read() -> list[list[int]]:
        return [[bulk_of(event).partition for event in events] async for events in gathered(stream(sent), records_max)]

    return asyncio.run(read())


@pytest.fixture(autouse=True)
def _waits_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "WAIT_SECONDS", 0.01)


def test_partitions_of_one_poll_come_together() -> None:
    assert groups([(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]) == [[0, 1, 2, 3, 4, 5]]


def test_nothing_waits_for_what_does_not_come() -> None:
    assert groups([(0, 5), PAUSE, (1, 5), (2, 5), PAUSE, (3, 5)]) == [[0], [1, 2], [3]]


def test_the_second_of_a_partition_comes_after_the_first_is_stored() -> None:
    assert groups([(0, 5), (1, 5), (0, 5), (0, 5)]) == [[0, 1], [0], [0]]


def test_many_records_come_by_themselves_and_few_together() -> None:
    assert groups([(0, 100), (1, 120), (2, 40), (3, 60), (4, 1)]) == [[0], [1], [2, 3], [4]]


def test_large_records_come_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "BYTES_MAX", 20)
    assert groups([(0, 5), (1, 5), (2, 1), (3, 5)]) == [[0, 1], [2, 3]]


def test_whoever_stops_leaves_no_task_behind() -> None:
    async def scenario() -> None:
        reading = gathered(stream([(0, 5), PAUSE, PAUSE, (1, 5)]), 100)
        assert len(await anext(reading)) == 1
        await reading.aclose()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_a_fault_of_the_stream_is_the_readers() -> None:
    async def broken() -> AsyncIterator[EventT[Any]]:
        yield bulk(0, 5)
        raise OSError("the stream broke")

    async def scenario() -> None:
        with pytest.raises(OSError, match="broke"):
            async for _ in gathered(broken(), 100):
                pass

    asyncio.run(scenario())
