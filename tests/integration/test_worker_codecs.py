"""What standard clients may send: compressed records and transactions. On real Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from kafka import KafkaProducer

from tests.support.engines import fresh_topic
from tests.support.workers import EVENT, PATIENCE_SECONDS, stored, worker
from touchline.kafka.offsets import read_offsets, without_marks

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
EACH = 8


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    topic = fresh_topic(stack)
    return stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")


def by_kafka_python(settings: Settings, codec: str) -> None:
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        compression_type=None if codec == "none" else codec,
        linger_ms=20,
    )
    for number in range(EACH):
        producer.send(settings.topic, EVENT % number + b" " * 400, partition=number % 4)
    producer.flush()
    producer.close()


def by_librdkafka(settings: Settings, codec: str) -> None:
    producer = Producer(
        {"bootstrap.servers": settings.kafka_bootstrap, "compression.type": codec, "linger.ms": 20, "log_level": 0}
    )
    for number in range(EACH):
        producer.produce(settings.topic, EVENT % number + b" " * 400, partition=number % 4)
    assert producer.flush(20) == 0


def test_records_are_read_whatever_codec_the_sender_compresses_them_with(settings: Settings, tmp_path: Path) -> None:
    for codec in CODECS:
        by_kafka_python(settings, codec)
        by_librdkafka(settings, codec)
    with worker(settings, tmp_path) as process:
        process.wait_stored(EACH * len(CODECS) * 2)
        assert "batch_unreadable" not in process.log


def test_what_a_librdkafka_client_took_back_in_a_transaction_is_not_read(settings: Settings, tmp_path: Path) -> None:
    producer = Producer(
        {"bootstrap.servers": settings.kafka_bootstrap, "transactional.id": f"shop-{settings.topic}", "log_level": 0}
    )
    producer.init_transactions(PATIENCE_SECONDS)
    for number, is_kept in enumerate((False, True, False, True)):
        producer.begin_transaction()
        producer.produce(settings.topic, EVENT % number, partition=0)
        assert producer.flush(PATIENCE_SECONDS) == 0
        if is_kept:
            producer.commit_transaction(PATIENCE_SECONDS)
        else:
            producer.abort_transaction(PATIENCE_SECONDS)
    with worker(settings, tmp_path) as process:
        process.wait_stored(2)
        batches = stored(process.notes)
    assert sum(one.record_count for one in batches) == 2
    assert (batches[0].first, batches[-1].last) == (2, 6), "each transaction is a record and a marker"


def test_what_a_sender_took_back_in_a_transaction_is_not_read(settings: Settings, tmp_path: Path) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, transactional_id=f"till-{settings.topic}")
    producer.init_transactions()
    for number, is_kept in enumerate((False, True, False, True)):
        producer.begin_transaction()
        producer.send(settings.topic, EVENT % number, partition=0)
        producer.flush()
        if is_kept:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()
    with worker(settings, tmp_path) as process:
        process.wait_stored(2)
        batches = stored(process.notes)
    assert sum(one.record_count for one in batches) == 2
    assert (batches[0].first, batches[-1].last) == (2, 6), "each transaction is a record and a marker"


def test_what_no_reader_is_given_behind_the_last_record_does_not_wait_to_be_stored(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, transactional_id=f"till-{settings.topic}")
    producer.init_transactions()
    for partition, is_kept in ((0, True), (1, True), (1, False), (2, False)):
        producer.begin_transaction()
        producer.send(settings.topic, EVENT % partition, partition=partition)
        producer.flush()
        if is_kept:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    found = read_offsets(settings)
    assert found.end == {0: 2, 1: 4, 2: 2, 3: 0}
    assert without_marks(settings, found, {0: 1, 1: 1, 2: 0, 3: 0}).end == {0: 1, 1: 1, 2: 0, 3: 0}
    assert without_marks(settings, found, dict.fromkeys(range(4), 0)).end == found.end | {2: 0}
    producer.begin_transaction()
    producer.send(settings.topic, EVENT % 9, partition=0)
    producer.flush()
    open_end = read_offsets(settings)
    assert without_marks(settings, open_end, {0: 1}).end == open_end.end, "nobody knows yet whether it counts"
    producer.abort_transaction()
    producer.close()
    ended = read_offsets(settings)
    assert without_marks(settings, ended, {0: 1}).end[0] == 1
