"""Every benchmark parses its arguments and makes what it measures, in seconds and without engines."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from bench import (
    asking,
    attach,
    collector,
    emit,
    erase_live,
    identity,
    journeys,
    late,
    ledger,
    pipeline,
    profile,
    views,
)
from bench.events import WireEvent, events_of, make_events, make_simulated_events
from touchline.journey.compile import compile_map
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Fact
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.record import RecordMaker
from touchline.schemas.journey.read import load_map
from touchline.schemas.sources import load_sources
from touchline.settings import Settings
from touchline.sql.all_views import API_VIEWS

ROOT = Path(__file__).parent.parent.parent.parent
imports: Any = importlib.import_module("bench.import")  # its name is a word of the language
COMMANDS = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if "\ndef main(" in path.read_text("utf-8"))
MEASURED = ["--json", "--help"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_says_how_it_is_called(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, *MEASURED])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"bench.{name}").main()
    assert ended.value.code == 0
    assert f"./run bench {name}" in capsys.readouterr().out


def test_all_benchmarks_are_among_these() -> None:
    assert {
        "alerts",
        "asking",
        "attach",
        "collector",
        "emit",
        "erase",
        "erase_live",
        "identity",
        "import",
        "late",
        "latency",
        "ledger",
        "peers",
        "personal",
        "pipeline",
        "rebuild",
        "scale",
        "views",
    } == set(COMMANDS)


def facts_of(events: Iterable[tuple[bytes | None, bytes | None]]) -> list[object]:
    """What the worker makes of such records."""
    records: Any = [
        SimpleNamespace(offset=offset, key=key, value=value, timestamp=1_800_000_000_000)
        for offset, (key, value) in enumerate(events)
    ]
    validated = Validated([], [], UnknownFields())
    sources = load_sources(ROOT / "sources.yaml")
    Validator(sources, "UTC", Cipher("p1", bytes(32))).validate(records, decode(records), validated)
    return [type(one) for one in validated.outcomes]


@pytest.mark.parametrize(
    "made",
    [
        lambda: make_events(60, 4),
        lambda: make_simulated_events(60, 4),
        lambda: late.late(60, 0.5),
        lambda: identity.linked(400, 0.2),
        lambda: events_of(range(60), 0, 4),
        lambda: asking.events_about(range(60), 1_760_000_000_000_000),
        lambda: (WireEvent(one.key, one.value, [], 0) for one in journeys.simulated_year(60, Settings())),
    ],
    ids=["pipeline", "simulated", "late", "identity", "scale", "asking", "views"],
)
def test_the_events_of_a_benchmark_are_stored_by_a_worker(made: Callable[[], Iterable[WireEvent]]) -> None:
    events = list(made())
    assert facts_of((one.key, one.value) for one in events) == [Fact] * len(events)
    assert len({(one.partition, one.key, one.value) for one in events}) == len(events) >= 60


def test_persons_who_are_erased_have_events_before_and_others_have_those_that_are_sent_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(erase_live, "FURTHER_SECONDS", 1)
    load = erase_live.load_of(1_000, 5)
    before = list(load.before)
    chosen = {one.encode() for one in load.chosen}
    assert (len(before), len(chosen)) == (1_000, 5)
    assert chosen <= {one.key for one in before}
    meanwhile = [next(load.meanwhile) for _ in range(50)]
    assert chosen.isdisjoint(one.key for one in meanwhile)
    assert facts_of((one.key, one.value) for one in meanwhile) == [Fact] * 50
    assert {one.value for one in meanwhile}.isdisjoint(one.value for one in before)


def test_what_the_command_says_is_read_with_its_seconds() -> None:
    lines = ["200 persons, 200 identifiers", "  0.3 s  finding 200 persons\n", " 12.5 s  blanked 1,000 records"]
    assert erase_live.phases_of(lines) == [(0.3, "finding 200 persons"), (12.5, "blanked 1,000 records")]


def test_pairs_are_linked_by_identify_events() -> None:
    kinds = [orjson.loads(one.value)["type"] for one in identity.linked(400, 0.2)]
    assert kinds.count("touchline.identify.v1") == 2


def test_the_profile_names_steps_that_there_are() -> None:
    with profile.timed(profile.STEPS) as seconds:
        assert seconds == {}
    batch = next(profile.batches(40, 5))
    assert (batch.topic, len(batch.records), batch.start_offset) == ("t", 5, 0)


def test_rounds_are_summarized() -> None:
    slow, quick = pipeline.Measured(10_000.0, 5_000.0, 100.0), pipeline.Measured(40_000.0, 8_000.0, 25.0)
    assert pipeline.summarize([(quick, slow)], 100)["ratio_to_stock_faust"] == 4.0


def test_every_view_of_the_page_is_asked_with_all_its_arguments() -> None:
    answers: dict[str, list[tuple[object, ...]]] = {
        "max(map_version)": [(1, "2026-01-01", "2026-06-30")],
        "SELECT person": [("k1:0", 2)],
        "topKIf": [("regular", "store-1")],
        "SELECT kpi": [("nps", "", "relational")],
    }
    client: Any = SimpleNamespace(execute=lambda sql: next(rows for part, rows in answers.items() if part in sql))
    asked = list(views.questions(client))
    assert {one.name.partition(" (")[0] for one in asked} == {view.name for view in API_VIEWS} | {*views.PLAIN}


def test_rows_of_a_file_become_events(tmp_path: Path) -> None:
    imports.write_files(tmp_path, 20)
    mapping = parse_mapping(imports.MAPPING)
    for name in ("rows.csv", "rows.parquet"):
        rows, mapper = open_rows(tmp_path / name, mapping), Mapper(mapping)
        faults = [mapper.map(row).faults for row in rows]
        rows.close()
        assert faults == [[]] * 20


def test_a_program_and_a_request_send_what_a_producer_takes() -> None:
    maker = RecordMaker(emit.KEYS, None, lambda: emit.MOMENT_US)
    records = [maker.make(event) for event in emit._events(10)]
    assert facts_of((one.key, one.value) for one in records) == [Fact] * 10
    sizes = [orjson.loads(body) for body in (*collector._bodies(3, 1), *collector._bodies(2, 5))]
    assert [len(one) if isinstance(one, list) else 1 for one in sizes] == [1, 1, 1, 5, 5]


@pytest.mark.parametrize("name", attach.PLACES)
def test_attaching_is_measured_under_each_map(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "PERSONS", 2)
    journey_map = compile_map(load_map(attach.JOURNEYS / f"{name}.yaml"))
    assert attach.attach_us(journey_map, name, 2, 1) > 0
    assert min(attach.carry_us(journey_map, name, 1)) > 0


def test_generated_rows_have_columns_of_the_ledger() -> None:
    created = (ROOT / "sql" / "schema" / "migrations" / "0001_create_ledger.sql").read_text("utf-8")
    assert [one for one in ("insert_number", *ledger.COLUMNS) if f"\n    {one} " not in created] == []
