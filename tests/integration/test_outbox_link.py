"""The private names of kafka-python that the outbox uses, on a real Kafka: whole batches arrive, and faults are told."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import MessageSizeTooLargeError

from tests.support.engines import fresh_topic
from touchline import TouchpointProducer, WrongUsage
from touchline.kafka.admin import admin_client
from touchline.producers.outbox import wire
from touchline.producers.outbox.link import KafkaLink, is_refused_for_good
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock

if TYPE_CHECKING:
    from pathlib import Path

    from touchline.local.stack import LocalStack

PATIENCE_SECONDS = 30


def _bodies(count: int, size: int = 100) -> list[bytes]:
    return [
        wire.body_of(
            PreparedRecord(f"e{n}", b"k1:ada", b"v%d" % n + b"x" * size, "shop", "t.v1", "2026-01-01T00:00:00Z")
        )
        for n in range(count)
    ]


def _open(stack: LocalStack, topic: str, **options: Any) -> KafkaLink:
    return KafkaLink(stack.settings.kafka_bootstrap, topic, 10, 60, options, SenderClock(now_us))


def _consume(stack: LocalStack, topic: str, count: int) -> list[Any]:
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka_bootstrap, consumer_timeout_ms=10_000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    found = [next(consumer) for _ in range(count)]
    consumer.close()
    return found


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_whole_batches_arrive_in_order_with_key_value_and_headers(stack: LocalStack, compression: str | None) -> None:
    topic = fresh_topic(stack, partitions=1)
    answers: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    link = _open(stack, topic, compression_type=compression)
    bodies = _bodies(3_000)
    began_ms = time.time() * 1_000
    for begin in range(0, 3_000, 1_000):
        link.send([(0, bodies[begin : begin + 1_000], answers.put)])
    assert [answers.get(timeout=PATIENCE_SECONDS) for _ in range(3)] == [None] * 3
    link.close()

    records = _consume(stack, topic, 3_000)
    assert [record.value[: record.value.index(b"x")] for record in records] == [b"v%d" % n for n in range(3_000)]
    assert {record.key for record in records} == {b"k1:ada"}
    assert [name for name, _ in records[0].headers] == ["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time"]
    assert dict(records[7].headers)["ce_id"] == b"e7"
    assert all(abs(record.timestamp - began_ms) < 60_000 for record in records)


def test_a_batch_above_kafkas_limit_is_told_and_not_split_behind_our_back(stack: LocalStack) -> None:
    topic = fresh_topic(stack, partitions=1)
    answers: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    link = _open(stack, topic)
    link.send([(0, _bodies(3, size=500_000), answers.put)])
    error = answers.get(timeout=PATIENCE_SECONDS)
    link.close()

    assert isinstance(error, MessageSizeTooLargeError)
    assert is_refused_for_good(error)
    assert answers.empty()


def test_closing_gives_up_what_is_on_its_way_and_says_so(stack: LocalStack) -> None:
    topic = fresh_topic(stack, partitions=1)
    answers: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    link = _open(stack, topic)
    stack.kafka.pause()
    try:
        link.send([(0, _bodies(1), answers.put)])
        time.sleep(0.2)
        link.close()
    finally:
        stack.kafka.resume()
    error = answers.get(timeout=PATIENCE_SECONDS)
    assert error is not None
    assert not is_refused_for_good(error)


def test_a_missing_topic_and_a_wrong_option_are_wrong_usage(stack: LocalStack) -> None:
    with pytest.raises(WrongUsage, match="no topic misspelled"):
        KafkaLink(stack.settings.kafka_bootstrap, "misspelled", 1, 60, {}, SenderClock(now_us))
    with pytest.raises(WrongUsage, match="acks"):
        KafkaLink(stack.settings.kafka_bootstrap, "events", 1, 60, {"acks": 0}, SenderClock(now_us))


def test_an_event_above_the_topics_own_limit_goes_aside_and_the_others_arrive(
    stack: LocalStack, tmp_path: Path
) -> None:
    topic = fresh_topic(stack, partitions=1)
    _limit(stack, topic, 20_000)
    with TouchpointProducer(stack.settings.kafka_bootstrap, topic, outbox=tmp_path / "outbox") as producer:
        for number in range(200):
            comment = "x" * (30_000 if number == 77 else 300)
            producer.emit(id=f"e{number}", source="web-shop", touchpoint="product_page", properties={"note": comment})
        with pytest.raises(Exception, match="did not acknowledge 1 event "):
            producer.flush(PATIENCE_SECONDS)
        assert producer.counts == (200, 199, 1)
    state = look(tmp_path / "outbox", now_us())

    assert (state.records, state.aside, state.last_aside_reason) == (0, 1, "MessageSizeTooLarge")
    ids = [dict(record.headers)["ce_id"].decode() for record in _consume(stack, topic, 199)]
    assert [one for one in dict.fromkeys(ids) if one != "e77"] == list(dict.fromkeys(ids))
    assert "e77" not in ids


def _limit(stack: LocalStack, topic: str, most_bytes: int) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    with admin_client(stack.settings.kafka_bootstrap) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": str(most_bytes)})]
        )
