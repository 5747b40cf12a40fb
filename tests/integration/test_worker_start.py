"""What a worker says when it cannot work: the fact, the remedy, the exit status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engines import fresh_topic
from tests.workers import WorkerProcess, lines, send, worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchline.local.stack import LocalStack


@pytest.fixture
def outcome(stack: LocalStack, tmp_path: Path) -> Callable[..., tuple[int, WorkerProcess]]:
    """Runs a worker to its end; returns exit status and process."""

    def run(store: str = "NotingStore", event_count: int = 0, **changes: object) -> tuple[int, WorkerProcess]:
        topic = fresh_topic(stack)
        settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")
        send(settings, event_count)
        with worker(settings.with_changes(**changes), tmp_path, store) as process:
            return process.wait(), process

    return run


def test_absent_broker_is_named_with_its_remedy_and_status_3(
    outcome: Callable[..., tuple[int, WorkerProcess]], free_port: Callable[[], int]
) -> None:
    port = free_port()
    began = time.monotonic()
    status, process = outcome(kafka_bootstrap=f"127.0.0.1:{port}")
    assert (status, time.monotonic() - began < 15) == (3, True)
    assert f"error: Kafka at 127.0.0.1:{port} does not answer" in process.log
    assert "mend: start it (`touchline up`)" in process.log
    assert len(process.log.splitlines()) < 10


def test_missing_topic_is_named_and_not_waited_for_in_silence(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome(topic="misspelled")
    assert status == 2
    assert "has no topic `misspelled`" in process.log
    assert "mend: create it" in process.log


def test_other_schema_is_status_2_with_migrate_as_the_remedy(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome("OldSchemaStore")
    assert status == 2
    assert "mend: touchline migrate" in process.log


def test_bug_ends_the_worker_with_status_1_its_place_and_no_data(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome("BuggyStore", event_count=4)
    assert status == 1
    assert 'event=bug error=KeyError at="fakes.py:' in process.log
    assert "jane" not in process.log
    assert lines(process.notes, "stored") == []
