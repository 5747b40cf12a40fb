"""Finds a worker that stands still although there is something to do, since Kafka no longer does (its poll interval
is days).

Lag without progress has two causes. The store is busy with a batch: it waits for ClickHouse, or the batch is large;
that is said, and the worker waits or, with `stall_action = "end"`, ends with status 3 for its supervisor to start
another. Or nothing was handed over: reading is stuck; then the worker joins its group anew.

Why: docs/decisions/0081.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, cast

from faust.types import TP

from touchline.processors.worker.bulk.consumer import BulkConsumer


def durable_offset(consumer: BulkConsumer, tp: TP) -> int | None:
    """Up to where the partition is durable by what the store has said, before that by Kafka's commit; None before it is read."""
    return consumer.durable_offsets.get(tp, consumer.bulk_thread.sought_offsets.get(tp))


def lags_of(consumer: BulkConsumer) -> dict[TP, int]:
    """Records of each assigned partition that are not durable yet; a partition never heard of counts as one.

    Offsets that hold no record any more (expired, or a transaction's end) are none: reading passes them and hands nothing over."""
    thread = consumer.bulk_thread
    records: dict[TP, int] = {}
    for tp in consumer.assignment():
        end = cast("int | None", consumer.highwater(tp))  # None before the first answer, whatever Faust declares
        durable = durable_offset(consumer, tp)
        fetched, handed = thread.fetch_offset(tp), thread.handed_offsets.get(tp)
        if end is None or durable is None or fetched is None or handed is None:
            records[tp] = 1
        else:
            records[tp] = max(0, end - fetched) + max(0, handed - durable)
    return records


class Standing(NamedTuple):
    """What the watchdog looks at: records behind the end of the topic (all partitions of this worker), progress so
    far (any number that grows with each acknowledgement), and since when the store holds a batch (monotonic seconds,
    None: it does not)."""

    lag: int
    progress: int
    busy_since: float | None


class Verdict(Enum):
    FINE = "fine"
    STORE_HOLDS = "stalled_in_store"
    READING_STUCK = "stalled_in_reading"


class Watchdog:
    """Judges one `Standing` after the other; `stall_seconds` without progress are one verdict, then the time starts
    anew. `health` is the newest verdict that was not merely waiting: FINE again at the next progress."""

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._progress = -1
        self._since = 0.0
        self.health = Verdict.FINE

    def judge(self, standing: Standing, now: float) -> Verdict:
        if standing.progress != self._progress or standing.lag == 0:
            self._progress, self._since = standing.progress, now
            self.health = Verdict.FINE
            return Verdict.FINE
        if now - self._since < self._stall_seconds:
            return Verdict.FINE
        self._since = now
        self.health = Verdict.READING_STUCK if standing.busy_since is None else Verdict.STORE_HOLDS
        return self.health
