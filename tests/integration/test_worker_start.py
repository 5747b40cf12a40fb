"""What a worker says when it cannot work: the fact, the remedy, the exit status."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import fresh_topic
from tests.support.workers import WorkerProcess, lines, send, wait_for, worker
from touchline.local.parts import settings_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.engines import Ledger
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings


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
    assert "hint: start it (`touchline up`)" in process.log
    assert len(process.log.splitlines()) < 10


def test_missing_topic_is_named_and_not_waited_for_in_silence(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome(topic="misspelled")
    assert status == 2
    assert "has no topic `misspelled`" in process.log
    assert "hint: create it" in process.log


def test_other_schema_is_status_2_with_migrate_as_the_remedy(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome("OldSchemaStore")
    assert status == 2
    assert "hint: touchline migrate" in process.log


def test_bug_ends_the_worker_with_status_1_its_place_and_no_data(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome("BuggyStore", event_count=4)
    assert status == 1
    assert 'event=bug error=KeyError at="fakes.py:' in process.log
    assert "jane" not in process.log
    assert lines(process.notes, "stored") == []


def test_stalled_worker_ends_with_status_3_where_that_is_configured(
    outcome: Callable[..., tuple[int, WorkerProcess]],
) -> None:
    status, process = outcome("BlockingStore", event_count=4, stall_seconds=5, stall_action="end")
    assert status == 3
    assert "event=stalled_in_store" in process.log
    assert "error: ClickHouse has taken nothing for 5 s, and stall_action is end" in process.log
    assert lines(process.notes, "stored") == []


def run_worker(settings: Settings) -> subprocess.CompletedProcess[str]:
    """`touchline worker`, which ends by itself."""
    command = [sys.executable, "-m", "touchline", "worker"]
    environment = settings_environment(settings)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_worker_before_the_first_migration_names_touchline_migrate(empty_face: Ledger) -> None:
    outcome = run_worker(empty_face.settings)
    assert outcome.returncode == 2
    assert "touchline migrate" in outcome.stderr.partition("hint: ")[2]


def test_unknown_map_is_status_2_with_the_nearest_name(ledger: Ledger) -> None:
    outcome = run_worker(ledger.settings.with_changes(maps="retial"))
    assert outcome.returncode == 2
    assert "retial" in outcome.stderr.partition("error: ")[2]
    assert "retail" in outcome.stderr.partition("hint: ")[2]


def test_state_folder_that_cannot_be_written_is_status_2_and_named(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = run_worker(ledger.settings.with_changes(state_dir=tmp_path / "file" / "state"))
    assert outcome.returncode == 2
    assert f"the state folder cannot be used: {tmp_path / 'file' / 'state'}" in outcome.stderr


def test_wrong_password_is_status_2_and_is_not_shown(empty_face: Ledger, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("not-the-password\n")
    outcome = run_worker(empty_face.settings.with_changes(clickhouse_password_file=wrong))
    assert outcome.returncode == 2
    assert "refuses the user `touchline` or its password" in outcome.stderr
    assert "not-the-password" not in outcome.stderr


def test_worker_waits_for_an_absent_clickhouse_and_says_so(
    empty_face: Ledger, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    settings = empty_face.settings.with_changes(clickhouse_port=free_port())
    log_file = tmp_path / "log"
    with log_file.open("wb") as log:
        command = [sys.executable, "-m", "touchline", "worker"]
        process = subprocess.Popen(command, env=settings_environment(settings), stderr=log, stdout=log)
    try:
        wait_for(lambda: "event=engine_away" in log_file.read_text(), log_file.read_text)
        assert f"ClickHouse at 127.0.0.1:{settings.clickhouse_port} does not answer" in log_file.read_text()
        assert process.poll() is None
        process.terminate()
        assert process.wait(5) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
