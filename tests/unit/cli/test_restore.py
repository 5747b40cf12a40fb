"""What `touchline restore` refuses before it asks ClickHouse anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.cli.main import run


@pytest.fixture(autouse=True)
def nothing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHLINE_PROJECT_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no folder is named"),
        (["monday", "--only-erasures"], "--only-erasures restores no folder"),
        (["--only-erasures", "--without-erasures"], "--only-erasures restores no folder"),
        (["--only-erasures"], "there is no register of erasures"),
        (["monday"], "there is no register of erasures"),
    ],
)
def test_what_cannot_be_meant_and_a_missing_register_are_refused_with_what_to_do(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restore", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err.replace("\n", " ")
    assert "hint: " in told.err


def test_a_register_without_its_secret_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "erasures.json").write_text(
        '{"format": 1, "written_at": "2026-01-01T00:00:00Z", "newest": 1, "erasures": [{"request": "r", "how": "erase", '
        '"identifier_type": "login", "digest": "00", "secret_id": "s", "after_time": "1970-01-01T00:00:00Z", '
        '"until_time": "2026-01-01T00:00:00Z", "asked_at": "2026-01-01T00:00:00Z"}]}'
    )
    assert run(["restore", str(tmp_path / "monday")]) == 2
    assert "erasure secret file" in capsys.readouterr().err
