"""The ready file says how the worker is, and never stops it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from touchline.processors.worker.health import HINTS, Health, UnreadablePartition, says_ready, troubles_said


def test_file_holds_one_line_that_is_replaced_and_goes_with_the_worker(tmp_path: Path) -> None:
    path = tmp_path / "run" / "worker.ready"
    health = Health(path)
    health.tell(3, 4, "ready")
    assert path.read_text() == f"pid={os.getpid()} generation=3 partitions=4 state=ready\n"
    health.tell(3, 4, "stalled_in_store")
    assert path.read_text().endswith("state=stalled_in_store\n")
    health.end()
    assert list(path.parent.iterdir()) == []
    health.end()


def test_place_that_cannot_be_written_is_said_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    health = Health(tmp_path / "file" / "worker.ready")
    health.tell(1, 1, "ready")
    assert "health_not_written" in caplog.text
    health.end()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_worker_without_a_ready_file_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Health(None).tell(1, 1, "ready")
    Health(None).end()
    assert list(tmp_path.iterdir()) == []


def test_worker_that_stands_still_or_has_left_its_group_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "worker.ready"
    assert not says_ready(path)
    for state, is_ready in (("ready", True), ("stalled_in_store", False), ("rejoining", False), ("ready", True)):
        Health(path).tell(3, 4, state)
        assert says_ready(path) == is_ready


def test_a_worker_names_each_partition_that_cannot_be_read_why_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "worker.ready"
    standing = (UnreadablePartition(1, 7, "damaged"), UnreadablePartition(3, 1042, "codec_missing"))
    Health(path).tell(3, 4, "unreadable", standing)

    assert not says_ready(path)
    assert troubles_said(path) == [
        (
            "partition 1 stands at offset 7: its next batch cannot be read (damaged); the others go on",
            HINTS["damaged"],
        ),
        (
            "partition 3 stands at offset 1042: its next batch cannot be read (codec_missing); the others go on",
            HINTS["codec_missing"],
        ),
    ]
    Health(path).tell(3, 4, "ready")
    assert troubles_said(path) == []


@pytest.mark.parametrize("state", ["stalled_in_store", "stalled_in_reading", "rejoining"])
def test_a_worker_that_stands_still_says_its_state_and_what_to_do(tmp_path: Path, state: str) -> None:
    path = tmp_path / "worker.ready"
    assert troubles_said(path) == []
    Health(path).tell(3, 4, state)
    ((what, hint),) = troubles_said(path)
    assert (what, bool(hint)) == (f"its state is {state}", True)
