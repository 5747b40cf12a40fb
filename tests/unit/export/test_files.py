"""The two files of an export: for their owner alone, whole, and never over others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.export.files import JSON_FILE, PAGE_FILE, require_room, write_files


def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        written = write_files(tmp_path / "a" / "b", {JSON_FILE: "{}", PAGE_FILE: "é\ud800"})
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {JSON_FILE, PAGE_FILE}
    assert written[1].read_bytes() == "é?".encode()


@pytest.mark.parametrize("name", [JSON_FILE, PAGE_FILE])
def test_an_export_that_lies_there_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of somebody else")
    with pytest.raises(WrongUsage) as refused:
        require_room(tmp_path)
    assert refused.value.hint
    require_room(tmp_path / "new")


def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUsage, match="is no folder"):
        require_room(tmp_path / "file")
    with pytest.raises(WrongUsage) as refused:
        write_files(tmp_path / "file" / "below", {JSON_FILE: "{}"})
    assert refused.value.hint
