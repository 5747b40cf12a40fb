"""The committed JSON Schemas and the AsyncAPI document are what the models say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from touchline.schemas import generate
from touchline.schemas.events import EVENT_TYPES
from touchline.schemas.generate import GENERATED_DIR, main, stale_files

ROOT = Path(__file__).parents[2]


def _document(name: str) -> Any:
    return json.loads((GENERATED_DIR / name).read_text(encoding="utf-8"))


def test_the_committed_files_are_fresh() -> None:
    assert stale_files() == [], "run python -m touchline.schemas.generate"


def test_the_check_finds_a_changed_a_missing_and_a_foreign_file(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(GENERATED_DIR, tmp_path / "generated"))
    (copy / "asyncapi.json").write_text("{}", encoding="utf-8")
    (copy / "sources.json").unlink()
    (copy / "old.json").write_text("{}", encoding="utf-8")

    assert stale_files(copy) == ["asyncapi.json", "old.json", "sources.json"]


def test_the_command_writes_what_is_stale_and_then_has_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "GENERATED_DIR", tmp_path / "generated")
    monkeypatch.setattr(generate, "stale_files", lambda: stale_files(tmp_path / "generated"))

    assert main(["--check"]) == 4
    assert main([]) == 0
    assert "wrote asyncapi.json" in capsys.readouterr().out
    assert main(["--check"]) == 0


def test_unknown_fields_are_allowed_everywhere() -> None:
    for name in EVENT_TYPES:
        schema = _document(f"{name}.json")
        for part in (schema, *schema["$defs"].values()):
            assert part["additionalProperties"] is True


def test_asyncapi_names_every_contract_and_its_references_lead_somewhere() -> None:
    document = _document("asyncapi.json")
    assert set(document["channels"]["events"]["messages"]) == set(EVENT_TYPES)

    for reference in _references(document):
        file, _, pointer = reference.partition("#")
        target = _document(file.removeprefix("./")) if file else document
        for part in pointer.split("/")[1:]:
            target = target[part]


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for member in part.values() for found in _references(member)]
    if isinstance(part, list):
        return [found for member in part for found in _references(member)]
    return []


def test_the_shipped_sources_file_fits_its_schema() -> None:
    sources = yaml.safe_load((ROOT / "sources.yaml").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(_document("sources.json")).validate(sources)
