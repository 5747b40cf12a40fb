"""After a restore an operator hears what Kafka will fill, and what it cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from tests.support.engines import Ledger, own_face, touchline
from tests.support.real_worker import ask, real_worker
from tests.support.workers import send

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 2


@pytest.fixture
def own_ledger(stack: LocalStack, tmp_path: Path) -> Iterator[Ledger]:
    with own_face(stack, tmp_path / "face", partitions=PARTITIONS) as ledger:
        yield ledger


def test_records_that_kafka_dropped_after_the_backup_are_named(own_ledger: Ledger, tmp_path: Path) -> None:
    settings, face = own_ledger.settings, own_ledger.face
    with real_worker(settings, tmp_path, "first") as worker:
        send(settings, 40, PARTITIONS)
        worker.wait_stored(40)
        touchline(own_ledger, "backup", str(tmp_path / "backup"))
        send(settings, 40, PARTITIONS)
        worker.wait_stored(80)
        worker.end()
    face.kill()
    shutil.rmtree(settings.local_dir / "clickhouse")
    with KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap) as admin:
        admin.delete_records({TopicPartition(settings.topic, 1): 25})
    face.start()
    told = json.loads(touchline(own_ledger, "restore", str(tmp_path / "backup"), "--json", status=4))
    assert told["behind_kafka"] == [
        {"partition": 0, "waiting": 20, "lost": 0},
        {"partition": 1, "waiting": 15, "lost": 5},
    ]
    assert ask(settings, "SELECT sum(received) FROM journey.account") == [(40,)]
    with real_worker(settings, tmp_path, "second") as worker:
        worker.wait_stored(75)
        worker.end()
    account = "SELECT partition, received, gaps, is_balanced FROM journey.account ORDER BY partition"
    assert ask(settings, account) == [(0, 40, 0, 1), (1, 35, 5, 1)]
    assert "ClickHouse holds data already" in refused(own_ledger, tmp_path / "backup")


def refused(ledger: Ledger, folder: Path) -> str:
    """What a restore over data says on standard error."""
    command = [sys.executable, "-m", "touchline", "restore", str(folder)]
    outcome = subprocess.run(command, env=ledger.environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2, outcome.stderr
    return outcome.stderr
