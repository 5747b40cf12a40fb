"""`touchline doctor` finds each fault that it looks for, and says what mends it."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from touchline.local.doctor import DoctorFinding, Grade, examine
from touchline.local.secrets import ensure_secrets
from touchline.local.stack import LocalStack

if TYPE_CHECKING:
    from touchline.settings import Settings


@pytest.fixture
def idle(tmp_path: Path) -> LocalStack:
    """A stack that was never started."""
    return LocalStack(tmp_path / "idle")


def finding(stack: LocalStack, check: str) -> DoctorFinding:
    return next(found for found in examine(stack) if found.check == check)


def with_settings(settings: Settings, **changes: object) -> LocalStack:
    return LocalStack.of(settings.with_changes(**changes))


def test_an_idle_stack_has_no_failing_check(idle: LocalStack) -> None:
    grades = {found.check: found.grade for found in examine(idle)}
    assert Grade.FAILED not in grades.values()
    assert [check for check, grade in grades.items() if grade is Grade.SKIPPED] == [
        "secrets",
        "topic",
        "clickhouse",
        "schema",
    ]


def test_an_exposed_secret_is_found(idle: LocalStack) -> None:
    ensure_secrets(idle.settings)
    idle.settings.person_key_file.chmod(0o644)
    found = finding(idle, "secrets")
    assert found.grade is Grade.FAILED
    assert found.hint == f"chmod 600 {idle.settings.person_key_file}"


def test_a_taken_port_is_found(idle: LocalStack) -> None:
    port = idle.settings.clickhouse_http_port
    with socket.create_server(("127.0.0.1", port)):
        found = finding(idle, "ports")
    assert found.grade is Grade.FAILED
    assert f"port {port} for clickhouse (HTTP) is taken by process {os.getpid()}" in found.fact


def test_a_missing_java_is_found_and_the_other_checks_go_on(
    idle: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    grades = {found.check: found.grade for found in examine(idle)}
    assert grades["java"] is Grade.FAILED
    assert grades["disk"] is Grade.OK


def test_missing_jars_are_a_warning_while_maven_can_fetch_them(
    idle: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.jars = idle.settings.local_dir / "jars"
    assert finding(idle, "kafka jars").grade is Grade.WARNING
    monkeypatch.setattr("shutil.which", lambda _program: None)
    assert finding(idle, "kafka jars").grade is Grade.FAILED


def test_a_clock_that_went_back_is_found(idle: LocalStack) -> None:
    log = idle.settings.local_dir / "log" / "kafka.log"
    log.parent.mkdir(parents=True)
    log.touch()
    assert finding(idle, "clock").grade is Grade.OK
    os.utime(log, (time.time() + 3_650,) * 2)
    found = finding(idle, "clock")
    assert found.grade is Grade.FAILED
    assert "the clock is at least 36" in found.fact


def test_a_wrong_sources_file_is_found(idle: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("sources: [", encoding="utf-8")
    found = finding(with_settings(idle.settings, sources_file=tmp_path / "sources.yaml"), "worker files")
    assert found.grade is Grade.FAILED
    assert "not valid YAML" in found.fact


def test_other_partitions_than_configured_are_found(stack: LocalStack) -> None:
    found = finding(with_settings(stack.settings, partitions=8), "topic")
    assert found.grade is Grade.FAILED
    assert found.hint == "set partitions to 4; another number means a new topic and a rebuild"


def test_a_missing_schema_is_found(stack: LocalStack) -> None:
    found = finding(stack, "schema")
    assert found.grade is Grade.FAILED
    assert found.hint == "run `touchline migrate` first"
