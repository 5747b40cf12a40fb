"""A map is raised while customers are under way: the numbers are right before, during and after, as if the version had been there from the
beginning. Real steps, ticks and engine; the worker of the first version ends, one with the raised file starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clickhouse_driver import Client

from tests.contract.sql.conftest import empty
from tests.unit.processors.loop.world import (
    SOURCES,
    TOPIC,
    batch,
    event,
    make_loop,
    make_pipeline,
    person_key,
    records_of,
)
from touchline.account.maps import check_maps
from touchline.account.recounts import check_projections, check_signs
from touchline.clickhouse.connect import connect_as
from touchline.journey.compile import compile_map
from touchline.map_changes.apply import drop_version
from touchline.map_changes.diff.events import read_event_changes
from touchline.map_changes.progress import read_versions, what_is_under_way
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.values.protocol import Assigned
from touchline.processors.worker.maps import StoredMaps
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

MINI = """
map: mini
version: 1
title: Three stages
stages:
  - {id: see, name: See}
  - {id: try, name: Try}
  - {id: buy, name: Buy}
touchpoints:
  - {id: ad, name: Ad, channel: web, ownership: paid, observability: traceable}
  - {id: sample, name: Sample, channel: store, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
rules:
  - {id: seen, when: {touchpoint: ad}, stage: see}
  - {id: tried, when: {touchpoint: sample}, stage: try}
  - {id: bought, when: {touchpoint: till}, stage: buy}
goals:
  - {id: sale, name: Sale, when: {touchpoint: till}}
cycle: {stays: []}
churn: {inactivity_days: 30}
"""
RAISED = MINI.replace("version: 1", "version: 2").replace("Three stages", "Three stages, seen anew")
ANNA, BOB, CLEO, DAN = range(1, 5)


class Visit(NamedTuple):
    """A touchpoint at ten o'clock of a day of June; day 0 is the last of May."""

    person: int
    touchpoint: str
    day: int


FIRST = [
    Visit(ANNA, "ad", 1),
    Visit(BOB, "ad", 1),
    Visit(CLEO, "ad", 1),
    Visit(DAN, "ad", 1),
    Visit(BOB, "till", 2),
    Visit(DAN, "sample", 3),
]
THEN = [Visit(ANNA, "till", 4), Visit(DAN, "till", 5)]
LATE = [Visit(CLEO, "ad", -1)]


class World:
    """One partition and its worker, which may be ended and started with another file."""

    def __init__(self, settings: Settings, client: Client, folder: Path) -> None:
        self.settings, self.client, self._folder = settings, client, folder
        self._sent = 0
        self._runs = 0

    def start(self, text: str) -> None:
        begun = register_configuration(self.client, [parse_map(text)], SOURCES)
        pipeline = make_pipeline(text=text)
        pipeline.attach_under(begun.change, [compile_map(one) for one in begun.maps])
        self._ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, self.settings))
        maps = StoredMaps(self.settings, "mini")
        self.loop = make_loop(self._ledger, self._folder, f"w{self._runs}", pipeline=pipeline, maps=maps)
        self._runs += 1

    def end(self) -> None:
        self.loop.close()
        self._ledger.close()

    def send(self, visits: list[Visit]) -> None:
        events: list[dict[str, Any]] = []
        for number, one in enumerate(visits, start=self._sent + 1):
            day = f"2025-06-{one.day:02d}" if one.day > 0 else f"2025-05-{31 + one.day:02d}"
            events.append(event(number, one.person, 0, one.touchpoint, time=f"{day}T10:00:00Z"))
        records = [record._replace(offset=self._sent + record.offset) for record in records_of(events)]
        self.loop.store(batch(records, self._runs, self._sent))
        self._sent += len(records)

    def tick(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.loop.tick(Assigned(TOPIC, 0, self._runs))

    def reached(self, version: int) -> dict[str, int]:
        """Journeys that reached each stage, in any order."""
        rows = self.client.execute(
            "SELECT toString(stage), reached FROM journey_api.funnel_stage(map = 'mini', map_version = %(version)s, mode = 'any', "
            "date_from = '2025-01-01', date_to = '2025-12-31', filter = map(), as_of = toDateTime('2025-12-31 00:00:00', 'UTC'))",
            {"version": version},
        )
        return dict(rows)

    def journeys(self, version: int) -> dict[str, tuple[str, int, int]]:
        """Person -> when the journey began, the highest stage, touchpoints."""
        rows = self.client.execute(
            "SELECT person, toString(toDate(started_at)), max_stage_order, touchpoints FROM journey.journeys "
            "WHERE map = 'mini' AND map_version = %(version)s ORDER BY person",
            {"version": version},
        )
        return {person: (day, stage, touchpoints) for person, day, stage, touchpoints in rows}

    def require_clean(self) -> None:
        assert [*check_maps(self.client), *check_signs(self.client), *check_projections(self.client)] == []


@pytest.fixture
def world(engine_settings: Settings, engine_client: Client, tmp_path: Path) -> World:
    empty(engine_client)
    engine_client.execute("TRUNCATE TABLE journey_raw.fence")
    return World(engine_settings, engine_client, tmp_path)


def test_a_raised_version_has_the_numbers_that_it_would_have_had_from_the_beginning(world: World) -> None:
    world.start(MINI)
    world.send(FIRST)
    assert world.reached(1) == {"see": 4, "try": 2, "buy": 1}
    world.end()

    world.start(RAISED)
    world.send(THEN)  # before the walk has begun
    during = {"see": 4, "try": 3, "buy": 3}
    assert world.reached(1) == during, "the old version goes on"
    assert world.journeys(2) == {}, "nothing is seen of the new one"
    (said,) = what_is_under_way(read_versions(world.client))
    assert said.endswith("version 1 is shown until it is done")

    world.tick()
    assert [(one.version, one.state, one.is_shown, one.is_default) for one in read_versions(world.client)] == [
        (2, "applied", True, True), (1, "applied", False, False),
    ]  # fmt: skip
    assert world.reached(2) == world.reached(1) == during
    assert world.journeys(2) == world.journeys(1)
    assert world.journeys(2)[person_key(ANNA)] == ("2025-06-01", 3, 2)
    assert world.journeys(2)[person_key(DAN)] == ("2025-06-01", 3, 3)
    world.require_clean()

    world.send(LATE)
    world.tick(2)
    assert world.journeys(1)[person_key(CLEO)] == ("2025-05-30", 1, 2), "a late event restates both"
    assert world.journeys(2) == world.journeys(1)
    world.require_clean()
    difference = read_event_changes(world.client, ("mini", 1), ("mini", 2))
    assert (difference.events, difference.restaged_events, difference.changed_persons) == (9, 0, 0)

    drop_version(world.client, "mini", 1)
    assert world.journeys(1) == {}
    world.tick()
    world.require_clean()
    world.end()


def test_a_worker_with_the_older_file_takes_nothing_back(world: World) -> None:
    world.start(RAISED)
    world.send(FIRST)
    world.end()
    world.start(MINI)
    world.tick()
    world.send(THEN + LATE)
    world.tick(2)
    assert world.journeys(1) == world.journeys(2)
    assert len(world.journeys(2)) == 4
    world.require_clean()
    world.end()
