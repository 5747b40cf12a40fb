"""`touchline keys`: a rotation keeps the secret of before, and no secret is ever printed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from touchline.cli.main import run
from touchline.schemas.identifiers import PersonKeys

SECRET = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "person_key"
    found.write_text(f"k1:{SECRET.hex()}\n")
    monkeypatch.setenv("TOUCHLINE_PERSON_KEY_FILE", str(found))
    return found


def test_a_rotation_puts_a_new_key_first_and_keeps_the_old_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = PersonKeys.from_file(path)
    assert run(["keys", "rotate", "--json"]) == 0
    new = PersonKeys.from_file(path)
    assert [one.keys.key("mail", "a@example.org") for one in new.older] == [old.key("mail", "a@example.org")]
    assert new.key("mail", "a@example.org") != old.key("mail", "a@example.org")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = json.loads(capsys.readouterr().out)
    assert [(one["key_id"], one["retired_at"] is None) for one in said] == [(new.key_id, True), ("k1", False)]


def test_show_and_forget_name_keys_and_never_a_secret(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["keys", "rotate"])
    run(["keys", "show"])
    text = capsys.readouterr().out
    assert "k1  retired at 20" in text
    assert "makes person keys" in text
    assert run(["keys", "forget", "k1"]) == 0
    assert PersonKeys.from_file(path).older == ()
    shown = text + capsys.readouterr().out
    assert all(line.partition(":")[2] not in shown for line in path.read_text().splitlines())
    assert SECRET.hex() not in shown


def test_the_present_key_and_one_that_there_is_not_cannot_be_forgotten(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path.read_text()
    for key_id in ("k1", "k9"):
        assert run(["keys", "forget", key_id]) == 2
    assert path.read_text() == before
    assert "hint:" in capsys.readouterr().err
