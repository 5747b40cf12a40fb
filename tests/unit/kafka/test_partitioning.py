from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from kafka.partitioner.default import murmur2

from touchline.kafka import partitioning
from touchline.kafka.partitioning import CachingPartitioner, KeyHashes, hash_of, partition_of

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

    def noting(key: bytes) -> int:
        keys.append(key)
        return hash_of(key)

    monkeypatch.setattr(partitioning, "hash_of", noting)
    return keys


@given(st.binary(max_size=200))
def test_a_hash_is_that_of_the_client_library(key: bytes) -> None:
    assert hash_of(key) == murmur2(key) & 0x7FFFFFFF


def test_a_person_key_is_calculated_once(calculated: list[bytes]) -> None:
    partitioner = CachingPartitioner()
    found = [_partition(partitioner, KEY, partitions) for partitions in (4, 4, 12)]

    assert calculated == [KEY]
    assert found == [partition_of(KEY, 4), partition_of(KEY, 4), partition_of(KEY, 12)]


def test_the_key_of_a_single_event_is_not_kept(calculated: list[bytes]) -> None:
    partitioner = CachingPartitioner()
    for _ in range(2):
        _partition(partitioner, b"web-shop/e1")

    assert calculated == [b"web-shop/e1"] * 2


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitioning, "_KEYS_KEPT", 10)
    hashes = KeyHashes()
    for number in range(95):
        hashes.of(b"key %d" % number)

    assert len(hashes._known) <= 10
