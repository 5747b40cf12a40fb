"""Nothing is acknowledged before it is durable, and nothing that a store does reaches Faust."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path

import pytest
from faust import Event
from faust.types import TP

from tests.support.fakes import BlockingStore, BuggyStore, NotingStore, RefusingStore
from tests.support.workers import lines
from tests.unit.processors.worker.bulk.rig import TOPIC, TP0, Rig, bulk, rig
from touchline.processors.values.protocol import Acknowledge, Assigned, StoreResult
from touchline.processors.values.records import ReceivedBatch
from touchline.processors.worker import handover as handover_module
from touchline.processors.worker.bulk.record import BulkRecord
from touchline.processors.worker.handover import TopicChanged


class MarkAheadStore(NotingStore):
    """Has already more than the batch: its mark stands at 50."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        return Acknowledge(50)


async def give(parts: Rig, *bulks: BulkRecord) -> None:
    events = []
    for one in bulks:
        message = parts.consumer._to_message(TP(TOPIC, one.partition), one)
        message.incref()
        events.append(Event(parts.app, None, one, None, message))
    await parts.handover.hand_over(parts.consumer, events)


def noted_seeks(parts: Rig, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[TP, int]]:
    seeks: list[Mapping[TP, int]] = []

    async def seek_wait(partitions: Mapping[TP, int]) -> None:
        seeks.append(partitions)

    monkeypatch.setattr(parts.consumer, "seek_wait", seek_wait)
    monkeypatch.setattr(handover_module, "REFUSED_PAUSE_SECONDS", 0.0)
    return seeks


def test_stored_batch_is_acknowledged_up_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0))
            assert parts.consumer.durable_offsets == {TP0: 3}
            assert seeks == []

    asyncio.run(scenario())


TP1 = TP(TOPIC, 1)


class TogetherStore(NotingStore):
    """Stores together what it is given so, but for partitions that it was told."""

    alone = frozenset[int]()

    def store_together(self, batches: Sequence[ReceivedBatch]) -> Mapping[int, Acknowledge]:
        given = [one for one in batches if one.partition not in self.alone]
        self.note(f"together {','.join(str(one.partition) for one in given)} 0 0")
        answers = {one.partition: self.store(one) for one in given}
        return {number: one for number, one in answers.items() if isinstance(one, Acknowledge)}


@pytest.mark.parametrize("alone", [(), (0,), (0, 1)])
def test_what_could_not_be_stored_together_is_stored_alone(alone: tuple[int, ...], tmp_path: Path) -> None:
    async def scenario() -> None:
        store = TogetherStore(tmp_path / "notes")
        store.alone = frozenset(alone)
        async with rig(store) as parts:
            await give(parts, bulk(0), bulk(0, partition=1))
            assert parts.consumer.durable_offsets == {TP0: 3, TP1: 3}
            assert parts.handover.progress == 2
            assert len(lines(tmp_path / "notes", "stored")) == 2

    asyncio.run(scenario())


def test_what_came_together_is_acknowledged_each_by_its_own_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0), bulk(100, partition=1))
            assert parts.consumer.durable_offsets == {TP0: 3, TP1: 0}
            assert seeks == [{TP1: 0}]

    asyncio.run(scenario())


def test_of_what_came_together_only_what_is_refused_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        store = RefusingStore(tmp_path / "notes")
        store.refusals = 1
        async with rig(store) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0), bulk(0, partition=1))
            assert parts.consumer.durable_offsets == {TP1: 3}
            assert seeks == [{TP0: 0}]

    asyncio.run(scenario())


def test_of_what_came_together_what_is_stale_is_left_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            await give(parts, bulk(0, generation=6), bulk(0, partition=1))
            assert [line[0] for line in lines(tmp_path / "notes", "stored")] == ["1"]
            assert parts.consumer.durable_offsets == {TP1: 3}

    asyncio.run(scenario())


class TickingStore(NotingStore):
    """Notes each tick; the third one is a bug."""

    def tick(self, assigned: Assigned) -> StoreResult:
        self.note(f"ticked {assigned.partition} {assigned.generation} 0")
        if len(lines(self._notes, "ticked")) == 3:
            raise KeyError("jane@example.org")
        return super().tick(assigned)


def test_ticks_come_one_partition_after_the_other_and_acknowledge_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = TickingStore(tmp_path / "notes")
        async with rig(store) as parts:
            await parts.handover.tick([Assigned("t", 0, 5), Assigned("t", 3, 5)])
            assert [line[0] for line in lines(tmp_path / "notes", "ticked")] == ["0", "3"]
            assert (parts.consumer.durable_offsets, parts.handover.failure) == ({}, None)

    asyncio.run(scenario())


def test_a_bug_in_a_tick_stops_the_handover_and_no_tick_follows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(TickingStore(tmp_path / "notes")) as parts:
            for _ in range(2):
                await parts.handover.tick([Assigned("t", number, 5) for number in range(4)])
            assert isinstance(parts.handover.failure, KeyError)
            assert parts.handover.failed.is_set()
            assert len(lines(tmp_path / "notes", "ticked")) == 3

    asyncio.run(scenario())


def test_bug_in_the_store_acknowledges_nothing_and_stops_the_handover(tmp_path: Path) -> None:
    """`Stream.take()` acknowledges what was in work when an exception passed; here none passes."""

    async def scenario() -> None:
        async with rig(BuggyStore(tmp_path / "notes")) as parts:
            await give(parts, bulk(0))
            await give(parts, bulk(3))
            assert isinstance(parts.handover.failure, KeyError)
            assert parts.handover.failed.is_set()
            assert parts.consumer.durable_offsets == {}

    asyncio.run(scenario())


def test_refused_batch_is_read_again_and_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(RefusingStore(tmp_path / "notes")) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(10, start=8))
            assert seeks == [{TP0: 8}]
            assert parts.consumer.durable_offsets == {}

    asyncio.run(scenario())


def test_store_that_misses_records_makes_the_worker_seek_back_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(100))
            assert seeks == [{TP0: 0}]
            assert parts.consumer.durable_offsets == {TP0: 0}

    asyncio.run(scenario())


def test_store_that_is_ahead_makes_the_worker_seek_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(MarkAheadStore(tmp_path / "notes")) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0))
            assert seeks == [{TP0: 50}]

    asyncio.run(scenario())


@pytest.mark.parametrize("stale", [bulk(0, generation=6), bulk(0, epoch=-1)])
def test_batch_of_an_older_generation_or_from_before_a_seek_is_not_stored(tmp_path: Path, stale: BulkRecord) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            await give(parts, stale)
            assert not (tmp_path / "notes").exists()
            assert parts.consumer.durable_offsets == {}

    asyncio.run(scenario())


def test_offsets_that_go_back_by_themselves_mean_another_topic_and_are_not_stored(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as parts:
            await give(parts, bulk(0, start=500))
            assert isinstance(parts.handover.failure, TopicChanged)
            assert not (tmp_path / "notes").exists()

    asyncio.run(scenario())


def test_store_is_busy_until_its_thread_is_done_also_when_nobody_waits_for_it(tmp_path: Path) -> None:
    """Faust cancels the agent while the worker ends; closing the store under its thread would break both."""

    async def scenario() -> None:
        store = BlockingStore(tmp_path / "notes")
        async with rig(store) as parts:
            giving = asyncio.create_task(give(parts, bulk(0)))
            while not lines(tmp_path / "notes", "holding"):
                await asyncio.sleep(0.01)
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)
            busy = attrgetter("is_store_busy")
            assert busy(parts.handover)
            (tmp_path / "notes.go").touch()
            while busy(parts.handover):
                await asyncio.sleep(0.01)
            assert len(lines(tmp_path / "notes", "stored")) == 1

    asyncio.run(scenario())


class SlowTickStore(NotingStore):
    """Each tick waits until `go` is set, as with a slow engine; the ledger fell back to offset 1 meanwhile."""

    def __init__(self, notes: Path) -> None:
        super().__init__(notes)
        self.go = threading.Event()

    def tick(self, assigned: Assigned) -> StoreResult:
        assert self.go.wait(10)
        self.next_offsets[0] = 1
        return super().tick(assigned)


def test_marks_are_read_also_where_ticks_keep_the_store_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        store = SlowTickStore(tmp_path / "notes")
        async with rig(store) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0))
            ticking = asyncio.create_task(parts.handover.tick([Assigned("t", 1, 5)]))
            await asyncio.sleep(0)
            looking = asyncio.create_task(parts.handover.go_back(parts.consumer, "T1", {TP0: 3}))
            await asyncio.sleep(0)
            assert not looking.done()
            store.go.set()
            await asyncio.gather(ticking, looking)
            assert seeks == [{TP0: 1}]

    asyncio.run(scenario())


@pytest.mark.parametrize("waiting", ["tick", "go_back"])
def test_store_is_busy_though_what_waits_behind_its_work_was_given_up(tmp_path: Path, waiting: str) -> None:
    async def scenario() -> None:
        store = BlockingStore(tmp_path / "notes")
        async with rig(store) as parts:
            giving = asyncio.create_task(give(parts, bulk(0)))
            while not lines(tmp_path / "notes", "holding"):
                await asyncio.sleep(0.01)
            work = {
                "tick": parts.handover.tick([Assigned("t", 1, 5)]),
                "go_back": parts.handover.go_back(parts.consumer, "T1", {TP0: 3}),
            }
            behind = asyncio.create_task(work.pop(waiting))
            next(iter(work.values())).close()
            await asyncio.sleep(0.01)
            behind.cancel()
            await asyncio.gather(behind, return_exceptions=True)
            busy = attrgetter("is_store_busy")
            assert busy(parts.handover)
            (tmp_path / "notes.go").touch()
            await giving
            assert not busy(parts.handover)

    asyncio.run(scenario())


def test_ledger_that_fell_back_is_filled_from_its_mark_though_nothing_new_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        store = NotingStore(tmp_path / "notes")
        async with rig(store) as parts:
            seeks = noted_seeks(parts, monkeypatch)
            await give(parts, bulk(0))
            await parts.handover.go_back(parts.consumer, "T1", {TP0: 3})
            assert seeks == []
            store.next_offsets[0] = 1
            await parts.handover.go_back(parts.consumer, "T1", {TP0: 2})
            assert seeks == [], "it moved meanwhile"
            await parts.handover.go_back(parts.consumer, "T1", {TP0: 3})
            assert (seeks, parts.consumer.durable_offsets) == ([{TP0: 1}], {TP0: 1})

    asyncio.run(scenario())
