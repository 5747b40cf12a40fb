"""`touchline simulate`, with the in-memory twin in place of Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.simulate.ledgers import ROOT, events_of, lines_of
from touchline.cli import simulate as simulate_module
from touchline.cli.main import run
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.simulate.carry_out import at_rate
from touchline.simulate.parameters import SimulationParameters

Run = Callable[..., tuple[int, str, str]]
WORDS = ("simulate", "--seed", "7", "--persons", "30", "--days", "20")


@pytest.fixture
def producers(monkeypatch: pytest.MonkeyPatch) -> list[InMemoryProducer]:
    """Every producer that a command opened."""
    opened: list[InMemoryProducer] = []

    def open_one(settings: object, outbox: object) -> InMemoryProducer:
        opened.append(
            InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(ROOT / "sources.yaml"))
        )
        return opened[-1]

    monkeypatch.setattr(simulate_module, "open_producer", open_one)
    return opened


@pytest.fixture
def touchline(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TOUCHLINE_PROJECT_DIR", str(ROOT))

    def command(*words: str) -> tuple[int, str, str]:
        status = run(words)
        written = capfd.readouterr()
        return status, written.out, written.err

    return command


def test_the_rate_changes_nothing_but_the_time(
    producers: list[InMemoryProducer], touchline: Run, tmp_path: Path
) -> None:
    ledgers = []
    for rate in ("0", "4000"):
        file = tmp_path / f"{rate}.ndjson"
        assert touchline(*WORDS, "--rate", rate, "--ledger", str(file))[0] == 0
        ledgers.append(file.read_bytes())
    assert ledgers[0] == ledgers[1]
    fast, slow = ([{**event, "received_at": ""} for event in one.events] for one in producers)
    assert fast == slow


def test_what_is_sent_is_what_the_ledger_holds(
    producers: list[InMemoryProducer], touchline: Run, tmp_path: Path
) -> None:
    file = tmp_path / "truth.ndjson"
    status, out, _ = touchline(*WORDS, "--ledger", str(file), "--json")
    said = json.loads(out)
    kept = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert status == 0
    assert json.dumps(kept) == json.dumps(lines_of(SimulationParameters(7, 30, 20)))
    assert [event["id"] for event in producers[0].events] == [event["id"] for event in events_of(kept)]
    assert said["acknowledged"] == said["sent"] == len(producers[0].events)
    assert said["run"] == kept[0]["run"]


def test_a_dry_run_opens_no_producer(producers: list[InMemoryProducer], touchline: Run) -> None:
    status, out, _ = touchline(*WORDS, "--dry-run")
    assert status == 0
    assert out.startswith("simulated ")
    assert "of 30 simulated persons" in out
    assert producers == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--begin", "soon"), "--begin is not a day"),
        (("--begin", "2099-01-01"), "would end after this moment"),
        (("--map", "retial"), "there is no map 'retial'"),
        (("--ledger", "nowhere/truth.ndjson", "--dry-run"), "cannot be written"),
    ],
)
def test_wrong_options_are_status_2_with_a_remedy(
    producers: list[InMemoryProducer], touchline: Run, words: tuple[str, ...], says: str
) -> None:
    status, _, err = touchline(*WORDS, *words)
    assert status == 2
    assert says in err
    assert "hint: " in err


def test_an_effect_at_a_touchpoint_that_the_map_has_not_is_refused(touchline: Run) -> None:
    """It would plant nothing, and the analysis that is tried on it would be blamed."""
    words = ("simulate", "answers", "--source", "web-clicks", "--map", "web_shop", "--dry-run")
    status, _, said = touchline(*words, "--effect", "purchse:0.1:2024-06-02")
    assert status == 2
    assert "no touchpoint 'purchse'" in said
    assert "purchase" in said


def test_answers_need_events(producers: list[InMemoryProducer], touchline: Run) -> None:
    status, _, err = touchline("simulate", "answers")
    assert status == 2
    assert "name either a file of events or --source" in err


def test_persons_is_what_is_simulated_where_nothing_is_named(producers: list[InMemoryProducer], touchline: Run) -> None:
    named, unnamed = (
        touchline("simulate", *words, "--dry-run", "--json")[1] for words in (("persons", *WORDS[1:]), WORDS[1:])
    )
    assert {**json.loads(named), "seconds": 0} == {**json.loads(unnamed), "seconds": 0}


def test_events_leave_at_their_rate_and_lost_time_is_no_burst() -> None:
    now, left = [100.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    for number, _ in enumerate(at_rate(({"id": str(n)} for n in range(40)), 10, clock=lambda: now[0], sleep=sleep)):
        left.append(now[0])
        if number == 9:
            now[0] += 60  # Kafka was away
    assert left[9] - left[0] == pytest.approx(0.9)
    assert left[39] - left[10] > 29 / 10 - 1.1
