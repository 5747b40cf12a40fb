from __future__ import annotations

from typing import Any

import pytest

from touchline.producers import partitioning
from touchline.producers.partitioning import CachingPartitioner, partition_of

KEY = b"k1:" + b"ab" * 32


class Cluster:
    """As much of kafka-python's view of a cluster as a partitioner asks for."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(self.partitions))


def _partition(partitioner: CachingPartitioner, key: bytes, partitions: int = 4) -> int:
    return partitioner.partition("events", key, key, None, b"{}", Cluster(partitions))


@pytest.fixture
def calculated(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    keys: list[bytes] = []

    def noting(key: bytes, partitions: int) -> int:
        keys.append(key)
        return partition_of(key, partitions)

    monkeypatch.setattr(partitioning, "partition_of", noting)
    return keys


def test_a_person_key_is_calculated_once_for_each_number_of_partitions(calculated: list[bytes]) -> None:
    partitioner = CachingPartitioner()

    assert {_partition(partitioner, KEY) for _ in range(3)} == {partition_of(KEY, 4)}
    assert _partition(partitioner, KEY, 12) == partition_of(KEY, 12)
    assert calculated == [KEY, KEY]


def test_the_key_of_a_single_event_is_not_kept(calculated: list[bytes]) -> None:
    partitioner = CachingPartitioner()
    for _ in range(2):
        _partition(partitioner, b"web-shop/e1")

    assert calculated == [b"web-shop/e1"] * 2


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitioning, "_KEYS_KEPT", 10)
    partitioner = CachingPartitioner()
    for number in range(95):
        _partition(partitioner, b"key %d" % number)

    known: dict[Any, int] = partitioner._known
    assert len(known) <= 10
