"""The local stack as a user meets it: `touchline up | down | status | logs | doctor` in a project folder of its own.

The tests share one folder and run in order, from the first `up` to the last `down`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scraping import readiness, scrape, value_of
from touchline.kafka.admin import admin_client
from touchline.local.ending import stray_processes
from touchline.local.java import ensure_jars
from touchline.local.ports import free_ports
from touchline.local.process import read_record
from touchline.settings import load_settings

READY_SECONDS = 110


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
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    jars = load_settings().local_dir / "kafka" / "jars"
    ensure_jars(jars)
    project = Project(tmp_path_factory.mktemp("project"), jars)
    yield project
    project.run("down")


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def up_under_way(project: Project) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """An `up` that has just started both engines."""
    before = set(project.pids().values())
    starting = project.start("up")
    wait_until(lambda: len(set(project.pids().values()) - before) == 2)
    return starting, project.pids()


def assert_nothing_runs(project: Project, pids: dict[str, int]) -> None:
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))
    assert stray_processes(project.local_dir) == []


def topic_id(project: Project) -> str:
    with admin_client(f"127.0.0.1:{project.kafka}") as admin:
        return str(admin.describe_topics(["customer-events"])[0]["topic_id"])


def secrets(project: Project) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in (project.local_dir / "secrets").iterdir()}


def test_before_the_first_up_nothing_runs_and_status_says_so(project: Project) -> None:
    assert {part["state"] for part in project.parts(status=3).values()} == {"stopped"}
    assert project.run("down") == "nothing was running\n"


def test_an_up_that_is_killed_leaves_nothing_running(project: Project) -> None:
    starting, pids = up_under_way(project)
    starting.kill()
    starting.communicate(timeout=READY_SECONDS)
    assert_nothing_runs(project, pids)


def test_down_ends_an_up_that_is_under_way(project: Project) -> None:
    starting, pids = up_under_way(project)
    project.run("down")
    starting.communicate(timeout=READY_SECONDS)
    assert starting.returncode == 128 + signal.SIGTERM
    assert_nothing_runs(project, pids)


def test_up_returns_when_all_is_ready_and_away_from_the_terminal(project: Project) -> None:
    answer = project.json("up", "--workers", "2")
    assert answer["ready"] is True
    assert answer["lag"] == 0
    assert [part["name"] for part in answer["parts"]] == ["kafka", "clickhouse", "worker", "worker-2"]
    for part in answer["parts"]:
        assert part["state"] == "ready"
        assert part["version"]
        assert os.getsid(part["pid"]) == part["pid"]
        assert Path(f"/proc/{part['pid']}/fd/0").readlink() == Path("/dev/null")


def test_each_worker_has_a_port_of_its_own_that_status_shows_and_that_answers(project: Project) -> None:
    ports = {
        part["name"]: part["ports"]["health and metrics"]
        for part in project.json("status")["parts"]
        if part["name"].startswith("worker")
    }
    assert len(set(ports.values())) == 2
    for port in ports.values():
        assert readiness(port)[0] == 200
        assert value_of(scrape(port), "touchline_ready") == 1


def test_two_ups_at_once_leave_what_runs_alone_and_end_surplus_workers(project: Project) -> None:
    before = project.pids()
    both = [project.start("up"), project.start("up")]
    for one in both:
        one.communicate(timeout=READY_SECONDS)
    assert [one.returncode for one in both] == [0, 0]
    del before["worker-2"]
    assert project.pids() == before


def test_no_secret_is_in_a_command_line_or_in_a_log(project: Project) -> None:
    for secret in secrets(project).values():
        for part, pid in project.pids().items():
            assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert secret not in (project.local_dir / "log" / f"{part}.log").read_text()


def test_doctor_finds_a_running_stack_well(project: Project) -> None:
    findings = project.json("doctor")["findings"]
    assert {one["check"] for one in findings if one["grade"] in ("failed", "skipped")} == set()
    assert {"java", "kafka jars", "topic", "clickhouse", "schema", "clock"} <= {one["check"] for one in findings}


def test_a_port_of_another_stack_is_named_with_that_stack_and_the_setting(project: Project, tmp_path: Path) -> None:
    other = Project(tmp_path, project.local_dir / "kafka" / "jars")
    said = other.run("up", "--set", f"clickhouse_port={project.native}", status=2)
    assert f"port {project.native} for clickhouse (native protocol) is taken by the local stack in" in said
    assert str(project.local_dir) in said
    assert "set `clickhouse_port` to another port" in said
    assert other.pids() == {}


def started_pids(project: Project, *words: str) -> tuple[dict[str, int], str]:
    """The processes after a command that ended well, and what it said."""
    process = project.start(*words)
    _, said = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == 0, said
    return project.pids(), said


def test_restart_starts_the_workers_anew_and_leaves_the_engines_alone(project: Project) -> None:
    before = project.pids()
    answer = project.json("restart")
    after = project.pids()
    assert answer["ready"] is True
    assert (after["kafka"], after["clickhouse"]) == (before["kafka"], before["clickhouse"])
    assert after["worker"] != before["worker"]
    assert before.keys() == after.keys()


def test_a_restart_that_could_not_succeed_leaves_the_workers_alone(project: Project) -> None:
    before, sources = project.pids(), project.folder / "sources.yaml"
    text = sources.read_text()
    sources.write_text("sources: [")
    assert "is not valid YAML" in project.run("restart", status=2)
    sources.write_text(text)
    assert "there is no map 'retial'" in project.run("restart", "--set", "maps=retial", status=2)
    assert project.pids() == before


def test_an_up_names_the_settings_by_which_a_worker_does_not_run_yet(project: Project) -> None:
    before = project.pids()
    pids, said = started_pids(project, "up", "--set", "company_zone=Europe/Berlin")
    assert pids == before
    assert "worker runs already, by other settings than now (company_zone): `touchline restart` takes them up" in said
    _, said = started_pids(project, "up")
    assert "worker runs already\n" in said


def test_a_source_that_is_declared_while_the_worker_runs_works_as_soon_as_the_file_is_saved(project: Project) -> None:
    before, sources = project.pids(), project.folder / "sources.yaml"
    sources.write_text(sources.read_text() + "  desk:\n    legal_basis: contract\n")
    project.run("emit", "--source", "desk", "--touchpoint", "service_desk", "--person", "loyalty:1")
    project.run("reconcile", "--wait", "30")
    assert (
        project.run("sql", "SELECT fate_stored FROM (SELECT sum(stored) AS fate_stored FROM journey.account)") == "1\n"
    )
    assert project.run("sql", "SELECT source FROM journey.touchpoints") == "desk\n"
    wait_until(lambda: "desk" in project.run("sql", "SELECT id FROM journey.dim_source").split())
    assert project.pids() == before


def test_a_map_is_applied_to_what_is_stored_and_kept_up_by_workers_that_do_not_name_it(project: Project) -> None:
    by_map = "SELECT map, count() FROM journey.attachments GROUP BY map ORDER BY map"
    (stored,) = project.run("sql", "SELECT count() FROM journey.touchpoints").split()
    assert "readers see version 1 of map five_stages" in project.run("map", "apply", "five_stages")
    assert project.run("sql", by_map) == f"five_stages\t{stored}\nretail\t{stored}\n"

    started_pids(project, "restart")
    project.run(
        "emit", "--source", "till", "--touchpoint", "coupon", "--person", "loyalty:2", "--time", "2026-03-01T10:00:00Z"
    )
    project.run("reconcile", "--wait", "30")
    assert project.run("sql", by_map) == f"five_stages\t{int(stored) + 1}\nretail\t{int(stored) + 1}\n"
    assert {"map": "five_stages", "version": 1, "state": "applied", "percent": 100}.items() <= json.loads(
        project.run("map", "list", "--json")
    )["maps"][0].items()
    project.run("map", "drop", "five_stages")
    assert project.run("sql", by_map) == f"retail\t{int(stored) + 1}\n"
    assert "is the default" in project.run("map", "drop", "retail", status=2)


def test_logs_show_every_part_and_refuse_unknown_names(project: Project) -> None:
    text = project.run("logs", "-n", "3")
    assert {line.partition("|")[0].strip() for line in text.splitlines()} >= {"kafka", "clickhouse", "worker"}
    assert "there is no log of 'kafak'" in project.run("logs", "kafak", status=2)
    following = project.start("logs", "clickhouse", "-f", "-n", "1")  # which is quiet: what is there must come at once
    assert following.stdout is not None
    assert following.stdout.readline().startswith("clickhouse | ")
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=READY_SECONDS)
    assert following.returncode == 0


def test_after_kill_9_of_everything_a_foreground_up_starts_again_on_the_same_data(project: Project) -> None:
    kept, topic = secrets(project), topic_id(project)
    for pid in project.pids().values():
        os.kill(pid, signal.SIGKILL)
    assert {part["state"] for part in project.parts(status=3).values()} == {"crashed"}
    attended = project.start("up", "--foreground", "--json")
    assert attended.stdout is not None
    assert json.loads(attended.stdout.readline())["ready"] is True
    assert (secrets(project), topic_id(project)) == (kept, topic)

    face = project.pids()["clickhouse"]
    os.kill(face, signal.SIGKILL)
    wait_until(lambda: project.pids()["clickhouse"] != face)
    pids = project.pids()
    project.run("down")  # or the attending process, which it may have found at work, ended them
    _, said = attended.communicate(timeout=READY_SECONDS)
    assert attended.returncode == 0
    assert "clickhouse ended and is started again" in said
    assert_nothing_runs(project, pids)


def test_without_workers_there_is_nothing_to_restart(project: Project) -> None:
    assert "`touchline up` starts one" in project.run("restart", status=2)


def test_down_can_be_said_twice(project: Project) -> None:
    assert project.json("down")["ended"] == []
    assert project.pids() == {}
