"""aiokafka's reader of what a fetch brought, made lean and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiokafka.consumer import fetcher

from touchline.processors.bulk.record import Record

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

ANSWER_BYTES_MAX = 16 << 20
"""Of one answer to a fetch so much is unpacked at most: its 4 MiB may be gigabytes when they are decompressed."""


class LeanPartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's reader without headers and sizes, which nobody reads: they are most of a record's objects. Measured: 1.8
    instead of 3.4 µs of CPU a record from bytes to release, and half the memory in flight.

    It ends early at ANSWER_BYTES_MAX; aiokafka then fetches again from the record that comes next."""

    _bytes_left = ANSWER_BYTES_MAX

    def __next__(self) -> Record:
        if self._bytes_left <= 0:
            raise StopIteration
        return super().__next__()  # type: ignore[no-any-return]

    def _consumer_record(self, tp: Any, read: Any) -> Record:
        self._bytes_left -= len(read.value or b"")
        return Record(read.offset, read.key, read.value, read.timestamp, read.timestamp_type, tp.topic, tp.partition)


def let_others_go_first(consumer: AIOKafkaConsumer, served: Iterable[Any]) -> None:
    """Put what is left of these partitions behind what waits of the others. aiokafka takes from the first one until it is read to its end,
    and one answer for a partition with a long backlog may last for twenty polls."""
    waiting = consumer._fetcher._records
    for partition in served:
        if partition in waiting:
            waiting.move_to_end(partition)
