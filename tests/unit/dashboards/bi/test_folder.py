"""Writing an export: it replaces what an earlier one wrote, and loses nothing that somebody else did."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from touchline.dashboards.bi.folder import RECORD, write_export
from touchline.errors import WrongUsage

FILES = {"one.yaml": b"1", "below/two.yaml": b"2"}


def contents(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found.pop(RECORD, None)
    return found


def test_a_new_and_an_empty_folder_get_the_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/below"):
        assert write_export(tmp_path / name, "dbt", FILES) == []
        assert contents(tmp_path / name) == FILES


def test_the_same_export_again_changes_no_byte(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_export(folder, "dbt", FILES)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_export(folder, "dbt", FILES)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_newer_export_replaces_the_older_and_removes_what_it_no_longer_has(tmp_path: Path) -> None:
    write_export(tmp_path / "out", "dbt", FILES)
    newer = {"one.yaml": b"10", "three.yaml": b"3"}
    assert write_export(tmp_path / "out", "dbt", newer) == ["below/two.yaml"]
    assert contents(tmp_path / "out") == newer


def test_a_file_that_was_removed_by_hand_comes_back(tmp_path: Path) -> None:
    write_export(tmp_path, "dbt", FILES)
    (tmp_path / "one.yaml").unlink()
    write_export(tmp_path, "dbt", FILES)
    assert contents(tmp_path) == FILES


def test_a_file_of_ones_own_stays(tmp_path: Path) -> None:
    write_export(tmp_path, "dbt", FILES)
    (tmp_path / "mine.sql").write_bytes(b"SELECT 1")
    write_export(tmp_path, "dbt", {"one.yaml": b"10"})
    assert contents(tmp_path) == {"one.yaml": b"10", "mine.sql": b"SELECT 1"}


def test_a_file_that_was_changed_by_hand_is_not_lost(tmp_path: Path) -> None:
    write_export(tmp_path, "dbt", FILES)
    (tmp_path / "one.yaml").write_bytes(b"mine")
    for files in (FILES, {"below/two.yaml": b"2"}):
        with pytest.raises(WrongUsage, match=r"one\.yaml was changed since it was exported"):
            write_export(tmp_path, "dbt", files)
    assert contents(tmp_path) == {**FILES, "one.yaml": b"mine"}


def test_a_new_file_does_not_take_the_place_of_ones_own(tmp_path: Path) -> None:
    write_export(tmp_path, "dbt", FILES)
    (tmp_path / "three.yaml").write_bytes(b"mine")
    with pytest.raises(WrongUsage, match=r"three\.yaml is not of an export"):
        write_export(tmp_path, "dbt", {**FILES, "three.yaml": b"3"})
    assert contents(tmp_path)["three.yaml"] == b"mine"


def test_an_export_that_was_cut_off_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_export(tmp_path, "dbt", FILES)
    write_bytes = Path.write_bytes

    def cut_off(path: Path, content: bytes) -> int:
        write_bytes(path, content[:1])
        raise KeyboardInterrupt

    newer = {"one.yaml": b"ten", "three.yaml": b"three"}
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", cut_off)
        with pytest.raises(KeyboardInterrupt):
            write_export(tmp_path, "dbt", newer)
    write_export(tmp_path, "dbt", newer)
    assert contents(tmp_path) == newer


@pytest.mark.parametrize("record", [None, b"{", b"[]", b'{"tool": "dbt"}', b"\xff"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, record: bytes | None) -> None:
    (tmp_path / "one.yaml").write_bytes(b"mine")
    if record is not None:
        (tmp_path / RECORD).write_bytes(record)
    with pytest.raises(WrongUsage, match="is not empty, and no export is in it"):
        write_export(tmp_path, "dbt", FILES)
    assert contents(tmp_path) == {"one.yaml": b"mine"}


def test_an_export_for_another_tool_is_left_alone(tmp_path: Path) -> None:
    write_export(tmp_path, "dbt", FILES)
    with pytest.raises(WrongUsage, match="holds an export for dbt"):
        write_export(tmp_path, "grafana", {"a.json": b"{}"})
    assert contents(tmp_path) == FILES


def test_where_no_folder_can_be_the_remedy_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WrongUsage, match="is a file"):
        write_export(tmp_path / "file", "dbt", FILES)
    with pytest.raises(WrongUsage, match=r"cannot write the export into .*Not a directory") as refused:
        write_export(tmp_path / "file" / "below", "dbt", FILES)
    assert refused.value.hint == "name a folder that you may write into"


def test_a_folder_without_rights_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, content: bytes) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)  # whoever is root may write everywhere
    with pytest.raises(WrongUsage, match="Permission denied"):
        write_export(tmp_path, "dbt", FILES)
