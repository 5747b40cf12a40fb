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


def hash_of(key: bytes) -> int:
    """murmur2 without its sign, as Kafka's default partitioner takes it."""
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives to a key."""
    return hash_of(key) % partitions


class KeyHashes:
    """`hash_of` behind a bounded table. Threads may share it: a lost entry costs one calculation."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def of(self, key: bytes) -> int:
        """The hash of a record's key."""
        known = self._known.get(key)
        if known is not None:
            return known
        found = hash_of(key)
        if b"/" not in key:  # "<source>/<id>" belongs to one event: it does not come again
            if len(self._known) >= _KEYS_KEPT:
                self._known.clear()
            self._known[key] = found
        return found


class CachingPartitioner(Partitioner):  # type: ignore[misc]  # kafka-python is not typed
    """The default partitioner with a table of keys already met."""

    def __init__(self) -> None:
        self._hashes = KeyHashes()

    def partition(self, topic: str, key: Any, serialized_key: bytes, *rest: Any) -> int:
        """Called by kafka-python for each record; the last argument is its view of the cluster."""
        return self._hashes.of(serialized_key) % len(rest[-1].partitions_for_topic(topic))
