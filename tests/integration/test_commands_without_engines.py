"""A command that cannot reach an engine, log in or use the schema says so in two lines: what, and how to mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engines import Ledger
from tests.support.ports import free_port
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.settings import load_settings

ASKING_CLICKHOUSE = [["report"], ["reconcile"], ["migrate"], ["trace", "shop", "visit-0"]]
ASKING_KAFKA = [["emit", "--source", "shell", "--touchpoint", "till"], ["import", "retail", "--limit", "1"], ["worker"]]


def said(environment: dict[str, str], arguments: list[str]) -> tuple[int, list[str]]:
    """Exit status and the lines on standard error."""
    command = [sys.executable, "-m", "touchline", *arguments]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return outcome.returncode, outcome.stderr.strip().splitlines()


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing listens, with secrets in place."""
    for name in ("clickhouse_password", "person_key", "payload_key"):
        (tmp_path / name).write_text("none" if name == "clickhouse_password" else f"k1:{'00' * 32}")
    settings = load_settings(
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        clickhouse_port=free_port(),
        clickhouse_http_port=free_port(),
        local_dir=tmp_path,
        state_dir=tmp_path / "state",
        **{f"{name}_file": tmp_path / name for name in ("clickhouse_password", "person_key", "payload_key")},
    )
    return settings_environment(settings)


@pytest.mark.parametrize("arguments", [*ASKING_CLICKHOUSE, ["sql", "SELECT 1"]], ids=lambda one: one[0])
def test_clickhouse_absent_is_status_3_with_the_remedy(arguments: list[str], nowhere: dict[str, str]) -> None:
    status, lines = said(nowhere, arguments)
    assert status == 3
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
    assert "ClickHouse" in lines[0]
    assert "touchline up" in lines[1]


@pytest.mark.parametrize("arguments", ASKING_KAFKA, ids=lambda one: one[0])
def test_kafka_absent_is_status_3_with_the_remedy(arguments: list[str], nowhere: dict[str, str]) -> None:
    status, lines = said(nowhere, arguments)
    assert status == 3
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
    assert "Kafka" in lines[0]
    assert "touchline up" in lines[1]


@pytest.mark.parametrize(
    "arguments", [["report"], ["reconcile"], ["trace", "shop", "visit-0"], ["worker"]], ids=lambda one: one[0]
)
def test_a_missing_schema_is_status_2_and_names_migrate(arguments: list[str], empty_face: Ledger) -> None:
    status, lines = said(empty_face.environment, arguments)
    assert status == 2
    assert any("schema version 0" in line for line in lines if line.startswith("error:"))
    assert any("touchline migrate" in line for line in lines if line.startswith("hint:"))


@pytest.mark.parametrize("arguments", [*ASKING_CLICKHOUSE, ["sql", "SELECT 1"], ["worker"]], ids=lambda one: one[0])
def test_a_wrong_password_is_status_2_and_is_not_shown(arguments: list[str], stack: LocalStack, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password")
    settings = stack.settings.with_changes(clickhouse_password_file=wrong)
    status, lines = said(settings_environment(settings), arguments)
    assert status == 2
    assert any("password" in line for line in lines if line.startswith(("error:", "hint:")))
    assert "not-the-password" not in "\n".join(lines)
