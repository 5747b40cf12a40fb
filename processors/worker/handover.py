"""From Faust's stream to the store and back: what came together at a time, acknowledged when it is
durable; and ticks between.

Bulk records of one or more partitions come out of the stream (gather.py). What a rebalance or a seek made obsolete is dropped. The store
gets the others, in one thread that is not the loop's, so that heartbeats go on while ClickHouse is slow or away. The answer
`Acknowledge` moves the offset that Kafka is told, and the read position too where the store wants to go on elsewhere;
`ReadAgain` reads the batch again. Nothing else acknowledges, and no exception gets back into Faust, which would
acknowledge and go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, EventT

from touchline.log import log_event
from touchline.metrics.declared import BATCHES_REFUSED, FELL_BACK, WORKER
from touchline.metrics.meter import Meter
from touchline.processors.values.protocol import Acknowledge, Assigned, ReadAgain, Store, StoreResult
from touchline.processors.values.records import ReceivedBatch
from touchline.processors.worker.bulk.consumer import BulkConsumer
from touchline.processors.worker.bulk.record import BulkRecord
from touchline.processors.worker.gather import bulk_of
from touchline.processors.worker.watchdog import durable_offset

REFUSED_PAUSE_SECONDS = 1.0
Answer = TypeVar("Answer")
Given = TypeVar("Given")


class TopicChanged(Exception):
    """Kafka went back behind what was read: the topic was created anew or truncated."""


def batch_of(bulk: BulkRecord) -> ReceivedBatch:
    """What the store gets of a bulk record. Raises TopicChanged."""
    if bulk.records[0].offset < bulk.start_offset:
        raise TopicChanged(
            f"{bulk.topic}/{bulk.partition}: offset {bulk.records[0].offset} follows {bulk.start_offset - 1}"
        )
    return ReceivedBatch(bulk.topic, bulk.partition, bulk.generation, bulk.records, bulk.start_offset)


class Handover:
    """Hands batches to the store in order. `failure` is set once, by a bug or a changed topic; from then on nothing
    is stored."""

    def __init__(self, store: Store, thread: ThreadPoolExecutor, meter: Meter | None = None) -> None:
        self._store = store
        self._thread = thread
        self._meter = meter or Meter(WORKER)
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()
        self.busy_since: float | None = None
        self._handed: set[Future[Any]] = set()
        self.progress = 0

    @property
    def is_store_busy(self) -> bool:
        """Whether the store is at work, also on a batch for which nobody waits any more: its thread cannot be cancelled."""
        return bool(self._handed)

    async def hand_over(self, consumer: BulkConsumer, events: Sequence[EventT[Any]]) -> None:
        """Store these bulk records, no two of one partition, together if that can be and else one by one, and acknowledge, seek or fail
        accordingly."""
        try:
            together = await self._stored_together(consumer, events)
            for event in sorted(events, key=lambda one: bulk_of(one).partition not in together):
                bulk = bulk_of(event)
                if self.failure is None and consumer.is_current(bulk):
                    result: StoreResult | None = together.get(bulk.partition)
                    if result is None:
                        result = await self._stored(self._store.store, batch_of(bulk))
                    if consumer.is_current(bulk):
                        await self._answered(consumer, event, bulk, result)
        except (
            Exception
        ) as error:  # a bug, or a state that ends the worker: it must not reach Faust, which would acknowledge
            self._fail(error)

    async def _stored_together(
        self, consumer: BulkConsumer, events: Sequence[EventT[Any]]
    ) -> Mapping[int, Acknowledge]:
        batches = [batch_of(bulk) for bulk in map(bulk_of, events) if consumer.is_current(bulk)]
        if self.failure is not None or len(batches) < 2:
            return {}
        return await self._stored(self._store.store_together, batches)

    async def _stored(self, store: Callable[[Given], Answer], given: Given) -> Answer:
        self.busy_since = monotonic()
        try:
            return await self._in_turn(store, given)
        finally:
            self.busy_since = None

    async def _answered(
        self, consumer: BulkConsumer, event: EventT[Any], bulk: BulkRecord, result: StoreResult
    ) -> None:
        if isinstance(result, ReadAgain):
            await self._read_again(consumer, bulk, result)
            return
        self._acknowledge(event, bulk, result)
        if result.next_offset != bulk.end_offset:
            await self._seek(consumer, TP(bulk.topic, bulk.partition), result.next_offset)

    def _acknowledge(self, event: EventT[Any], bulk: BulkRecord, result: Acknowledge) -> None:
        bulk.durable_offset = result.next_offset
        event.ack()
        self.progress += 1

    async def _read_again(self, consumer: BulkConsumer, bulk: BulkRecord, refused: ReadAgain) -> None:
        self._meter.add(BATCHES_REFUSED)
        at = {"partition": bulk.partition, "generation": bulk.generation}
        log_event(logging.WARNING, "batch_refused", **at, reason=refused.reason)
        await asyncio.sleep(REFUSED_PAUSE_SECONDS)
        if consumer.is_current(bulk):
            await self._seek(consumer, TP(bulk.topic, bulk.partition), bulk.start_offset)

    async def tick(self, assigned: Sequence[Assigned]) -> float:
        """Let the store look at each of these partitions for work that comes without records; batches go in between. Returns the seconds
        that the store was at it."""
        spent_seconds = 0.0
        for one in assigned:
            if self.failure is not None:
                break
            try:
                spent_seconds += await self._in_turn(self._timed_tick, one)
            except Exception as error:
                self._fail(error)
        return spent_seconds

    def _timed_tick(self, assigned: Assigned) -> float:
        began = monotonic()
        self._store.tick(assigned)
        return monotonic() - began

    async def go_back(self, consumer: BulkConsumer, incarnation: str, quiet: Mapping[TP, int]) -> None:
        """Read on from the ledger's marks where these are below the offsets that were durable once (a restored backup). A partition with
        new records finds that by itself; `quiet` ones, here with their durable offsets, would wait for their next record. The
        question takes its turn behind batches and ticks, which may keep the store busy without a pause."""
        if self.failure is not None or not quiet:
            return
        epochs = {tp: consumer.bulk_thread.epochs[tp] for tp in quiet}
        topic = next(iter(quiet)).topic
        try:
            marks = await self._in_turn(self._store.read_marks, topic, incarnation, [tp.partition for tp in quiet])
        except Exception as error:
            self._fail(error)
            return
        for tp, at in quiet.items():
            is_untouched = epochs[tp] == consumer.bulk_thread.epochs[tp] and durable_offset(consumer, tp) == at
            if is_untouched and marks.get(tp.partition, at) < at:
                log_event(
                    logging.WARNING, "ledger_fell_back", partition=tp.partition, was_at=at, is_at=marks[tp.partition]
                )
                self._meter.add(FELL_BACK)
                consumer.durable_offsets[tp] = marks[tp.partition]  # Kafka's commit goes back, too
                await self._seek(consumer, tp, marks[tp.partition])

    def _in_turn(self, work: Callable[..., Answer], *arguments: Any) -> asyncio.Future[Answer]:
        """The answer of the store, in its thread and behind what was handed over before. Nobody waits any more: it is given up, unless
        it has begun."""
        handed = self._thread.submit(work, *arguments)
        self._handed.add(handed)
        handed.add_done_callback(self._handed.discard)
        return asyncio.wrap_future(handed)

    def _fail(self, error: BaseException) -> None:
        self.failure = error
        self.failed.set()

    async def _seek(self, consumer: BulkConsumer, tp: TP, offset: int) -> None:
        log_event(logging.INFO, "seek", partition=tp.partition, offset=offset)
        try:
            await consumer.seek_wait({tp: offset})
        except (KafkaError, ConsumerNotStarted, TimeoutError) as error:
            # Partition lost, or broker away. What comes next names its start offset, so the store sees that something
            # is missing.
            log_event(logging.WARNING, "seek_failed", partition=tp.partition, offset=offset, error=type(error).__name__)
