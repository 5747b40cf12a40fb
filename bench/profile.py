"""Where the worker's CPU goes: the pipeline's steps over the benchmark's events, on a real ClickHouse, without Kafka.

Steps are timed by wrapping the functions that `processors/pipeline.py`, `following.py` and the store loop chain (CPU time of the
thread, not counting the steps inside). Reading from Kafka is not among them: the worker as a whole is what `bench
pipeline` measures.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from aiokafka import ConsumerRecord

from bench.events import make_events
from touchline.local.stack import LocalStack
from touchline.metrics.declared import WORKER
from touchline.metrics.meter import Meter
from touchline.processors import following, pipeline
from touchline.processors.ledger import clickhouse
from touchline.processors.loop import acquire, loop
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.tails import Tails
from touchline.processors.steps.validate import Validator
from touchline.processors.values.records import ReceivedBatch
from touchline.processors.worker.build import build_pipeline
from touchline.processors.worker.garbage import settle_garbage
from touchline.service.live_sources import LiveSources

PARTITIONS = 4
STEPS: Sequence[tuple[object, str]] = (
    (clickhouse.ClickHouseLedger, "acquire"),
    (acquire, "restore"),
    (pipeline, "receive"),
    (pipeline, "decode_quickly"),
    (Validator, "validate"),
    (pipeline, "resolve"),
    (pipeline, "settle"),
    (pipeline, "follow_batch"),
    (following, "follow"),
    (following, "follow_alone"),
    (pipeline, "take_from_occasions"),
    (pipeline, "diff"),
    (pipeline, "assemble_fates"),
    (pipeline, "assemble_attached"),
    (pipeline, "assemble_difference"),
    (pipeline, "assemble_links"),
    (pipeline, "assemble_words"),
    (pipeline, "assemble_mark"),
    (pipeline, "build_insert"),
    (clickhouse.ClickHouseLedger, "insert"),
    (Tails, "get_many"),
    (Tails, "put_many"),
    (PartitionIds, "meet"),
    (pipeline.Pipeline, "prepare"),
    (loop.StoreLoop, "store"),
)


def profile(events: int) -> str:
    """A table: CPU microseconds an event by step, the largest first."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS) as stack,
    ):
        store = build_pipeline(
            stack.settings,
            live_sources=LiveSources(stack.settings.sources_file, Meter(WORKER), logging.getLogger(__name__)),
            topic_incarnation=lambda _topic: "profile",
            should_stop=lambda: False,
        )
        polls = list(batches(events, stack.settings.batch_rows))
        settle_garbage()
        with timed(STEPS) as seconds:
            for batch in polls:
                store.store(batch)
        store.close()
    total = sum(seconds.values())
    rows = sorted(seconds.items(), key=lambda row: -row[1])
    lines = [f"{name:<22}{spent / events * 1e6:8.2f} us{spent / total:8.1%}" for name, spent in rows]
    return "\n".join([*lines, f"{'sum':<22}{total / events * 1e6:8.2f} us"])


def batches(count: int, batch_rows: int) -> Iterator[ReceivedBatch]:
    """The benchmark's events as polls of full batches, partition after partition."""
    records: dict[int, list[ConsumerRecord[bytes, bytes]]] = defaultdict(list)
    for event in make_events(count, PARTITIONS):
        partition = records[event.partition]
        sizes = (len(event.key), len(event.value))
        partition.append(
            ConsumerRecord(
                "t", event.partition, len(partition), 0, 0, event.key, event.value, None, *sizes, event.headers
            )
        )
    for number, all_records in records.items():
        rest = iter(all_records)
        while part := list(islice(rest, batch_rows)):
            yield ReceivedBatch("t", number, 1, part, part[0].offset)


@contextmanager
def timed(steps: Sequence[tuple[object, str]]) -> Iterator[dict[str, float]]:
    """Seconds of thread CPU time by step, without the steps inside it, while the block runs."""
    seconds: dict[str, float] = defaultdict(float)
    inside = [0.0]
    originals = [(owner, name, getattr(owner, name)) for owner, name in steps]
    for owner, name, step in originals:
        setattr(owner, name, _timed(step, _label(owner, name), seconds, inside))
    try:
        yield seconds
    finally:
        for owner, name, step in originals:
            setattr(owner, name, step)


def _timed(step: Callable[..., Any], label: str, seconds: dict[str, float], inside: list[float]) -> Callable[..., Any]:
    def run(*arguments: Any, **named: Any) -> Any:
        before, inside[0] = inside[0], 0.0
        began = time.thread_time()
        try:
            return step(*arguments, **named)
        finally:
            spent = time.thread_time() - began
            seconds[label] += spent - inside[0]
            inside[0] = before + spent

    return run


def _label(owner: object, name: str) -> str:
    return name if isinstance(owner, ModuleType) else f"{getattr(owner, '__name__', '')}.{name}"
