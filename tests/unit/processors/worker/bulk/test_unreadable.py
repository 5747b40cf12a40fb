"""A partition whose next batch cannot be read stands alone, is named, and is tried again."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError
from aiokafka.structs import TopicPartition
from faust.types import TP

from touchline.processors.worker.bulk import unreadable
from touchline.processors.worker.bulk.unreadable import UnreadablePartitions
from touchline.processors.worker.health import HINTS

AIOKAFKA_TP = TopicPartition("events", 3)
TP3 = TP("events", 3)


class Consumer:
    """Remembers what is assigned and what is paused, as aiokafka's does."""

    def __init__(self, *assigned: TopicPartition) -> None:
        self.assigned = set(assigned)
        self.stopped: set[TopicPartition] = set()

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def paused(self) -> set[TopicPartition]:
        return self.stopped

    def pause(self, *partitions: TopicPartition) -> None:
        self.stopped.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.stopped.difference_update(partitions)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(unreadable, "monotonic", lambda: now[0])
    return now


def test_only_that_partition_is_paused_and_it_is_tried_again_after_a_while(clock: list[float]) -> None:
    other = TopicPartition("events", 1)
    consumer: Any = Consumer(AIOKAFKA_TP, other)
    known = UnreadablePartitions()
    known.note(consumer, AIOKAFKA_TP, 7, UnsupportedCodecError("zstd"))
    assert consumer.stopped == {AIOKAFKA_TP}
    known.try_again(consumer)
    assert consumer.stopped == {AIOKAFKA_TP}, "too soon"
    clock[0] += unreadable.RETRY_SECONDS
    known.try_again(consumer)
    assert consumer.stopped == set()
    assert known.standing[TP3].offset == 7, "still unread until something beyond it was read"
    known.passed(TP3, 8)
    assert known.standing == {}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnsupportedCodecError("Libraries for zstd compression codec not found"), "codec_missing"),
        (CorruptRecordException("Invalid CRC"), "damaged"),
        (ValueError("jane@example.org"), "not_unpacked"),
    ],
)
def test_it_is_said_once_for_an_offset_with_reason_and_hint_and_nothing_of_the_data(
    clock: list[float], caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    consumer: Any = Consumer(AIOKAFKA_TP)
    known = UnreadablePartitions()
    with caplog.at_level(logging.INFO):
        known.note(consumer, AIOKAFKA_TP, 7, error)
        known.note(consumer, AIOKAFKA_TP, 7, error)
    assert len(caplog.records) == 1
    said = vars(caplog.records[0])
    assert "jane" not in repr(said)
    found = known.standing[TP3]
    assert (found.reason, found.error) == (reason, type(error).__name__)
    assert found.hint == HINTS[reason]


def test_a_partition_that_went_to_another_worker_is_forgotten(clock: list[float]) -> None:
    consumer: Any = Consumer(AIOKAFKA_TP)
    known = UnreadablePartitions()
    known.note(consumer, AIOKAFKA_TP, 7, ValueError())
    consumer.assigned.clear()
    known.try_again(consumer)
    assert known.standing == {}
