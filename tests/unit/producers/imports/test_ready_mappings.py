"""Mappings that ship: found by name, for a source that the caller names, and never in the way of a user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.producers.imports.build import MAPPING
from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.read import MappingInvalid
from touchline.producers.imports.ready import texts
from touchline.producers.imports.ready.find import find_mapping, ready_mapping
from touchline.producers.imports.ready.texts import ready_names, ready_text

WITHOUT_SOURCE = MAPPING.replace("source: retail-pos\n", "description: receipts of tills\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where mappings that ship stand, with one in it."""
    (tmp_path / "ready").mkdir()
    (tmp_path / "ready" / "till_receipts.yaml").write_text(WITHOUT_SOURCE)
    monkeypatch.setattr(texts, "_FOLDER", tmp_path / "ready")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_that_ships_is_found_by_name_for_the_source_that_is_named(folder: Path) -> None:
    assert ready_names() == ["till_receipts"]
    assert find_mapping("till_receipts", "retail-pos").source == "retail-pos"


def test_one_that_ships_needs_a_source(folder: Path) -> None:
    with pytest.raises(WrongUsage, match="it does not say whose the file is") as refused:
        find_mapping("till_receipts")
    assert "--source NAME" in refused.value.hint


def test_a_name_that_is_spelt_wrong_is_told(folder: Path) -> None:
    with pytest.raises(WrongUsage, match="there is no mapping till_receits") as refused:
        find_mapping("till_receits", "retail-pos")
    assert "did you mean 'till_receipts'?" in refused.value.hint
    with pytest.raises(WrongUsage, match="no mapping nothing ships"):
        ready_text("nothing")


def test_a_path_is_the_users_file_also_where_one_ships_under_that_name(folder: Path) -> None:
    (folder / "till_receipts").write_text(MAPPING)
    assert find_mapping("./till_receipts").source == "retail-pos"
    (folder / "ours.yaml").write_text(MAPPING)
    assert find_mapping("ours.yaml", "web-shop").source == "web-shop"
    with pytest.raises(WrongUsage, match="cannot be read"):
        find_mapping("none.yaml")


def test_a_source_of_no_form_is_told(folder: Path) -> None:
    with pytest.raises(MappingInvalid, match="source"):
        find_mapping("till_receipts", "Retail POS")


@pytest.mark.parametrize("name", ready_names())
def test_each_that_ships_is_valid_has_its_files_name_and_says_what_it_is_for(name: str) -> None:
    mapping = ready_mapping(name)
    assert mapping.mapping == name
    assert 10 < len(mapping.description) <= 100
    assert not any(line.startswith("source:") for line in ready_text(name).splitlines())
