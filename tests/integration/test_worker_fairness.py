"""No partition starves another: what arrives on a small one does not wait until a huge one is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from tests.support.engines import fresh_topic
from tests.support.workers import EVENT, stored, worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

HUGE = 60_000
SMALL = 300
BATCH_ROWS = 2_000
TURNS = 4
"""Batches of the huge partition that may come before the first of each small one: two polls of two batches."""


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    topic = fresh_topic(stack)
    return stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}", batch_rows=BATCH_ROWS)


def send(settings: Settings, partition: int, count: int) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, batch_size=256 << 10)
    for number in range(count):
        producer.send(settings.topic, EVENT % number, partition=partition)
    producer.flush()
    producer.close()


def test_small_partitions_are_served_while_a_huge_one_is_read(settings: Settings, tmp_path: Path) -> None:
    send(settings, 0, HUGE)
    for partition in (1, 2, 3):
        send(settings, partition, SMALL)
    with worker(settings, tmp_path, "SlowStore") as process:
        process.wait_stored(HUGE // 3)
        for partition in (1, 2, 3):
            send(settings, partition, SMALL)
        sent_at = len(stored(process.notes))
        process.wait_stored(HUGE + 6 * SMALL)
        batches = [one.partition for one in stored(process.notes)]
    first = {partition: batches.index(partition) for partition in range(4)}
    assert max(first.values()) <= 3 + TURNS, batches
    again = {partition: batches.index(partition, sent_at) - sent_at for partition in (1, 2, 3)}
    in_flight = 8
    """Batches that were read before: in Faust's buffer, in its hands, and in the poll that went on."""
    assert max(again.values()) <= in_flight + 3 + TURNS, (again, batches)
    assert batches.count(0) > sent_at + max(again.values()), (
        "the huge partition was read to its end too soon to compare"
    )
