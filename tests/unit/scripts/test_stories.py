"""What the stories are made of: events that every contract takes, all of them marked, and a project folder of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scripts.stories import launch, support, tacos
from scripts.stories.place import (
    FILES,
    HERE,
    all_events,
    begin_of_what_was_played,
    remember,
    stories_settings,
    write_project,
)
from scripts.stories.writing import SOURCE, Event
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.settings import Settings, load_settings

BEGINS = date(2026, 3, 1)


def everything() -> list[Event]:
    visits = [event for visit in tacos.rosas_visits(BEGINS) for event in visit]
    return [
        *all_events(BEGINS),
        *visits,
        *tacos.rosas_return(BEGINS),
        support.last_call(BEGINS),
        support.call_back(BEGINS),
    ]


def test_every_event_is_marked_as_simulated_and_has_an_id_of_its_own() -> None:
    events = everything()
    assert all(event["simulated"] is True and event["source"] == SOURCE for event in events)
    assert len({event["id"] for event in events}) == len(events)


def test_the_contracts_take_every_event() -> None:
    with InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(HERE / "sources.yaml")
    ) as producer:
        producer.emit_many(everything())
    assert len(producer.records) == len(everything())


def test_the_same_day_tells_the_same_stories() -> None:
    assert all_events(BEGINS) == all_events(BEGINS)


def test_what_a_buyer_says_at_the_till_names_the_answer_that_it_comes_from() -> None:
    """declared_reach joins them by it: the id begins with the answer's, and neither has a dot or a slash before."""
    events = launch.events(BEGINS)
    asks = {event["id"] for event in events if event["type"] == "touchline.answer.v1"}
    declared = [event["id"] for event in events if event.get("provenance") == "declared"]
    assert {one.partition(".")[0] for one in declared} == asks
    assert not any("/" in one or "." in one for one in asks)


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return stories_settings(load_settings(local_dir=tmp_path), lambda count: list(range(20_000, 20_000 + count)))


def test_every_command_finds_the_stories_by_their_folder(own: Settings, tmp_path: Path) -> None:
    write_project(own, tmp_path / "jars")
    found = load_settings(project_dir=own.local_dir)
    names = ("local_dir", "kafka_bootstrap", "clickhouse_port", "care_dir", "write_keys_file", "survey_secret_file")
    assert [getattr(found, name) for name in (*names, *FILES)] == [getattr(own, name) for name in (*names, *FILES)]


def test_the_ports_of_the_stories_are_chosen_once(own: Settings, tmp_path: Path) -> None:
    write_project(own, tmp_path / "jars")
    again = stories_settings(load_settings(local_dir=tmp_path), lambda count: list(range(25_000, 25_000 + count)))
    assert (again.clickhouse_port, again.kafka_bootstrap) == (own.clickhouse_port, own.kafka_bootstrap)
    assert again.local_dir == own.local_dir


def test_a_performance_that_was_not_played_to_its_end_is_none(own: Settings, tmp_path: Path) -> None:
    write_project(own, tmp_path / "jars")
    assert begin_of_what_was_played(own) is None
    remember(own, BEGINS)
    assert begin_of_what_was_played(own) == BEGINS
