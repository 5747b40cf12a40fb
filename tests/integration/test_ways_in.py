"""The commands that send, as processes, on a real Kafka."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.support.engines import PARTITIONS, fresh_topic
from touchline.local.parts import settings_environment

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def topic(stack: LocalStack) -> str:
    return fresh_topic(stack)


@pytest.fixture
def touchline(stack: LocalStack, topic: str) -> Run:
    def run(*words: str, text: str = "", **changes: object) -> subprocess.CompletedProcess[str]:
        settings = stack.settings.with_changes(topic=topic, sources_file=Path("sources.yaml").resolve(), **changes)
        command = [sys.executable, "-m", "touchline", *words]
        environment = settings_environment(settings)
        return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False)

    return run


def _record_count(stack: LocalStack, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka_bootstrap)
    try:
        ends: dict[TopicPartition, int] = consumer.end_offsets([TopicPartition(topic, n) for n in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        consumer.close()


def test_what_the_commands_say_they_sent_is_in_kafka(stack: LocalStack, topic: str, touchline: Run) -> None:
    one = touchline("emit", "--touchpoint", "store_visit", "--person", "loyalty:4711")
    lines = [
        json.dumps(
            {"type": "touchline.touchpoint.v1", "id": str(n), "source": "shell", "touchpoint": "x", "time": time}
        )
        for n, time in enumerate(["2026-03-01T11:00:00Z", "yesterday", "2026-03-01T11:00:00Z"])
    ]
    many = touchline("emit", "--json", text="\n".join(lines))
    baskets = touchline("import", "retail", "--limit", "100", "--json")

    assert (one.returncode, one.stderr) == (0, "")
    assert (many.returncode, json.loads(many.stdout)["accepted"]) == (1, 2)
    assert (baskets.returncode, json.loads(baskets.stdout)["acknowledged"]) == (0, 100)
    assert _record_count(stack, topic) == 103


def test_an_absent_kafka_is_status_3_in_two_lines(touchline: Run, free_port: Callable[[], int]) -> None:
    absent = touchline("emit", "--touchpoint", "store_visit", kafka_bootstrap=f"127.0.0.1:{free_port()}")

    assert absent.returncode == 3
    assert [line.partition(":")[0] for line in absent.stderr.splitlines()] == ["error", "hint"]


def test_a_missing_person_key_is_status_2_and_names_the_file_that_makes_it(touchline: Run, tmp_path: Path) -> None:
    words = ("emit", "--touchpoint", "store_visit", "--person", "loyalty:4711")
    missing = touchline(*words, person_key_file=tmp_path / "none")

    assert missing.returncode == 2
    assert "person key" in missing.stderr
    assert "touchline up" in missing.stderr
