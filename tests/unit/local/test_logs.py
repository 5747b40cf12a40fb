"""Reading logs that are still being written."""

from __future__ import annotations

import itertools
from pathlib import Path

from touchline.local.logs import follow, last_lines, log_files


def test_only_whole_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_bytes(b"one\ntwo\nthr")
    assert last_lines(log, 1) == (["two"], 8)
    assert last_lines(log, 0) == ([], 8)
    assert last_lines(log, 9) == (["one", "two"], 8)


def test_following_goes_on_where_the_last_lines_ended_and_survives_rotation(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_bytes(b"one\ntwo\n")
    _, position = last_lines(log, 2)
    lines = follow([log], {log: position})
    log.write_bytes(b"one\ntwo\nthree\nfour\nfi")
    assert [line for _, line in itertools.islice(lines, 2)] == ["three", "four"]
    log.write_bytes(b"anew\n")
    assert next(lines) == (log, "anew")


def test_logs_are_known_by_the_names_of_their_parts(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for name in ("worker-2.log", "kafka.log", "kafka.log.1"):
        (tmp_path / "log" / name).touch()
    assert list(log_files(tmp_path)) == ["kafka", "worker-2"]
