"""`touchline surveys link`: what it makes, and what it writes for a receipt."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from touchline.cli import surveys_link
from touchline.cli.main import run
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.sources import read_sources
from touchline.surveys.links import Link, read

SECRET = bytes(range(32))
PLACE = ["surveys", "link", "--touchpoint", "store_visit", "--question", "nps_here"]


@pytest.fixture(autouse=True)
def producer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InMemoryProducer:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(SECRET.hex())
    (tmp_path / "touchline.toml").write_text(
        'survey_secret_file = "secret"\nsurveys_url = "https://ask.example"\n', encoding="utf-8"
    )
    text = "sources:\n  surveys: {legal_basis: legitimate_interests}\n"
    one = InMemoryProducer(sources=read_sources(text, "sources.yaml").sources)
    monkeypatch.setattr(surveys_link, "open_producer", lambda _settings: one)
    return one


def made(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[dict[str, str], Link]:
    assert run([*PLACE, *words, "--json"]) == 0
    said: dict[str, str] = json.loads(capsys.readouterr().out)
    link = read(SECRET, said["link"].removeprefix("https://ask.example/q/"), time.time())
    assert isinstance(link, Link)
    return said, link


def test_a_link_of_a_place_says_where_and_what(capsys: pytest.CaptureFixture[str], producer: InMemoryProducer) -> None:
    said, link = made(capsys, "--place", "store-12", "--language", "it", "--days", "30", "--qr", "code.svg")
    assert (link.kind, link.place, link.touchpoint) == ("place", "store-12", "store_visit")
    assert (link.question, link.language) == ("nps_here", "it")
    assert 29 < (link.expires_s - time.time()) / 86_400 < 31
    assert said["kiosk"] == said["link"].replace("/q/", "/k/")
    assert Path("code.svg").read_text().startswith("<?xml")
    assert producer.events == []


def test_a_link_of_a_receipt_names_the_ask_that_is_written_for_it(
    capsys: pytest.CaptureFixture[str], producer: InMemoryProducer
) -> None:
    said, link = made(capsys, "--receipt", "anna-4711", "--source", "retail-pos")
    assert (link.kind, link.place) == ("receipt", "")
    assert "kiosk" not in said
    event = producer.events[0]
    assert (event["id"], event["disposition"], event["survey"]) == (link.ask_id, "invited", "receipt_link")
    assert event["about"] == {"touchpoint": "store_visit", "source": "retail-pos", "event_id": "anna-4711"}
    assert "anonymous" not in event


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --place, or --receipt with --source"),
        (["--place", "x", "--receipt", "y", "--source", "z"], "give --place, or --receipt with --source"),
        (["--receipt", "y"], "give both"),
        (["--place", "x", "--question", "nps_hare"], "did you mean 'nps_here'?"),
        (["--place", "x", "--language", "pt"], "it has en, de, fr, it"),
        (["--place", "anna@example.com"], "no mail address"),
        (["--place", "x", "--qr", "code.pdf"], "--qr code.svg"),
    ],
)
def test_what_makes_no_link_is_said_with_the_remedy(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run([*PLACE, *words]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert said in err
    assert "example.com" not in err
