"""ClickHouse is away while Kafka holds far more than the worker may keep in memory: the worker waits, stays small and in its group."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from tests.support.engines import Ledger, own_face
from tests.support.real_worker import ask, real_worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 2
EVENTS = 12_000
PADDING = "x" * 30_000
BACKLOG_BYTES = EVENTS * len(PADDING)
GROWTH_BYTES_MAX = 220 << 20
"""Polls of 16 MiB and a partition, in aiokafka, in Faust's buffer and in the store's hands, and what a batch is turned into."""
AWAY_SECONDS = 6.0
EVENT = (
    '{"type":"touchline.touchpoint.v1","id":"b%d","source":"retail-pos","time":"2025-06-01T12:00:00Z",'
    '"received_at":"2025-06-01T12:00:01Z","touchpoint":"store_purchase","properties":{"padding":"%s"}}'
)


def send_backlog(ledger: Ledger) -> None:
    """A third of a gigabyte of events, which takes a few megabytes in Kafka: what is small there may be large here."""
    producer = KafkaProducer(
        bootstrap_servers=ledger.settings.kafka_bootstrap, compression_type="gzip", linger_ms=50, batch_size=1 << 20
    )
    for number in range(EVENTS):
        key = f"retail-pos/b{number}".encode()
        producer.send(
            ledger.settings.topic, (EVENT % (number, PADDING)).encode(), key=key, partition=number % PARTITIONS
        )
    producer.flush()
    producer.close()


@pytest.mark.timeout(240)
def test_worker_waits_for_clickhouse_with_bounded_memory_and_goes_on(stack: LocalStack, tmp_path: Path) -> None:
    with own_face(stack, tmp_path / "face", partitions=PARTITIONS, stall_seconds=5) as ledger:
        with real_worker(ledger.settings, tmp_path) as worker:
            worker.wait_log("event=ready")
            idle_bytes = worker.memory_bytes
            ledger.face.kill()
            send_backlog(ledger)
            worker.wait_log("event=store_waits")
            highest_bytes = 0
            until = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < until:
                highest_bytes = max(highest_bytes, worker.memory_bytes)
                time.sleep(0.2)
            worker.wait_log("event=stalled_in_store")
            assert "state=stalled_in_store" in worker.ready_file.read_text()
            ledger.face.start()
            deadline = time.monotonic() + 120
            while ask(ledger.settings, RECEIVED)[0][0] < EVENTS:
                highest_bytes = max(highest_bytes, worker.memory_bytes)
                assert worker.is_alive, worker.log
                assert time.monotonic() < deadline, worker.log
                time.sleep(0.2)
            assert "state=ready" in worker.ready_file.read_text()
            assert len(re.findall("event=assigned", worker.log)) == 1, worker.log
        assert ask(ledger.settings, ACCOUNT) == [(EVENTS, EVENTS, 1)]
        assert highest_bytes - idle_bytes < GROWTH_BYTES_MAX < 0.7 * BACKLOG_BYTES, (idle_bytes, highest_bytes)


RECEIVED = "SELECT toUInt64(sum(fate_counts['received'])) FROM journey_raw.ledger WHERE kind = 'mark'"
ACCOUNT = "SELECT sum(received), sum(stored), min(is_balanced) FROM journey.account"
