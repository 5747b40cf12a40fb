"""A quorum of three brokers: one may die, and acknowledged records are there and writing goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.kafka.admin import admin_client
from touchline.kafka.topic import find_topic
from touchline.local.stack import LocalStack

SENDER = """
import sys
from kafka import KafkaProducer
bootstrap, topic, value = sys.argv[1:]
producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all")
print(producer.send(topic, value.encode()).get(timeout=50).offset)
"""


def test_a_quorum_of_three_goes_on_without_its_first_broker(tmp_path: Path) -> None:
    with LocalStack(tmp_path / "three", brokers=3, partitions=1, migrate=False) as stack:
        assert [part.name for part in stack.parts] == ["kafka", "kafka-2", "kafka-3", "clickhouse"]
        assert send(stack, "before") == 0
        stack.kafka.kill()
        assert send(stack, "after") == 1
        with admin_client(stack.settings.kafka_bootstrap) as admin:
            described = find_topic(admin, stack.settings.topic)
            assert described is not None
            assert described.partition_count == 1
        with pytest.raises(WrongUsage, match=r"made by 3 broker\(s\), not 1"):
            LocalStack(tmp_path / "three", brokers=1)
        assert len(LocalStack(tmp_path / "three").brokers) == 3


def send(stack: LocalStack, value: str) -> int:
    """Returns the offset once all in-sync copies have the record. A process of its own: the client leaks the sockets
    of connections that a dead broker refuses."""
    command = [sys.executable, "-c", SENDER, stack.settings.kafka_bootstrap, stack.settings.topic, value]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
