"""`touchline outbox` and `emit --outbox` as processes: without Kafka events wait visibly, with it they leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka.errors import MessageSizeTooLargeError

from tests.support.engines import fresh_topic
from tests.unit.producers.outbox.rig import record
from touchline.local.parts import settings_environment
from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import put_aside
from touchline.producers.producer import now_us

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

Run = Callable[..., "subprocess.CompletedProcess[str]"]
VISIT = ("emit", "--touchpoint", "store_visit", "--person", "loyalty:4711")


@pytest.fixture
def touchline(stack: LocalStack, tmp_path: Path) -> Run:
    topic = fresh_topic(stack)

    def run(*words: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        given = {"topic": topic, "sources_file": Path("sources.yaml").resolve(), "outbox_dir": tmp_path / "outbox"}
        settings = stack.settings.with_changes(**{**given, **changes})
        command = [sys.executable, "-m", "touchline", *words]
        return subprocess.run(command, env=settings_environment(settings), capture_output=True, text=True, check=False)

    return run


def test_without_kafka_events_wait_visibly_and_a_later_drain_sends_them(
    touchline: Run, free_port: Callable[[], int]
) -> None:
    away = {"kafka_bootstrap": f"127.0.0.1:{free_port()}"}
    emitted = touchline(*VISIT, "--json", **away)
    assert (emitted.returncode, emitted.stderr) == (0, "")
    assert json.loads(emitted.stdout)["waiting"] == 1
    shown = json.loads(touchline("outbox", "show", "--json", **away).stdout)
    assert (shown["records"], shown["draining_pid"], shown["aside"]) == (1, None, 0)
    assert shown["limit_bytes"] == 256 << 20
    assert "does not answer" in shown["last_error"]
    text = touchline("outbox", "show").stdout
    assert "1 event," in text
    assert "drained   by nobody" in text
    in_vain = touchline("outbox", "drain", "--timeout", "1", **away)
    assert (in_vain.returncode, "1 event still waits" in in_vain.stderr) == (3, True)

    drained = touchline("outbox", "drain", "--json")
    assert (drained.returncode, json.loads(drained.stdout)) == (0, {"sent": 1, "waiting": 0, "aside": 0})
    assert json.loads(touchline("outbox", "show", "--json").stdout)["records"] == 0


def test_what_stands_aside_is_shown_tried_and_put_back_by_reason(touchline: Run, tmp_path: Path) -> None:
    assert touchline(*VISIT).returncode == 0
    line = record(7)
    put_aside(tmp_path / "outbox", 0, wire.body_of(line), MessageSizeTooLargeError(), now_us())
    shown = touchline("outbox", "show").stdout
    assert "aside     1 event that Kafka refused for good (MessageSizeTooLarge 1)" in shown
    assert "touchline outbox retry" in shown
    tried = touchline("outbox", "retry", "--dry-run", "--json", "--reason", "InvalidRecord")
    assert json.loads(tried.stdout) == {
        "back": {}, "left": {"MessageSizeTooLarge": 1}, "unreadable": 0, "dry_run": True,
    }  # fmt: skip
    put = touchline("outbox", "retry", "--reason", "MessageSizeTooLarge", "--source", "shop", "--id", "e7")
    assert (put.returncode, put.stdout.splitlines()[0]) == (
        0, "1 event goes back into the outbox (MessageSizeTooLarge 1)",
    )  # fmt: skip
    assert json.loads(touchline("outbox", "drain", "--json").stdout) == {"sent": 1, "waiting": 0, "aside": 0}


def test_with_kafka_emit_says_that_all_arrived(touchline: Run) -> None:
    emitted = touchline(*VISIT, "--json")
    assert (emitted.returncode, json.loads(emitted.stdout)["waiting"]) == (0, 0)


def test_the_flag_names_another_outbox_than_the_setting(touchline: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert touchline(*VISIT, "--outbox", str(other), outbox_dir=None).returncode == 0
    assert touchline("outbox", "show", "--outbox", str(other), outbox_dir=None).returncode == 0


def test_without_an_outbox_its_commands_say_how_to_get_one(touchline: Run, tmp_path: Path) -> None:
    nowhere = touchline("outbox", "show", "--outbox", str(tmp_path / "nowhere"))
    assert (nowhere.returncode, "there is no outbox" in nowhere.stderr) == (2, True)
    none = touchline("outbox", "drain", outbox_dir=None)
    assert (none.returncode, "outbox_dir" in none.stderr) == (2, True)
