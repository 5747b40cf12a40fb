"""The Faust app: group, assignment, rebalance, back-pressure and agent supervision over the bulk transport.

What is switched off was found to lose data or time (docs/decisions/0040): tables and exactly-once, Faust's own topic
declarations, the leader topic, the producer, waiting for an empty stream in a rebalance, and the poll interval as a
sign of life (a store may wait hours for ClickHouse; the watchdog looks for progress instead).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.types import TP
from yarl import URL

from touchline.processors.worker.bulk.consumer import BulkConsumer
from touchline.processors.worker.bulk.record import POLL_BATCHES
from touchline.processors.worker.bulk.transport import BulkTransport
from touchline.processors.worker.gather import gathered
from touchline.processors.worker.handover import Handover
from touchline.settings import Settings

SESSION_SECONDS = 6.0
HEARTBEAT_SECONDS = 1.0
REBALANCE_SECONDS = 3.0
REQUEST_SECONDS = 10.0
COMMIT_SECONDS = 1.0
METADATA_SECONDS = 3.0
"""A broker that has just started may not know the topic yet. A member that then assigns for the group assigns nothing, and hears of it
when it asks for metadata the next time: stock, after five minutes."""
DAYS = 86_400.0 * 7
FETCH_BYTES = 8 << 20
"""One partition's share of an answer: a batch and a half of 600 bytes a record. With 4 MiB the inserts were smaller: 7 % CPU."""
STREAM_BUFFER_BULKS = 4
"""Bulk records between poll and agent; with one poll prefetched by aiokafka, and one that is read ahead, they bound the
memory of records in flight."""


class _ConsumerOnly(BootStrategy):
    """The pipeline sends nothing: ClickHouse is its only output."""

    enable_kafka_producer = False
    enable_web = False


class WorkerApp(faust.App):
    """A Faust app with one topic, one agent and no output."""

    BootStrategy = _ConsumerOnly

    async def on_first_start(self) -> None:
        """Nothing: without tables there is no need for the folders that Faust would make."""


def build_app(
    settings: Settings,
    handover: Handover,
    on_assigned: Callable[[set[TP], int], None],
    on_revoked: Callable[[set[TP]], None],
) -> WorkerApp:
    """The app that reads the topic and gives each bulk record to `handover`. The callbacks run in the main loop at
    each rebalance."""
    app = WorkerApp(settings.consumer_group, **faust_settings(settings))
    app.transport = BulkTransport([URL(f"kafka://{server}") for server in settings.kafka_bootstrap.split(",")], app)
    topic = app.topic(settings.topic, key_serializer="raw", value_serializer="raw", value_type=bytes)

    async def store_batches(stream: Any) -> None:
        pacing = consumer_of(app).pacing
        pacing.records_max, pacing.is_store_busy = settings.batch_rows, lambda: handover.busy_since is not None
        async with aclosing(gathered(stream.noack().events(), settings.batch_rows)) as coming:
            async for events in coming:
                await handover.hand_over(consumer_of(app), events)

    app.agent(topic, name="store_batches", concurrency=1)(store_batches)

    async def assigned(_app: object, partitions: set[TP], *_: object, **__: object) -> None:
        on_assigned(partitions, app.consumer_generation_id)

    async def revoked(_app: object, partitions: set[TP], *_: object, **__: object) -> None:
        on_revoked(partitions)

    # Faust sends the signal as (app, partitions, signal=...); its declared types know no such receiver.
    app.on_partitions_assigned.connect(cast(Any, assigned), weak=False)
    app.on_partitions_revoked.connect(cast(Any, revoked), weak=False)
    return app


def consumer_of(app: faust.App) -> BulkConsumer:
    """The app's consumer, which is there from the app's start on."""
    return cast(BulkConsumer, app.consumer)


def faust_settings(settings: Settings) -> dict[str, Any]:
    """Faust's settings, each for a reason (design: consuming at speed)."""
    return {
        "broker": [f"kafka://{server}" for server in settings.kafka_bootstrap.split(",")],
        "store": "memory://",
        "processing_guarantee": "at_least_once",
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "stream_wait_empty": False,
        "stream_buffer_maxsize": STREAM_BUFFER_BULKS,
        "stream_recovery_delay": 0.0,
        "stream_processing_timeout": DAYS,
        "broker_session_timeout": SESSION_SECONDS,
        "broker_heartbeat_interval": HEARTBEAT_SECONDS,
        "broker_rebalance_timeout": REBALANCE_SECONDS,
        "broker_request_timeout": REQUEST_SECONDS,
        "broker_max_poll_interval": DAYS,
        "broker_max_poll_records": settings.batch_rows * POLL_BATCHES,
        "broker_commit_interval": COMMIT_SECONDS,
        "broker_commit_livelock_soft_timeout": DAYS,
        "consumer_max_fetch_size": FETCH_BYTES,
        "consumer_metadata_max_age_ms": int(METADATA_SECONDS * 1_000),
        "consumer_auto_offset_reset": "earliest",
        "web_enabled": False,
        "reply_create_topic": False,
    }
