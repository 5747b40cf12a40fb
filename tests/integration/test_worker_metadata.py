"""A member of the group whose broker does not know the topic yet: as after a restart, for a moment."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from faust.types import TP

from touchline.kafka.topic import ensure_topic
from touchline.processors.values.protocol import Store
from touchline.processors.worker.app import build_app
from touchline.processors.worker.handover import Handover
from touchline.settings import Settings

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 4
UNKNOWN_SECONDS = 3.0
ENOUGH_SECONDS = 20.0


async def seconds_until_assigned(settings: Settings, stack: LocalStack) -> tuple[set[int], float]:
    """Join while there is no such topic, make it, and wait until the group's leader has assigned all of it."""
    assigned: set[int] = set()

    def on_assigned(partitions: set[TP], _generation: int) -> None:
        assigned.update(tp.partition for tp in partitions)

    thread = ThreadPoolExecutor(1, "store")
    app = build_app(settings, Handover(cast(Store, None), thread), on_assigned, lambda _partitions: None)
    starting = asyncio.create_task(app.start())
    try:
        await asyncio.sleep(UNKNOWN_SECONDS)
        assert not assigned
        await asyncio.to_thread(ensure_topic, settings.with_changes(partitions=PARTITIONS), stack.cluster.replication)
        began = time.monotonic()
        while len(assigned) < PARTITIONS and time.monotonic() - began < ENOUGH_SECONDS:
            await asyncio.sleep(0.05)
        return assigned, time.monotonic() - began
    finally:
        await app.stop()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        thread.shutdown()


def test_a_group_whose_leader_found_no_topic_reads_it_within_seconds(stack: LocalStack) -> None:
    topic = f"later-{uuid4().hex[:8]}"
    settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")
    assigned, seconds = asyncio.run(seconds_until_assigned(settings, stack))
    assert assigned == set(range(PARTITIONS)), f"{assigned} after {seconds:.1f} s"
