"""Batches that cannot be unpacked: their partition stands, is tried again now and then, and is named; all others go on.

aiokafka lets the error out of the poll, where it would end reading for every partition. Here the partition is paused at the batch instead.
Nothing is skipped: what stands there may be whole events, and only whoever runs Kafka can say that they are lost.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka.errors import CorruptRecordException, UnsupportedCodecError
from faust.types import TP

from touchline.log import log_event
from touchline.processors.worker.health import HINTS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

RETRY_SECONDS = 30.0


class Unreadable(NamedTuple):
    """Where a partition stands, and why. `error` is a type's name: an error's text may quote the data."""

    offset: int
    reason: str
    error: str
    retry_at: float

    @property
    def hint(self) -> str:
        return HINTS[self.reason]


class UnreadablePartitions:
    """Pauses partitions at a batch that cannot be read. All of it runs in aiokafka's thread; others read `standing` only."""

    def __init__(self) -> None:
        self.standing: dict[TP, Unreadable] = {}

    def note(self, consumer: AIOKafkaConsumer, aiokafka_tp: Any, offset: int, error: Exception) -> None:
        """The batch at `offset` cannot be unpacked. Said once for each offset, and tried again after RETRY_SECONDS."""
        tp = TP(aiokafka_tp.topic, aiokafka_tp.partition)
        known = self.standing.get(tp)
        found = Unreadable(offset, _reason(error), type(error).__name__, monotonic() + RETRY_SECONDS)
        self.standing[tp] = found
        consumer.pause(aiokafka_tp)
        if known is None or known.offset != offset:
            log_event(
                logging.ERROR,
                "batch_unreadable",
                partition=tp.partition,
                offset=offset,
                reason=found.reason,
                error=found.error,
                hint=found.hint,
            )

    def try_again(self, consumer: AIOKafkaConsumer) -> None:
        """Let paused partitions be read again whose time has come; forget those that went to another worker."""
        if not self.standing:
            return
        assigned = {TP(one.topic, one.partition): one for one in consumer.assignment()}
        for tp, found in list(self.standing.items()):
            if tp not in assigned:
                del self.standing[tp]
            elif assigned[tp] in consumer.paused() and monotonic() >= found.retry_at:
                consumer.resume(assigned[tp])

    def passed(self, tp: TP, next_offset: int) -> None:
        """Records up to `next_offset` were read."""
        found = self.standing.get(tp)
        if found is not None and next_offset > found.offset:
            del self.standing[tp]
            log_event(logging.INFO, "batch_readable_again", partition=tp.partition, offset=found.offset)


def _reason(error: Exception) -> str:
    if isinstance(error, UnsupportedCodecError | NotImplementedError):
        return "codec_missing"
    return "damaged" if isinstance(error, CorruptRecordException) else "not_unpacked"
