"""`touchline source` as it is typed: declared, given a key, listed; on a terminal it asks, elsewhere it says what is missing."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path

import pytest

from touchline.cli.main import run
from touchline.producers.collector.access import WriteKeys, bearer_of
from touchline.producers.collector.front import Item
from touchline.producers.collector.json_items import item_of
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.sources import load_sources


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHLINE_PROJECT_DIR", str(tmp_path))
    (tmp_path / "sources.yaml").write_text("sources:\n  till: {legal_basis: contract}\n")
    return tmp_path


def keys(folder: Path) -> WriteKeys:
    return WriteKeys.from_file(folder / ".local" / "secrets" / "write_keys")


@pytest.mark.parametrize("basis", ["contract", "consent"])
def test_the_printed_command_shows_the_key_and_sends_an_event_that_is_taken(
    folder: Path, capsys: pytest.CaptureFixture[str], basis: str
) -> None:
    words = ["source", "add", "shop", "--name", "Our: shop", "--legal-basis", basis, "--channel", "web"]
    assert run([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    _, _, url, _, header, _, _, _, body = shlex.split(said["curl"])
    assert url == "http://127.0.0.1:8787/v1/events"
    name, _, value = header.partition(": ")
    found = keys(folder).find(str(bearer_of({name: value})))
    assert found is not None
    assert found.sources == frozenset({"shop"})
    sources = load_sources(folder / "sources.yaml")
    assert (sources["shop"].name, sources["shop"].default_channel) == ("Our: shop", "web")
    item = item_of(json.loads(body))
    assert isinstance(item, Item)
    producer = InMemoryProducer(sources=sources)
    producer.emit(item.event)
    assert producer.suppressed == 0


def test_what_is_printed_for_people_names_the_next_step(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["source", "add", "shop", "--legal-basis", "contract"]) == 0
    text = capsys.readouterr().out
    assert text.count("curl -s http://127.0.0.1:8787/v1/events") == 1
    assert "touchline source test shop" in text
    assert run(["source", "add", "shop", "--legal-basis", "contract"]) == 2
    assert "touchline source key shop" in capsys.readouterr().err


def test_without_a_terminal_the_legal_basis_is_to_be_given(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(["source", "add", "shop"]) == 2
    assert "no --legal-basis, and there is no terminal" in capsys.readouterr().err
    assert set(load_sources(folder / "sources.yaml")) == {"till"}


def test_on_a_terminal_it_is_asked_for_until_it_is_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.StringIO("none\ncontract\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    assert run(["source", "add", "shop"]) == 0
    assert load_sources(folder / "sources.yaml")["shop"].legal_basis == "contract"


def test_a_further_key_is_made_and_taken_out_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["source", "key", "till", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert run(["source", "key", "till", "--json"]) == 0
    assert len(keys(folder)) == 2
    assert run(["source", "key", "till", "--revoke", made["key_id"], "--json"]) == 0
    assert keys(folder).find(made["write_key"]) is None
    assert run(["source", "key", "desk"]) == 2
    assert "touchline source add desk" in capsys.readouterr().err


def test_the_list_says_what_is_known_where_clickhouse_is_not_to_be_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["source", "key", "till"])
    capsys.readouterr()
    assert run(["source", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (till,) = told["sources"]
    assert (till["source"], till["write_keys"], till["records"]) == ("till", ["till"], None)
    assert "password" in told["unknown_because"]
    assert run(["source", "list"]) == 0
    out, err = capsys.readouterr()
    assert "till" in out
    assert "records are not known" in err
