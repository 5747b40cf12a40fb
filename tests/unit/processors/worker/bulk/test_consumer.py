"""The bulk consumer: what is committed, what is read after a seek, what a poll becomes. No broker: see
tests/integration."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaConnectionError
from faust.types import TP

from tests.support.fakes import NotingStore
from tests.unit.processors.worker.bulk.rig import TOPIC, TP0, bulk, record, rig
from touchline.processors.worker.bulk.consumer import BulkConsumer
from touchline.processors.worker.bulk.pacing import SMALL_POLL_RECORDS
from touchline.processors.worker.bulk.record import POLL_BATCHES, BulkRecord
from touchline.processors.worker.bulk.thread import BulkConsumerThread
from touchline.processors.worker.watchdog import lags_of


class LedgerOfCommits(dict[TP, int]):
    """Takes the place of the driver's commit; refuses while `is_away`."""

    is_away = False

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if not self.is_away:
            self.update(offsets)
        return not self.is_away


def with_ledger(consumer: BulkConsumer, monkeypatch: pytest.MonkeyPatch) -> LedgerOfCommits:
    commits = LedgerOfCommits()
    monkeypatch.setattr(consumer, "_commit", commits.commit)
    return commits


def test_bulk_record_reaches_the_agent_untouched_as_the_event_value(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            one = bulk(40)
            message = consumer._to_message(TP0, one)
            topic = app.topic(TOPIC, key_serializer="raw", value_serializer="raw", value_type=bytes)
            event = await topic.decode(message)
            assert event.value is one
            assert (message.offset, message.generation_id) == (42, 7)

    asyncio.run(scenario())


def test_bytes_that_are_no_json_cause_no_decode_error_in_faust(tmp_path: Path) -> None:
    """A decode error acknowledges at once, past batches that are not stored yet; so Faust has nothing to decode."""

    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            garbage = BulkRecord([record(0, b"\xff\xfe{")], 0, 1, 7, 0)
            topic = app.topic(TOPIC, key_serializer="raw", value_serializer="raw", value_type=bytes)
            event = await topic.decode(consumer._to_message(TP0, garbage), propagate=True)
            assert event.value is garbage

    asyncio.run(scenario())


def test_commit_follows_what_is_durable_and_not_what_faust_acknowledges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            commits = with_ledger(consumer, monkeypatch)
            skipped = consumer._to_message(TP0, bulk(100))
            assert not consumer.ack(skipped)
            assert not await consumer.commit()
            stored = bulk(0)
            stored.durable_offset = 3
            assert consumer.ack(consumer._to_message(TP0, stored))
            assert await consumer.commit()
            assert commits == {TP0: 3}

    asyncio.run(scenario())


def test_commit_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            commits = with_ledger(consumer, monkeypatch)
            consumer.durable_offsets[TP0] = 5
            commits.is_away = True
            assert not await consumer.commit()
            commits.is_away = False
            assert await consumer.commit()
            assert not await consumer.commit()
            assert commits == {TP0: 5}

    asyncio.run(scenario())


def test_record_below_the_last_one_read_is_not_dropped_after_a_seek_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            consumer._read_offset[TP0] = 100
            consumer._read_offset.update({TP0: 100})
            assert consumer._read_offset[TP0] is None

    asyncio.run(scenario())


def test_full_stream_buffer_does_not_stop_polls_for_a_second(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            consumer._set_active_tps({TP0})
            consumer.on_buffer_full(TP0)
            assert consumer._get_active_partitions() == {TP0}

    asyncio.run(scenario())


def test_seek_runs_in_the_consumer_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            sought: list[Mapping[TP, int]] = []

            async def seek_wait(partitions: Mapping[TP, int]) -> None:
                sought.append(partitions)

            monkeypatch.setattr(consumer, "seek_wait", seek_wait)
            await consumer.seek(TP0, 9)
            assert sought == [{TP0: 9}]

    asyncio.run(scenario())


class ScriptedKafka:
    """What the thread sees of aiokafka's consumer: polls as scripted, one assigned partition."""

    def __init__(self, polls: list[list[int]], committed: int | None = None) -> None:
        self._coordinator = SimpleNamespace(generation=7)
        self._fetcher = SimpleNamespace(_records=OrderedDict())
        self._polls = polls
        self.rests: list[Callable[[], list[int]]] = []
        """What second looks bring, and what happens before them."""
        self._committed = committed
        self.seeks: list[int] = []
        self.commit_error: Exception | None = None

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(TOPIC, 0)}

    async def committed(self, _tp: TopicPartition) -> int | None:
        return self._committed

    def seek(self, _tp: TopicPartition, offset: int) -> None:
        self.seeks.append(offset)

    async def position(self, _tp: TopicPartition) -> int:
        return self.seeks[-1]

    async def commit(self, _offsets: object) -> None:
        if self.commit_error is not None:
            raise self.commit_error


def poll(monkeypatch: pytest.MonkeyPatch, consumer: BulkConsumer, kafka: ScriptedKafka) -> BulkConsumerThread:
    """The consumer's thread, with `kafka` in the place of aiokafka."""

    async def fetched(
        _self: object, consumer: Any, *_: object, timeout: float | None = None
    ) -> dict[TopicPartition, list[Any]]:
        is_second_look = timeout == 0.0
        offsets = consumer.rests.pop(0)() if is_second_look and consumer.rests else []
        if not is_second_look:
            offsets = consumer._polls.pop(0)
        return {TopicPartition(TOPIC, 0): [record(offset) for offset in offsets]} if offsets else {}

    monkeypatch.setattr("faust.transport.drivers.aiokafka.AIOKafkaConsumerThread._fetch_records", fetched)
    thread = consumer.bulk_thread
    monkeypatch.setattr(thread, "_ensure_consumer", lambda: kafka)
    return thread


def test_poll_becomes_one_record_per_partition_that_says_where_kafka_was_asked_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([[5, 6, 8], [], [12, 13]], committed=4)
            thread = poll(monkeypatch, consumer, kafka)
            await thread._seek_to_committed()
            (first,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert (first.start_offset, first.end_offset, first.generation) == (4, 9, 7)
            assert await thread._fetch_records(cast(Any, kafka)) == {}
            (second,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert (second.start_offset, second.end_offset) == (9, 14)

    asyncio.run(scenario())


def test_what_came_while_a_small_poll_waited_is_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([[5, 6], [12]], committed=4)
            kafka.rests = [lambda: [7, 9], list]
            thread = poll(monkeypatch, consumer, kafka)
            await thread._seek_to_committed()
            (whole,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert [one.offset for one in whole.records] == [5, 6, 7, 9]
            assert (whole.start_offset, whole.end_offset) == (4, 10)
            (after,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert (after.start_offset, after.end_offset) == (10, 13)

    asyncio.run(scenario())


def test_both_looks_of_a_poll_make_no_batch_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            app.conf.broker_max_poll_records = 4 * POLL_BATCHES
            kafka = ScriptedKafka([[0, 1, 2]], committed=0)
            kafka.rests = [lambda: [3, 4]]
            thread = poll(monkeypatch, consumer, kafka)
            await thread._seek_to_committed()
            found = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert [(one.start_offset, one.end_offset) for one in found] == [(0, 3), (3, 5)]

    asyncio.run(scenario())


@pytest.mark.parametrize("between", ["seek", "rebalance"])
def test_what_was_read_before_a_seek_or_a_rebalance_is_no_part_of_what_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            kafka = ScriptedKafka([[5, 6]], committed=4)
            thread = poll(monkeypatch, consumer, kafka)

            def happen() -> list[int]:
                if between == "seek":
                    thread._sought(TP0, 2)
                    return [2, 3]
                kafka._coordinator.generation = app.consumer_generation_id = 8
                return [7]

            kafka.rests = [happen]
            await thread._seek_to_committed()
            before, after = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert (consumer.is_current(before), consumer.is_current(after)) == (False, True)
            assert [one.offset for one in after.records] == ([2, 3] if between == "seek" else [7])
            assert after.start_offset == (2 if between == "seek" else 7)

    asyncio.run(scenario())


def test_an_error_of_the_second_look_keeps_back_nothing_that_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([[5, 6]], committed=5)

            def fail() -> list[int]:
                raise KafkaConnectionError("away")

            kafka.rests = [fail]
            thread = poll(monkeypatch, consumer, kafka)
            await thread._seek_to_committed()
            (read,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert (read.start_offset, read.end_offset) == (5, 7)

    asyncio.run(scenario())


def test_a_poll_that_brought_many_is_not_followed_by_a_second_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([[*range(SMALL_POLL_RECORDS)]], committed=0)
            kafka.rests = [lambda: [SMALL_POLL_RECORDS]]
            thread = poll(monkeypatch, consumer, kafka)
            found = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert sum(len(one.records) for one in found) == SMALL_POLL_RECORDS
            assert len(kafka.rests) == 1

    asyncio.run(scenario())


def test_share_of_a_poll_beyond_a_batch_becomes_several_records_without_a_gap_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            app.conf.broker_max_poll_records = 3 * POLL_BATCHES
            kafka = ScriptedKafka([[5, 6, 8, 9, 12, 13, 14]], committed=4)
            thread = poll(monkeypatch, consumer, kafka)
            await thread._seek_to_committed()
            bulks = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert [[one.offset for one in bulk.records] for bulk in bulks] == [[5, 6, 8], [9, 12, 13], [14]]
            assert [(bulk.start_offset, bulk.end_offset) for bulk in bulks] == [(4, 9), (9, 14), (14, 15)]
            assert all(consumer.is_current(bulk) for bulk in bulks)

    asyncio.run(scenario())


def test_partition_without_a_commit_is_read_from_its_beginning_after_a_rebalance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock, it stays where it is, and what a poll in mid-rebalance returned is never read again."""

    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([[70]])
            thread = poll(monkeypatch, consumer, kafka)
            assert await thread._seek_to_committed() == {}
            assert kafka.seeks == [0]
            (after,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert after.start_offset == 0

    asyncio.run(scenario())


def test_what_was_read_before_a_seek_or_a_rebalance_is_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, consumer, _):
            kafka = ScriptedKafka([[0, 1], [0, 1], [2]], committed=None)
            thread = poll(monkeypatch, consumer, kafka)
            (before,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert consumer.is_current(before)
            await thread._seek_wait(cast(Any, kafka), {TP0: 0})
            assert not consumer.is_current(before)
            (after,) = (await thread._fetch_records(cast(Any, kafka)))[TP0]
            assert consumer.is_current(after)
            app.consumer_generation_id = 8
            assert not consumer.is_current(after)

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [KafkaConnectionError("away"), CommitFailedError("already rebalanced")])
def test_failing_commit_does_not_end_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            kafka = ScriptedKafka([])
            kafka.commit_error = error
            thread = poll(monkeypatch, consumer, kafka)
            assert not await thread._commit({TP0: 3})
            assert not thread.crashed

    asyncio.run(scenario())


def test_lag_counts_what_is_not_durable_and_a_silent_partition_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            ends: dict[TP, int | None] = {TP0: 50, TP(TOPIC, 1): None}
            monkeypatch.setattr(consumer, "assignment", lambda: set(ends))
            monkeypatch.setattr(consumer, "highwater", ends.get)
            thread = consumer.bulk_thread
            fetched = 20
            monkeypatch.setattr(thread, "fetch_offset", lambda tp: fetched)
            thread._sought(TP0, 20)
            assert sum(lags_of(consumer).values()) == 31
            fetched = thread.handed_offsets[TP0] = 50
            assert sum(lags_of(consumer).values()) == 31, "read is not durable"
            consumer.durable_offsets[TP0] = 50
            assert sum(lags_of(consumer).values()) == 1

    asyncio.run(scenario())


def test_offsets_whose_records_have_expired_are_no_lag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (_, consumer, _):
            monkeypatch.setattr(consumer, "assignment", lambda: {TP0})
            monkeypatch.setattr(consumer, "highwater", lambda tp: 50)
            monkeypatch.setattr(consumer.bulk_thread, "fetch_offset", lambda tp: 50)
            consumer.bulk_thread._sought(TP0, 0)
            assert sum(lags_of(consumer).values()) == 0

    asyncio.run(scenario())
