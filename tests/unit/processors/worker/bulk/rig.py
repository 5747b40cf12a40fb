"""A worker's Faust app that is built but not started, and records to put through its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import ConsumerRecord
from faust.types import TP

from touchline.processors.values.protocol import Store
from touchline.processors.worker.app import WorkerApp, build_app, consumer_of
from touchline.processors.worker.bulk.consumer import BulkConsumer
from touchline.processors.worker.bulk.record import BulkRecord
from touchline.processors.worker.handover import Handover
from touchline.settings import Settings

TOPIC = "customer-events"
TP0 = TP(TOPIC, 0)


class Rig(NamedTuple):
    app: WorkerApp
    consumer: BulkConsumer
    handover: Handover


@asynccontextmanager
async def rig(store: Store) -> AsyncIterator[Rig]:
    thread = ThreadPoolExecutor(1, "store")
    handover = Handover(store, thread)
    app = build_app(Settings(), handover, lambda _partitions, _generation: None, lambda _partitions: None)
    app.finalize()
    app.consumer_generation_id = 7
    consumer = consumer_of(app)
    try:
        yield Rig(app, consumer, handover)
    finally:
        thread.shutdown()
        consumer.bulk_thread.thread_loop.close()


def record(offset: int, value: bytes = b"{}", partition: int = 0) -> ConsumerRecord:
    return ConsumerRecord(TOPIC, partition, offset, 1_700_000_000_000, 0, b"key", value, None, 3, len(value), ())


def bulk(
    first: int, count: int = 3, *, start: int | None = None, generation: int = 7, epoch: int = 0, partition: int = 0
) -> BulkRecord:
    records = [record(offset, partition=partition) for offset in range(first, first + count)]
    return BulkRecord(records, first if start is None else start, first + count, generation, epoch)
