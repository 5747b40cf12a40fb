"""The worker of another commit: where it comes from, what it is given, who comes first, what is told."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from bench import against, cpu, pipeline
from touchline.local.stack import folder_settings


def test_without_a_commit_only_the_worker_here_is_measured() -> None:
    with against.versions(None) as found:
        assert found == [against.HERE]


def test_a_commit_is_laid_out_beside_and_gone_afterwards() -> None:
    with against.versions("HEAD") as found:
        here, other = found
        assert here is against.HERE
        assert (other.root / "run").is_file()
        assert other.root != against.ROOT
        assert other.counted.startswith("SELECT ")
        assert other.python == sys.executable
    assert not other.root.exists()
    listed = subprocess.run(
        ["git", "-C", str(against.ROOT), "worktree", "list"], check=True, capture_output=True, text=True
    ).stdout
    assert str(other.root) not in listed


@pytest.mark.parametrize("commit", ["no-such-commit", "--all", ""])
def test_what_is_no_commit_is_said(commit: str) -> None:
    with pytest.raises(SystemExit, match="hint: --against takes a commit"), against.versions(commit):
        pass


def test_another_version_reads_the_files_of_its_own_checkout_on_the_same_stack(tmp_path: Path) -> None:
    settings = folder_settings(tmp_path / "stack", "fixed", 4)
    other = against.Version("old", tmp_path / "checkout", sys.executable, "SELECT 1")
    ours, theirs = against.environment_for(against.HERE, settings), against.environment_for(other, settings)
    assert ours["TOUCHLINE_JOURNEYS_DIR"] == str(against.ROOT / "journeys")
    assert theirs["TOUCHLINE_JOURNEYS_DIR"] == str(tmp_path / "checkout" / "journeys")
    assert theirs["PYTHONPATH"] == str(tmp_path / "checkout")
    for name in (
        "TOUCHLINE_LOCAL_DIR",
        "TOUCHLINE_STATE_DIR",
        "TOUCHLINE_KAFKA_BOOTSTRAP",
        "TOUCHLINE_CLICKHOUSE_PORT",
    ):
        assert theirs[name] == ours[name]


def test_a_stack_within_the_checkout_stays_where_it_is(tmp_path: Path) -> None:
    settings = folder_settings(against.ROOT / ".local" / "some-stack", "fixed", 4)
    other = against.Version("old", tmp_path, sys.executable, "SELECT 1")
    assert against.environment_for(other, settings)["TOUCHLINE_STATE_DIR"] == str(settings.state_dir)


def test_versions_take_turns_in_coming_first() -> None:
    other = against.Version("old", Path("/"), sys.executable, "SELECT 1")
    found = [against.HERE, other]
    assert [against.in_turn(found, number)[0].name for number in range(4)] == ["here", "old", "here", "old"]


def test_each_share_is_measured_of_both_versions_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    other = against.Version("old", Path("/"), sys.executable, "SELECT 1")
    measured: list[tuple[float, str, bool]] = []

    def run(events: list[float], version: against.Version, *, until_rest: bool) -> cpu.Measured:
        measured.append((events[0], version.name, until_rest))
        return cpu.Measured(10.0 + events[0] * (1 if version is against.HERE else 2), 5.0, 1.0)

    monkeypatch.setattr(cpu, "run", run)
    monkeypatch.setattr(cpu, "versions", lambda _commit: nullcontext([against.HERE, other]))
    arguments = Namespace(events=7, rounds=2, against="old")

    def made(_count: int, share: float) -> Any:
        return [share]  # stands for the events of this share

    told = cpu.run_shares("late", arguments, (0.0, 0.1), made, until_rest=True)
    assert measured == [
        *[(share, name, True) for share in (0.0, 0.1) for name in ("here", "old")],
        *[(share, name, True) for share in (0.1, 0.0) for name in ("old", "here")],
    ]
    assert (told["against"], told["rounds"], told["events"]) == ("old", 2, 7)
    assert (told["late_10_worker_us"], told["against_late_10_worker_us"]) == (10.1, 10.2)
    assert told["late_10_worker_ratio_to_against"] == 0.99


def test_both_are_told_with_the_ratio_of_each_round() -> None:
    ours = [cpu.Measured(10.0, 20.0, 1.0), cpu.Measured(30.0, 20.0, 1.0), cpu.Measured(20.0, 20.0, 1.0)]
    theirs = [cpu.Measured(20.0, 40.0, 1.0), cpu.Measured(20.0, 10.0, 1.0), cpu.Measured(20.0, 20.0, 1.0)]
    told = cpu.compare([{0.0: one} for one in ours], [{0.0: one} for one in theirs], "late")
    assert (told["against_late_0_worker_us"], told["against_late_0_engine_us"]) == (20.0, 20.0)
    assert [told[f"late_0_worker_ratio_to_against{one}"] for one in ("", "_min", "_max")] == [1.0, 0.5, 1.5]
    assert [told[f"late_0_engine_ratio_to_against{one}"] for one in ("", "_min", "_max")] == [1.0, 0.5, 2.0]
    slow, quick = pipeline.Measured(10_000.0, 1.0, 100.0), pipeline.Measured(40_000.0, 1.0, 25.0)
    assert pipeline.compare([quick], [slow]) == {
        "against_cpu_us_per_event": 100.0,
        "cpu_ratio_to_against": 0.25,
        "cpu_ratio_to_against_min": 0.25,
        "cpu_ratio_to_against_max": 0.25,
    }
