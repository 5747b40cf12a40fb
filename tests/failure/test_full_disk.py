"""A disk that is full under ClickHouse or under the worker's state: the worker waits, says so, and goes on by itself when it can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from bench.events import make_events
from tests.support.disks import SmallDisk, small_disk
from tests.support.engines import Ledger, own_face, touchline
from tests.support.real_worker import RealWorker, ask, real_worker
from tests.support.workers import wait_for

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 2
EVENTS = 4_000
TOUCHPOINTS = EVENTS - EVENTS // 20
FULL = "the disk of the worker's state is full: free space for"
SHOWN = "SELECT count(), uniqExact(source, event_id) FROM journey.touchpoints"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def send(ledger: Ledger, first: int, count: int) -> None:
    """Some of the benchmark's events."""
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap, linger_ms=5)
    for number, event in enumerate(make_events(first + count, PARTITIONS)):
        if number >= first:
            producer.send(ledger.settings.topic, event.value, key=event.key, partition=event.partition)
    producer.flush()
    producer.close()


def assert_each_counts_once(ledger: Ledger, worker: RealWorker) -> None:
    worker.wait_stored(EVENTS)
    assert worker.is_alive
    assert ask(ledger.settings, "SELECT sum(stored), min(is_balanced) FROM journey.account") == [(EVENTS, 1)]
    assert ask(ledger.settings, SHOWN) == [(TOUCHPOINTS, TOUCHPOINTS)]
    touchline(ledger, "reconcile", status=0)


def test_full_disk_under_clickhouse_is_said_and_waited_for(stack: LocalStack, disk: SmallDisk, tmp_path: Path) -> None:
    with own_face(stack, disk.path / "local", partitions=PARTITIONS, state_dir=tmp_path / "state") as ledger:
        send(ledger, 0, EVENTS // 2)
        with real_worker(ledger.settings, tmp_path) as worker:
            worker.wait_stored(EVENTS // 2)
            disk.fill(ledger.face.pid)
            send(ledger, EVENTS // 2, EVENTS // 2)
            worker.wait_log("data folder")
            assert "event=store_waits" in worker.log
            disk.free(ledger.face.pid)
            assert_each_counts_once(ledger, worker)


def test_full_disk_under_the_state_folder_is_said_and_waited_for_before_there_is_a_file_and_after(
    stack: LocalStack, disk: SmallDisk, tmp_path: Path
) -> None:
    with (
        own_face(stack, tmp_path / "local", partitions=PARTITIONS, state_dir=disk.path / "state") as ledger,
        real_worker(ledger.settings, tmp_path) as worker,
    ):
        worker.wait_log("event=ready")
        for first in (0, EVENTS // 2):
            said = worker.log.count(FULL)

            def is_said_again(before: int = said) -> bool:
                return worker.log.count(FULL) > before

            disk.fill(worker.process.pid)
            send(ledger, first, EVENTS // 2)
            wait_for(is_said_again, lambda: worker.log)
            disk.free(worker.process.pid)
            worker.wait_stored(first + EVENTS // 2)
        assert_each_counts_once(ledger, worker)
