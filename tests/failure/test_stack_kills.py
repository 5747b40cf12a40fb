"""Broker and face killed and paused: what was acknowledged is there again after a start on the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.engines import Ledger, fresh_topic
from touchline.clickhouse.connect import connect
from touchline.errors import EngineUnreachable
from touchline.kafka.admin import admin_client

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

RECORDS = 2_000
ROWS = 10_000


def test_a_killed_broker_keeps_every_acknowledged_record(stack: LocalStack) -> None:
    topic = fresh_topic(stack, partitions=1)
    producer = KafkaProducer(bootstrap_servers=stack.settings.kafka_bootstrap, acks="all", linger_ms=5)
    sent = [producer.send(topic, str(number).encode()) for number in range(RECORDS)]
    assert {one.get(timeout=30).partition for one in sent} == {0}
    producer.close()
    stack.kafka.kill()
    assert not stack.kafka.is_running()
    with pytest.raises(EngineUnreachable, match="does not answer"), admin_client(stack.settings.kafka_bootstrap, 500):
        pass
    assert stack.start() == ["kafka"]
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka_bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])
    found: list[bytes] = []
    while len(found) < RECORDS and (polled := consumer.poll(timeout_ms=10_000)):
        found += [record.value for records in polled.values() for record in records]
    consumer.close()
    assert found == [str(number).encode() for number in range(RECORDS)]


def test_a_killed_face_keeps_every_acknowledged_insert(empty_face: Ledger) -> None:
    client = connect(empty_face.settings)
    client.execute("CREATE TABLE default.numbers (number UInt64) ENGINE = MergeTree ORDER BY number")
    client.execute("INSERT INTO default.numbers VALUES", [(number,) for number in range(ROWS)])
    empty_face.face.kill()
    client.disconnect()
    assert not empty_face.face.is_ready()
    empty_face.face.start()
    client = connect(empty_face.settings)
    assert client.execute("SELECT count(), sum(number) FROM default.numbers") == [(ROWS, ROWS * (ROWS - 1) // 2)]
    client.disconnect()


def test_a_paused_part_runs_but_does_not_answer_until_it_is_resumed(empty_face: Ledger) -> None:
    face = empty_face.face
    face.pause()
    assert face.is_running()
    assert not face.is_ready()
    face.resume()
    assert face.is_ready()


def test_a_paused_part_can_be_ended_and_started_again(empty_face: Ledger) -> None:
    face = empty_face.face
    face.pause()
    face.terminate()
    assert not face.is_running()
    assert face.start()
