"""Examples in documents do what they show: Python runs, maps and sources files are read, settings are settings, events are events."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import touchline
from tests.support.documents import DOCUMENTS, LANGUAGES, ROOT, Block, all_blocks, blocks_of
from touchline import InMemoryProducer, PersonKeys
from touchline.care.rules import CareRules
from touchline.producers.collector.vendors.names import parse_names
from touchline.producers.collector.webhooks.load import parse_webhooks
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.schemas.journey.read import parse_map
from touchline.schemas.sources import SourcesFile, load_sources
from touchline.settings import load_settings
from touchline.surveys.policies import parse_policy
from touchline.surveys.questions import parse_questions

WORDS = {
    "python": {"fragment"},
    "json": {"unchecked"},
    "console": {"status=1", "status=2"},
    "sql": {"statements", "backup", "restore", "rename"},
}
SMALLEST_MAP = next(block for block in blocks_of(ROOT / "docs" / "journey-maps.md") if block.language == "yaml").text


def by_name(block: Block) -> str:
    return block.name


class TwinOfTheProducer(InMemoryProducer):
    """`TouchpointProducer` without Kafka, for examples that send; the quick start's own run on the real one."""

    def __init__(self, kafka_bootstrap: str = "", topic: str = "", *, outbox: object = None, **options: Any) -> None:
        super().__init__(**options)


def test_every_block_says_in_which_language_it_is() -> None:
    unknown = [
        f"{block.name}: {block.language} {' '.join(block.words)}"
        for path in DOCUMENTS
        for block in blocks_of(path)
        if block.language not in LANGUAGES or not set(block.words) <= WORDS.get(block.language, set())
    ]
    assert unknown == []


@pytest.mark.parametrize("block", all_blocks("python"), ids=by_name)
def test_python_runs_and_prints_what_is_shown(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile(block.text, block.name, "exec", dont_inherit=True)
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module == "touchline":
            assert {alias.name for alias in node.names} <= set(touchline.__all__)
    if "fragment" in block.words:
        return
    secrets = tmp_path / ".local" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "person_key").write_text(f"k1:{'00' * 32}\n")
    for name in ("sources.yaml", "journeys"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(touchline, "TouchpointProducer", TwinOfTheProducer)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {"__name__": "__main__"})
    shown = answer_after(block)
    assert shown is None or printed.getvalue() == shown


def answer_after(block: Block) -> str | None:
    """The `text` block that follows, if one does."""
    blocks = blocks_of(block.path)
    following = blocks[blocks.index(block) + 1 :][:1]
    return following[0].text if following and following[0].language == "text" else None


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=by_name)
def test_yaml_is_a_map_a_part_of_one_a_mapping_or_a_file_that_a_setting_names(block: Block) -> None:
    document = yaml.safe_load(block.text)
    if "sources" in document:
        assert SourcesFile.model_validate(document).sources
    elif "webhooks" in document:
        assert {*parse_webhooks(block.text, block.name).webhooks} == {*document["webhooks"]}
    elif "mapping" in document or "extends" in document:
        assert parse_mapping(block.text).mapping == document.get("mapping", document.get("extends"))
    elif "sinks" in document:
        assert CareRules.model_validate(document).rules
    elif "calls" in document:
        assert parse_names(block.text, block.path.name).events
    elif "policy" in document:
        assert parse_policy(block.text, block.name).policy == document["policy"]
    elif "questions" in document:
        assert {*parse_questions(block.text, block.name).questions} == {one["id"] for one in document["questions"]}
    elif "map" in document:
        assert parse_map(block.text).map == document["map"]
    else:
        assert parse_map(yaml.safe_dump({**yaml.safe_load(SMALLEST_MAP), **document})).map == "bakery"


@pytest.mark.parametrize("block", all_blocks("toml"), ids=by_name)
def test_toml_is_a_configuration(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "touchline.toml").write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    for name in tomllib.loads(block.text):
        assert settings.origin(name) == "touchline.toml"


@pytest.mark.parametrize("block", all_blocks("json"), ids=by_name)
def test_json_is_an_event_a_line(block: Block) -> None:
    events = [json.loads(line) for line in block.text.splitlines()]
    if "unchecked" in block.words:
        return
    producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(ROOT / "sources.yaml"))
    assert producer.emit_many(events) == len(events)


def test_a_machine_drawn_is_the_machine_described() -> None:
    """States and transitions of a drawing are those of the tables on its page, each under its own name."""
    drawn = all_blocks("mermaid")
    assert drawn
    for block in drawn:
        page = block.path.read_text(encoding="utf-8")
        states = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
        rows = {
            (number, source, target)
            for number, source, target in re.findall(r"^\| (T\d+) \| `(\w+)` → `(\w+)` \|", page, re.MULTILINE)
        }
        arrows = {
            (number, source, target)
            for source, target, number in re.findall(r"^ *(\w+) --> (\w+): (T\d+)\b", block.text, re.MULTILINE)
        }
        assert rows == arrows, block.name
        assert {state for _, source, target in arrows for state in (source, target)} == states, block.name
