"""What `touchline source add` and `key` write: each file whole, private where it is a secret, one command at a time."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.producers.collector.access import WriteKeys
from touchline.schemas.sources import load_sources
from touchline.sources.add import Files, add_key, add_source, revoke_key

FIELDS = {"legal_basis": "contract", "zone": None}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "sources.yaml").write_text("sources:\n  till: {legal_basis: contract}  # first\n")
    return Files(tmp_path / "sources.yaml", tmp_path / "secrets" / "write_keys")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_source_is_declared_and_its_key_is_in_a_private_file(files: Files) -> None:
    files.sources.chmod(0o640)
    key = add_source(files, "shop", FIELDS)
    assert set(load_sources(files.sources)) == {"till", "shop"}
    assert WriteKeys.from_file(files.write_keys).find(key.presented) is not None
    assert [mode_of(path) for path in files] == [0o640, 0o600]
    assert [path.name for folder in files for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_without_a_file_one_is_begun(tmp_path: Path) -> None:
    files = Files(tmp_path / "sources.yaml", tmp_path / "write_keys")
    add_source(files, "shop", FIELDS)
    assert set(load_sources(files.sources)) == {"shop"}


def test_a_file_of_keys_that_others_could_read_is_private_from_then_on(files: Files) -> None:
    add_source(files, "shop", FIELDS)
    files.write_keys.chmod(0o644)
    add_key(files, "shop")
    assert mode_of(files.write_keys) == 0o600


def test_a_file_that_cannot_be_replaced_is_told_and_stays(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system")

    before = files.sources.read_text()
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(WrongUsage, match="cannot be replaced") as refused:
        add_source(files, "shop", FIELDS)
    assert "mounted" in refused.value.hint
    assert [path.read_text() for path in files.sources.parent.glob("*.yaml")] == [before]


def test_a_link_stays_a_link(files: Files, tmp_path: Path) -> None:
    link = tmp_path / "link" / "sources.yaml"
    link.parent.mkdir()
    link.symlink_to(files.sources)
    add_source(files._replace(sources=link), "shop", FIELDS)
    assert link.is_symlink()
    assert "shop" in load_sources(files.sources)


@pytest.mark.parametrize("keys", ["till:no key\n", f"till.{'a' * 64}\n"])
def test_a_broken_file_of_keys_leaves_both_files_as_they_are(files: Files, keys: str) -> None:
    files.write_keys.parent.mkdir()
    files.write_keys.write_text(keys)
    before = files.sources.read_text()
    with pytest.raises(WrongUsage, match="line 1"):
        add_source(files, "shop", FIELDS)
    assert (files.sources.read_text(), files.write_keys.read_text()) == (before, keys)


def test_commands_at_once_lose_neither_entries_nor_keys(files: Files) -> None:
    names = [f"shop-{number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda name: add_source(files, name, FIELDS), names))
    assert set(load_sources(files.sources)) == {"till", *names}
    keys = WriteKeys.from_file(files.write_keys)
    assert [one.key_id for one in made if keys.find(one.presented) is None] == []


def test_a_key_is_for_a_declared_source_and_can_be_revoked(files: Files) -> None:
    with pytest.raises(WrongUsage, match="no source of this name"):
        add_key(files, "shop")
    first, second = add_key(files, "till"), add_key(files, "till")
    revoke_key(files, "till", first.key_id)
    keys = WriteKeys.from_file(files.write_keys)
    assert (keys.find(first.presented), keys.find(second.presented) is None) == (None, False)
