"""From a record key to its partition, as the Java client does it, so that senders in all languages agree.

partition = (murmur2(key) & 0x7fffffff) mod number of partitions. murmur2 in Python costs about 9 µs for a person key,
hence the table of keys already met.
"""

from __future__ import annotations

from typing import Any, Final

from kafka.partitioner.abc import Partitioner
from kafka.partitioner.default import murmur2

_KEYS_KEPT: Final = 200_000
"""About 40 MB at most; a full table starts anew."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives to a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class CachingPartitioner(Partitioner):  # type: ignore[misc]  # kafka-python is not typed
    """`partition_of` behind a bounded table. Threads may share it: a lost entry costs one calculation."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, int], int] = {}

    def partition(self, topic: str, key: Any, serialized_key: bytes, *rest: Any) -> int:
        """Called by kafka-python for each record; the last argument is its view of the cluster."""
        partitions = len(rest[-1].partitions_for_topic(topic))
        known = self._known.get((serialized_key, partitions))
        if known is not None:
            return known
        partition = partition_of(serialized_key, partitions)
        if b"/" not in serialized_key:  # "<source>/<id>" belongs to one event: it does not come again
            if len(self._known) >= _KEYS_KEPT:
                self._known.clear()
            self._known[serialized_key, partitions] = partition
        return partition
