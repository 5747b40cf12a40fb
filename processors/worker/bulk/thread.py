"""Polls, seeks and commits: everything that touches aiokafka, in the one thread that may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ensure_aiokafka_TP
from faust.types import TP

from touchline.processors.worker.bulk.pacing import whole_poll
from touchline.processors.worker.bulk.reader import LeanPartitionRecords, fetch_offset, let_others_go_first
from touchline.processors.worker.bulk.record import BulkRecord, bulk_records
from touchline.processors.worker.bulk.unreadable import UnreadablePartitions

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer


class BulkConsumerThread(AIOKafkaConsumerThread):
    """Faust's aiokafka thread, with polls in bulk and failing commits that do not end the worker.

    `_fetch_records` and `_seek_wait` run in the same thread, and between the moment aiokafka hands over records and
    the moment they are stamped nothing else runs there: so start offset, generation and epoch of a bulk record are
    exact.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.unreadable = UnreadablePartitions()
        # aiokafka makes it by this name, and leaves no other way in
        fetcher.PartitionRecords = partial(
            LeanPartitionRecords, lambda *found: self.unreadable.note(self._ensure_consumer(), *found)
        )
        self.epochs: defaultdict[TP, int] = defaultdict(int)
        self.sought_offsets: dict[TP, int] = {}
        self.handed_offsets: dict[TP, int] = {}

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        """Stock, but what a sender took back in a transaction is not read: Faust asks for that in its own transactions only."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    def highwater(self, tp: TP) -> int:
        """The end of what may be read: beyond it stand records of a transaction that has not ended."""
        return self._ensure_consumer().last_stable_offset(ensure_aiokafka_TP(tp))  # type: ignore[no-any-return]

    async def _fetch_records(
        self, consumer: AIOKafkaConsumer, *args: Any, **kwargs: Any
    ) -> Mapping[TP, list[BulkRecord]]:
        self.unreadable.try_again(consumer)
        fetch = partial(super()._fetch_records, consumer, *args, **kwargs)
        return await whole_poll(fetch, partial(self._stamped, consumer), self.app.conf.broker_max_poll_records)

    def _stamped(self, consumer: AIOKafkaConsumer, polled: Mapping[Any, Any]) -> dict[TP, list[BulkRecord]]:
        let_others_go_first(consumer, polled)
        poll = (consumer._coordinator.generation, self.app.conf.broker_max_poll_records)
        bulks: dict[TP, list[BulkRecord]] = {}
        for aiokafka_tp, records in polled.items():
            tp = TP(aiokafka_tp.topic, aiokafka_tp.partition)
            bulks[tp] = bulk_records(records, self.handed_offsets.get(tp, records[0].offset), self.epochs[tp], *poll)
            self.handed_offsets[tp] = bulks[tp][-1].end_offset
            self.unreadable.passed(tp, self.handed_offsets[tp])
        return bulks

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            self._sought(tp, offset)
        await super()._seek_wait(consumer, partitions)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek each assigned partition to its committed offset, else to 0; returns the offsets, committed ones only.

        Stock, a partition without a commit stays where it is: what a poll returned in mid-rebalance, which Faust
        throws away, would be lost.
        """
        committed: Mapping[TP, int] = await self.call_thread(self._seek_to_committed)
        return committed

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        committed: dict[TP, int] = {}
        for aiokafka_tp in consumer.assignment():
            tp = TP(aiokafka_tp.topic, aiokafka_tp.partition)
            offset = await consumer.committed(aiokafka_tp)
            self._sought(tp, offset or 0)
            consumer.seek(aiokafka_tp, offset or 0)  # at once after the line above: no poll may come between
            if offset:
                committed[tp] = offset
        return committed

    def _sought(self, tp: TP, offset: int) -> None:
        self.epochs[tp] += 1
        self.sought_offsets[tp] = self.handed_offsets[tp] = offset

    def fetch_offset(self, tp: TP) -> int | None:
        """Where Kafka is asked next: beyond what was sought, where the records there have expired. None while that is unknown."""
        return fetch_offset(self._ensure_consumer(), tp)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; False when Kafka refused or does not answer. Stock, that crashes the worker, but a commit is a hint
        only."""
        assigned = self.assignment()
        wanted = {ensure_aiokafka_TP(tp): offset for tp, offset in offsets.items() if tp in assigned}
        if not wanted:
            return False
        try:
            await self._ensure_consumer().commit(wanted)
        except KafkaError as error:
            self.log.warning("offsets not committed: %s", type(error).__name__)
            return False
        return True

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Say it in the log; stock, the traceback is printed to stderr past it."""
        self.log.error(msg.format(*fmt))
