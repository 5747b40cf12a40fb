"""Where the local stack may stand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.cli.main import run
from touchline.errors import WrongUsage
from touchline.local.folder import bytes_in, make_usable, require_place

HINT = "hint: set local_dir to a folder that you may write to"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.touch()
    return path


@pytest.mark.parametrize("below", ["", "sub", "sub/deeper"])
def test_a_file_where_the_folder_should_be_or_on_the_way_to_it_is_named(file: Path, below: str) -> None:
    for look in (require_place, make_usable):
        with pytest.raises(WrongUsage, match=f"{file} is no folder") as refused:
            look(file / below)
        assert "local_dir" in refused.value.hint


def test_a_folder_is_made_with_its_parents_and_may_be_there_already(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    require_place(folder)
    assert not folder.exists()
    for _ in range(2):
        make_usable(folder)
    assert folder.is_dir()


def test_a_place_where_no_folder_can_be_made_is_named_with_the_reason() -> None:
    with pytest.raises(WrongUsage, match=r"cannot be used: /proc/touchline \("):
        make_usable(Path("/proc/touchline"))


def test_the_size_of_a_folder_in_which_files_come_and_go_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store" / "part").mkdir(parents=True)
    (tmp_path / "store" / "kept").write_bytes(b"12345")
    (tmp_path / "store" / "part" / "gone").write_bytes(b"123")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    walk = os.walk

    def while_an_engine_works(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for parent, folders, names in walk(folder):
            (tmp_path / "store" / "part" / "gone").unlink(missing_ok=True)
            yield parent, folders, names

    assert bytes_in(tmp_path / "none") == 0
    size = bytes_in(tmp_path)
    monkeypatch.setattr(os, "walk", while_an_engine_works)
    assert bytes_in(tmp_path) == size - 3


@pytest.mark.parametrize("command", ["up", "down", "restart", "status", "doctor"])
def test_no_command_of_the_local_stack_ends_in_a_traceback_there(
    file: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--set", f"local_dir={file}"]) == 2
    assert HINT in capfd.readouterr().err


def test_an_import_names_the_journal_s_folder(file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "till.csv").write_text("receipt,sold_at\n1,2026-03-01T10:00:00Z\n")
    (tmp_path / "m.yaml").write_text(
        "mapping: tills\nsource: shell\nid: receipt\ntime: sold_at\nfields: {touchpoint: {constant: coupon}}\n"
    )
    words = ["import", str(tmp_path / "till.csv"), "-m", str(tmp_path / "m.yaml"), "--dry-run"]
    assert run([*words, "--set", f"local_dir={file}"]) == 2
    assert "set local_dir to a folder" in capfd.readouterr().err
