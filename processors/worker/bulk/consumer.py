"""The consumer as the main loop sees it: bulk records in, durable offsets out.

Why: docs/decisions/0040.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP, ConsumerMessage, Message

from touchline.processors.worker.bulk.pacing import NoReadOffsets, PollPacing
from touchline.processors.worker.bulk.record import BulkRecord
from touchline.processors.worker.bulk.thread import BulkConsumerThread

REVOKE_COMMIT_SECONDS = 1.0


class BulkConsumer(Consumer):
    """Faust's aiokafka consumer over bulk records. The committed offset is what `ack` was told to be durable, never
    more.

    Do not assume that bulk records of a partition reach the agent without a break: after a rebalance, or a seek, only
    those of which `is_current` is true continue what came before.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = NoReadOffsets()  # type: ignore[assignment]
        self.durable_offsets: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}
        self._commit_lock = asyncio.Lock()
        self.pacing = PollPacing()

    def _new_consumer_thread(self) -> BulkConsumerThread:
        self.bulk_thread = BulkConsumerThread(self, loop=self.loop, beacon=self.beacon)
        return self.bulk_thread

    def is_current(self, bulk: BulkRecord) -> bool:
        """Whether the record was read in the present generation and since the last seek of its partition."""
        tp = TP(bulk.topic, bulk.partition)
        return bulk.generation == self.app.consumer_generation_id and bulk.epoch == self.bulk_thread.epochs[tp]

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Poll, not too often while little arrives, and not while the store is at work on it."""
        await self.pacing.wait(self)
        bulks: list[BulkRecord] = []
        async for tp, message in super().getmany(timeout):
            bulks.append(message.value)  # type: ignore[arg-type]
            yield tp, message
        self.pacing.polled(bulks)

    def _to_message(self, tp: TP, record: BulkRecord) -> ConsumerMessage:
        message = super()._to_message(tp, record)
        message.generation_id = record.generation  # as of the poll; stock, as of now
        return message

    def ack(self, message: Message) -> bool:
        """Note the durable offset of the message's bulk record; without one (Faust skipped it) note nothing."""
        bulk: BulkRecord = message.value  # type: ignore[assignment]
        message.acked = True
        self.unacked.discard(message)
        if bulk.durable_offset is None:
            return False
        self.durable_offsets[message.tp] = bulk.durable_offset
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit the durable offsets that Kafka does not know yet; what fails is tried again at the next interval."""
        async with self._commit_lock:
            pending = {tp: at for tp, at in self.durable_offsets.items() if self._committed.get(tp) != at}
            if not pending or not await self._commit(pending):
                return False
            self._committed.update(pending)
            return True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit, so that the next owner starts where this one ended; then forget."""
        try:
            await asyncio.wait_for(self.commit(), REVOKE_COMMIT_SECONDS)
        except TimeoutError:
            self.log.warning("offsets not committed on revocation: no answer")
        for tp in revoked:
            self.durable_offsets.pop(tp, None)
            self._committed.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def seek(self, partition: TP, offset: int) -> None:
        """Seek, in aiokafka's own thread (stock: in the caller's, where it corrupts the fetcher's state)."""
        await self.seek_wait({partition: offset})

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: a full stream buffer blocks the poll. Stock, all partitions full means that polls sleep for a
        second."""
