"""A sender is killed in mid-flight, again and again, while Kafka comes and goes: what emit took arrives, in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.integration.outbox_program import PERSONS
from tests.support.engines import PARTITIONS, fresh_topic
from touchline import TouchpointProducer
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

ROOT = Path(__file__).parents[2]
KILLS = 6
EVENTS = 100_000
DRAIN_SECONDS = 60.0


def _sender(stack: LocalStack, topic: str, outbox: Path, first: int, *words: str) -> subprocess.Popen[bytes]:
    arguments = [stack.settings.kafka_bootstrap, topic, str(outbox), str(first), str(EVENTS), *words]
    command = [sys.executable, "-m", "tests.integration.outbox_program", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def _rest(stdout: IO[bytes] | None) -> list[int]:
    """Numbers of complete lines."""
    assert stdout is not None
    with stdout:
        return [int(line) for line in stdout if line.endswith(b"\n") and line.strip().isdigit()]


def _numbers_by_partition(stack: LocalStack, topic: str) -> list[list[int]]:
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka_bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    try:
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        missing = sum(consumer.end_offsets(partitions).values())
        logs: dict[int, list[int]] = {}
        while missing > 0:
            for partition, records in consumer.poll(timeout_ms=5_000, max_records=5_000).items():
                missing -= len(records)
                ids = [dict(record.headers)["ce_id"] for record in records]
                logs.setdefault(partition.partition, []).extend(int(one[1:]) for one in ids)
        return list(logs.values())
    finally:
        consumer.close()


def _assert_nothing_lost_and_in_order(logs: list[list[int]], taken: list[int]) -> None:
    arrived = {number for log in logs for number in log}
    assert set(taken) - arrived == set()
    for log in logs:
        firsts = list(dict.fromkeys(log))
        for person in range(PERSONS):
            own = [number for number in firsts if number % PERSONS == person]
            assert own == sorted(own)


def _drain(stack: LocalStack, topic: str, outbox: Path) -> None:
    give_up_s = time.monotonic() + DRAIN_SECONDS
    with TouchpointProducer(stack.settings.kafka_bootstrap, topic, outbox=outbox) as producer:
        while producer.waiting_bytes and time.monotonic() < give_up_s:
            time.sleep(0.05)


def test_a_sender_killed_in_mid_flight_again_and_again_loses_nothing(stack: LocalStack, tmp_path: Path) -> None:
    topic, outbox = fresh_topic(stack), tmp_path / "outbox"
    taken: list[int] = []
    for kill in range(KILLS):
        process = _sender(stack, topic, outbox, kill * EVENTS)
        assert _first_line(process).strip() == b"%d" % (kill * EVENTS)
        if kill == 1:
            stack.kafka.kill()  # what follows is emitted while there is no Kafka
        if kill == 3:
            stack.start()
        time.sleep(0.15 + 0.1 * kill)
        process.kill()
        taken += [kill * EVENTS, *_rest(process.stdout)]
        process.wait()
    assert look(outbox, now_us()).records > 0
    _drain(stack, topic, outbox)

    assert look(outbox, now_us()).records == 0
    assert len(taken) > KILLS * 20
    logs = _numbers_by_partition(stack, topic)
    _assert_nothing_lost_and_in_order(logs, taken)
    # A block that was whole when its writer died may be there without having been promised; no more than that.
    assert len({number for log in logs for number in log} - set(taken)) <= KILLS


@pytest.mark.parametrize("fate", ["killed", "paused"])
def test_a_forked_child_goes_on_when_its_parent_is_gone(stack: LocalStack, tmp_path: Path, fate: str) -> None:
    topic, outbox = fresh_topic(stack), tmp_path / "outbox"
    bootstrap = stack.settings.kafka_bootstrap
    count = 3_000
    command = [sys.executable, "-m", "tests.integration.outbox_program", bootstrap, topic, str(outbox), "0", str(count)]
    parent = subprocess.Popen([*command, "fork"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert parent.stdout is not None
    try:
        lines = [parent.stdout.readline()]
        while lines[-1] != b"parent\n":
            lines.append(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
        while lines[-1] != b"child\n" and lines[-1]:
            lines.append(parent.stdout.readline())
            if fate == "paused" and lines[-1] == b"%d\n" % (count - 1):
                parent.send_signal(signal.SIGCONT)  # it holds the drain lock: the child may only write
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    _drain(stack, topic, outbox)

    assert lines[-1] == b"child\n"
    _assert_nothing_lost_and_in_order(_numbers_by_partition(stack, topic), list(range(count)))
