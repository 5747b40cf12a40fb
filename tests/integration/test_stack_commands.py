"""The local stack as a user meets it: `touchline up | down | status | logs | doctor` in a project folder of its own.

The tests share one folder and run in order, from the first `up` to the last `down`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from touchline.local.ending import stray_processes
from touchline.local.kafka_admin import admin_client
from touchline.local.ports import free_ports
from touchline.local.process import read_record

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

READY_SECONDS = 90


class Project:
    """A project folder whose settings name free ports; runs commands there as a shell does."""

    def __init__(self, folder: Path, jars: Path) -> None:
        self.folder = folder
        self.local_dir = folder / ".local"
        self.native, self.http, self.kafka, self.controller = free_ports(4)
        (self.local_dir / "kafka").mkdir(parents=True)
        (self.local_dir / "kafka" / "jars").symlink_to(jars)
        (folder / "sources.yaml").write_text("sources:\n  till:\n    legal_basis: contract\n", encoding="utf-8")
        lines = [
            f'kafka_bootstrap = "127.0.0.1:{self.kafka}"',
            f"clickhouse_port = {self.native}",
            f"clickhouse_http_port = {self.http}",
        ]
        (folder / "touchline.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "touchline", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def run(self, *arguments: str, status: int = 0) -> str:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=READY_SECONDS)
        assert process.returncode == status, f"{arguments} ended with {process.returncode}:\n{output}\n{errors}"
        return output if status == 0 else output + errors

    def json(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json", status=status))
        return answer

    def parts(self, status: int = 0) -> dict[str, dict[str, Any]]:
        return {part["name"]: part for part in self.json("status", status=status)["parts"]}

    def pids(self) -> dict[str, int]:
        records = {path.stem: read_record(path) for path in (self.local_dir / "run").glob("*.json")}
        return {name: record.pid for name, record in records.items() if record is not None}


@pytest.fixture(scope="module")
def project(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("project"), stack.jars)
    yield project
    project.run("down")


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def assert_nothing_runs(project: Project, pids: dict[str, int]) -> None:
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))
    assert stray_processes(project.local_dir) == []
    assert project.pids() == {}


def test_before_the_first_up_status_and_doctor_say_so(project: Project) -> None:
    assert {part["state"] for part in project.parts(status=3).values()} == {"stopped"}
    findings = {one["check"]: one for one in project.json("doctor")["findings"]}
    assert findings["schema"]["grade"] == "skipped"
    assert findings["schema"]["mend"] == "start it with `touchline up`"
    assert project.run("down") == "nothing was running\n"


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_up_leaves_nothing_running(project: Project, signal_number: signal.Signals) -> None:
    starting = project.start("up", "--no-worker")
    wait_until(lambda: len(project.pids()) == 2)
    pids = project.pids()
    os.kill(starting.pid, signal_number)
    starting.communicate(timeout=READY_SECONDS)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))
    assert stray_processes(project.local_dir) == []


def test_up_returns_when_all_is_ready_and_away_from_the_terminal(project: Project) -> None:
    answer = project.json("up")
    assert answer["ready"] is True
    assert answer["lag"] == 0
    assert [part["name"] for part in answer["parts"]] == ["kafka", "clickhouse", "worker"]
    for part in answer["parts"]:
        assert part["state"] == "ready"
        assert part["version"]
        assert os.getsid(part["pid"]) == part["pid"]
        assert Path(f"/proc/{part['pid']}/fd/0").readlink() == Path("/dev/null")


def test_up_again_changes_nothing(project: Project) -> None:
    before = project.pids()
    assert project.json("up")["ready"] is True
    assert project.pids() == before


def test_two_ups_at_once_are_one_stack(project: Project) -> None:
    before = project.pids()
    both = [project.start("up"), project.start("up")]
    for one in both:
        one.communicate(timeout=READY_SECONDS)
    assert [one.returncode for one in both] == [0, 0]
    assert project.pids() == before


def test_workers_are_added_and_taken_away(project: Project) -> None:
    before = project.pids()
    assert [part["name"] for part in project.json("up", "--workers", "2")["parts"]][2:] == ["worker", "worker-2"]
    assert project.pids().items() > before.items()
    project.run("up")
    assert project.pids() == before


def test_the_password_is_in_no_command_line_and_in_no_log(project: Project) -> None:
    secrets = project.local_dir / "secrets"
    for secret in ((secrets / name).read_text().strip() for name in ("clickhouse_password", "person_key")):
        for part, pid in project.pids().items():
            assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert secret not in (project.local_dir / "log" / f"{part}.log").read_text()


def test_doctor_finds_a_running_stack_well(project: Project) -> None:
    findings = project.json("doctor")["findings"]
    assert {one["check"] for one in findings if one["grade"] in ("failed", "skipped")} == set()
    assert {"java", "kafka jars", "topic", "clickhouse", "schema", "clock"} <= {one["check"] for one in findings}


def test_a_port_of_another_stack_is_named_with_that_stack_and_the_setting(
    project: Project, tmp_path: Path, stack: LocalStack
) -> None:
    other = Project(tmp_path, stack.jars)
    said = other.run("up", "--set", f"clickhouse_port={project.native}", status=2)
    assert f"port {project.native} for clickhouse (native protocol) is taken by the local stack in" in said
    assert str(project.local_dir) in said
    assert "set `clickhouse_port` to another port" in said
    assert other.pids() == {}


def test_logs_show_every_part_and_refuse_unknown_names(project: Project) -> None:
    text = project.run("logs", "-n", "3")
    assert {line.partition("|")[0].strip() for line in text.splitlines()} >= {"kafka", "clickhouse"}
    assert "Kafka Server started" in project.run("logs", "kafka", "--lines", "100")
    assert "there is no log of 'kafak'" in project.run("logs", "kafak", status=2)
    following = project.start("logs", "kafka", "-f", "-n", "1")
    assert following.stdout is not None
    assert following.stdout.readline().startswith("kafka | ")
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=READY_SECONDS)
    assert following.returncode == 0


def test_after_kill_9_of_everything_up_starts_again_on_the_same_data(project: Project) -> None:
    secrets = [path.read_bytes() for path in sorted((project.local_dir / "secrets").iterdir())]
    topic_id = described_topic(project)
    for pid in project.pids().values():
        os.kill(pid, signal.SIGKILL)
    assert {part["state"] for part in project.parts(status=3).values()} == {"crashed"}
    findings = {one["check"]: one for one in project.json("doctor", status=4)["findings"]}
    assert findings["processes"]["fact"] == "ended unexpectedly: kafka, clickhouse, worker"
    assert project.json("up")["ready"] is True
    assert described_topic(project) == topic_id
    assert [path.read_bytes() for path in sorted((project.local_dir / "secrets").iterdir())] == secrets


def described_topic(project: Project) -> str:
    with admin_client(f"127.0.0.1:{project.kafka}") as admin:
        return str(admin.describe_topics(["customer-events"])[0]["topic_id"])


def test_down_ends_everything_and_can_be_said_twice(project: Project) -> None:
    pids = project.pids()
    assert len(pids) == 3
    assert project.json("down")["ended"] == ["worker", "clickhouse", "kafka"]
    assert_nothing_runs(project, pids)
    assert project.json("down")["ended"] == []
    assert {part["state"] for part in project.parts(status=3).values()} == {"stopped"}


def test_a_foreground_stack_starts_again_what_crashes_and_ends_with_down(project: Project) -> None:
    attended = project.start("up", "--foreground", "--no-worker", "--json")
    assert attended.stdout is not None
    assert json.loads(attended.stdout.readline())["ready"] is True
    face = project.pids()["clickhouse"]
    os.kill(face, signal.SIGKILL)
    wait_until(lambda: project.pids()["clickhouse"] != face)
    pids = project.pids()
    project.run("down")
    _, errors = attended.communicate(timeout=READY_SECONDS)
    assert attended.returncode == 0
    assert "clickhouse had ended and was started again" in errors
    assert_nothing_runs(project, pids)


def test_down_ends_an_up_that_is_under_way(project: Project) -> None:
    starting = project.start("up", "--no-worker")
    wait_until(lambda: "kafka" in project.pids())
    pids = project.pids()
    project.run("down")
    starting.communicate(timeout=READY_SECONDS)
    assert starting.returncode != 0
    assert_nothing_runs(project, pids)


def test_a_port_that_a_stranger_holds_is_named_with_its_process(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.http)):
        said = project.run("up", status=2)
    assert f"port {project.http} for clickhouse (HTTP) is taken by process {os.getpid()}" in said
    assert "set `clickhouse_http_port` to another port" in said
    assert project.pids() == {}
