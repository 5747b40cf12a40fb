"""Hundreds of events of customers who grant and withdraw, in any order, on the real engine: each view is what the permitted events alone
make, and the links that count."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import running_engine
from tests.support.view_sums import view_sums
from tests.unit.processors.across import Known, identify, known_as
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.test_consent import permitted_of, said, visit
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from tests.unit.processors.loop.world import MAP, SOURCES
from tests.unit.processors.test_linking import allows, of_links_that_count, stops, together
from touchline.clickhouse.connect import connect, connect_as
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.schemas.journey.read import parse_map
from touchline.schemas.times import format_time, parse_time
from touchline.settings import Settings

EVENTS = 800
PERSONS = 48
MINUTES = 60 * 24 * 20
OF_STATEMENTS = {"consents"}
OF_LINKS = {"links"}
"""Shows links that count for nothing, too."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("consent")) as settings:
        client = connect(settings)
        register_configuration(client, [parse_map(MAP)], SOURCES)
        client.disconnect()
        yield settings


def history(chance: random.Random) -> list[Event]:
    """Each person has a login and a card; every third one withdraws, half of these grant anew."""
    told: list[Event] = []
    for number in range(EVENTS):
        person, minute = chance.randrange(PERSONS), chance.randrange(MINUTES)
        login, card = ("login", 2 * person + 2), ("loyalty", 1_000 + 3 * person)
        who: Known = chance.choice([login, card])
        kind = chance.random()
        if kind < 0.1:
            told.append(identify(number, [login, card], minute))
        elif kind < 0.2 and person % 3 == 0:
            state, grant = chance.choice([("withdrawn", "c1"), ("granted", "c2"), ("withdrawn", "c2")])
            effective = parse_time("2025-06-01T00:00:00Z") + chance.randrange(MINUTES) * 60_000_000
            told.append(said(number, who, minute, state, grant, effective_at=format_time(effective)))
        elif kind < 0.4:
            told.append(known_as(number, [who], minute, "till"))
        else:
            told.append(visit(number, who, minute, chance.choice(["c1", "c2"])))
    return told


def stored(settings: Settings, events: list[Event], folder: Path, chance: random.Random) -> dict[str, tuple[int, int]]:
    """The sums of all views after these events came, in this order, in batches of any size."""
    client = connect(settings)
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    client.execute("TRUNCATE TABLE journey_raw.fence")
    client.disconnect()
    log = records_by_partition(events)
    workers = Workers(ClickHouseLedger(lambda: connect_as(ColumnClient, settings)), folder, log)
    for number in [*range(PARTITIONS)] * 3:
        workers.deliver(number, chance.randrange(50, 400))
        workers.tick(number)
    workers.finish()
    return view_sums(settings)


def states_of(events: list[Event]) -> dict[tuple[str, int], str]:
    """By person and moment what is said of the one purpose; at the same moment the withdrawal wins."""
    named = [[person["key"] for person in one["persons"]] for one in events]
    login_of = {card: login for login, card in (keys for keys in named if len(keys) > 1)}
    stated = [
        (login_of.get(keys[0], keys[0]), parse_time(one["effective_at"]), one["state"])
        for one, keys in zip(events, named, strict=True)
        if "state" in one
    ]
    return {(person, effective_us): state for person, effective_us, state in sorted(stated)}


@pytest.mark.timeout(220)
def test_every_view_is_that_of_the_permitted_events_alone(engine: Settings, tmp_path: Path) -> None:
    chance = random.Random(16)
    events = history(chance)
    permitted = sorted(permitted_of(events), key=lambda one: one["time"])
    withheld = sum("state" not in one for one in events) - len(permitted)
    assert withheld > 40
    found = stored(engine, events, tmp_path / "all", chance)
    client = connect(engine)
    (account,) = client.execute("SELECT sum(stored), min(is_balanced) FROM journey.account")
    states = client.execute("SELECT person, toUnixTimestamp64Micro(valid_from), state FROM journey.consents")
    client.disconnect()
    assert account == (EVENTS, 1)
    assert len(states) > PERSONS // 3
    assert sorted(states) == sorted((*of_whom, state) for of_whom, state in states_of(events).items())
    wanted = stored(engine, permitted, tmp_path / "permitted", chance)
    assert {name for name in found if found[name] != wanted[name]} == OF_STATEMENTS


def linking_history(chance: random.Random) -> list[Event]:
    """Each person has a login and two cards, and senders go on stating so under grants of which some are withdrawn."""
    told: list[Event] = []
    for number in range(EVENTS // 2):
        person, minute = chance.randrange(PERSONS), chance.randrange(MINUTES)
        login, *cards = ("login", 2 * person + 2), ("loyalty", 1_000 + 3 * person), ("loyalty", 2_000 + 3 * person)
        kind, grant = chance.random(), f"{person} {chance.randrange(2)}"
        if kind < 0.3:
            told.append(together(number, [login, chance.choice(cards)], minute, grant))
        elif kind < 0.45 and person % 3 == 0:
            told.append(chance.choice([stops, stops, allows])(number, chance.choice([login, *cards]), minute, grant))
        else:
            told.append(visit(number, chance.choice([login, *cards]), minute, grant))
    return told


@pytest.mark.timeout(220)
def test_every_view_is_that_of_the_links_that_count_alone(engine: Settings, tmp_path: Path) -> None:
    chance = random.Random(17)
    events = linking_history(chance)
    alone = of_links_that_count(events)
    ended = sum(len(one["persons"]) > len(other["persons"]) for one, other in zip(in_time(events), alone, strict=True))
    assert ended > 10
    found = stored(engine, events, tmp_path / "all", chance)
    permitted = [one for one in alone if "state" not in one]
    wanted = stored(engine, permitted, tmp_path / "permitted", chance)
    assert {name for name in found if found[name] != wanted[name]} == OF_STATEMENTS | OF_LINKS


def in_time(events: list[Event]) -> list[Event]:
    """In the order of their times, others as they are."""
    return sorted(events, key=lambda one: str(one["time"]))
