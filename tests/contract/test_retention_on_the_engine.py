"""Four hundred events of customers whose terms end, on the real engine: each view is what the kept events alone make, or counts the others
as nobody's; and the command tells what is due and what has ended."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import running_engine
from tests.support.erasures import SECRET
from tests.support.view_sums import view_sums
from tests.unit.processors.across import identify, known_as
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.test_retention import (
    LATEST,
    Sweeping,
    is_kept,
    on_day,
    sources,
)
from tests.unit.processors.loop.two_partitions import PARTITIONS, answer, receipt, records_by_partition
from tests.unit.processors.loop.world import MAP, SOURCES
from touchline.clickhouse.connect import connect, connect_as
from touchline.erasure.due import due
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.retention.blanking import blank_ended
from touchline.retention.read import read_retention
from touchline.retention.values import ClassState, Retention
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

EVENTS = 400
PERSONS = 30
TOUCHPOINTS = "SELECT bucket, touchpoint, sum(events) FROM journey.kpi_volume_1d GROUP BY ALL ORDER BY ALL"

ANSWERS = "SELECT * EXCEPT (about_event_id) FROM journey.answers ORDER BY event_id"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("retention")) as settings:
        client = connect(settings)
        register_configuration(client, [parse_map(MAP)], SOURCES)
        client.disconnect()
        yield settings


def history(chance: random.Random) -> list[Event]:
    """Logins of even numbers have a card; who buys may be asked about it."""
    told: list[Event] = []
    for number in range(EVENTS):
        person, minute = chance.randrange(PERSONS), chance.randrange(on_day(LATEST))
        kind = chance.random()
        if kind < 0.05:
            told.append(identify(number, [("login", person), ("loyalty", 1_000 + person)], minute))
        elif kind < 0.3:
            told.append(receipt(number, person, minute, place=chance.choice(["kiosk", "shop"])))
        elif kind < 0.45:
            told.append(answer(number, person, minute, chance.choice([None, chance.randrange(EVENTS)])))
        else:
            who = chance.choice([("login", person), ("loyalty", 1_000 + person)])
            told.append(known_as(number, [who], minute, chance.choice(["site", "poster"])))
    return told


def empty(settings: Settings) -> None:
    client = connect(settings)
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    client.execute("TRUNCATE TABLE journey_raw.fence")
    client.disconnect()


def stored(
    settings: Settings,
    events: Sequence[Event],
    how: str | None,
    folder: Path,
    chance: random.Random,
    again: Sequence[Event] = (),
) -> None:
    """The events come in batches of any size while days go by, and are swept. Then what ended is blanked, and some of them come again, to
    workers without a memory."""
    empty(settings)
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    workers = Sweeping(folder, [*events, *again], sources(how), ledger)
    left = list(map(len, records_by_partition(events)))
    for turn, number in enumerate([*range(PARTITIONS)] * 3):
        workers.on(LATEST - 4 + turn // 2)
        count = min(left[number], chance.randrange(20, 100))
        left[number] -= count
        workers.deliver(number, count)
        workers.tick(number)
    for number in range(PARTITIONS):
        workers.deliver(number, left[number])
    workers.on(LATEST)
    workers.settle()
    if again:
        client = connect(settings)
        blanked = blank_ended(client, SECRET, lambda _: workers.settle(), 60)
        assert blanked.records >= len(again)
        assert due(client).is_empty
        client.disconnect()
        for number in range(PARTITIONS):
            workers.restart(number, "lose state")
    workers.finish()


def told(settings: Settings, how: str | None) -> Retention:
    client = connect(settings)
    found = read_retention(client, sources(how), NOW_MS, 5)
    client.disconnect()
    return found


def ask(settings: Settings, query: str) -> list[Any]:
    client = connect(settings)
    rows: list[Any] = client.execute(query)
    client.disconnect()
    return rows


NOW_MS = 1_749_816_000_000
"""13 June 2025, the latest day."""


@pytest.mark.timeout(300)
def test_every_view_is_that_of_what_is_within_its_term_and_the_command_tells_what_went(
    engine: Settings, tmp_path: Path
) -> None:
    chance = random.Random(16)
    events = history(chance)
    kept = [one for one in events if is_kept(one)]
    assert len(kept) > 70

    stored(engine, events, None, tmp_path / "all", chance)
    volumes = ask(engine, TOUCHPOINTS)
    before = told(engine, None)
    assert {one.when_expired for one in before.classes} == {None}
    assert sum(one.due for one in before.classes) == len(events) - len(kept)

    expired = [one for one in events if not is_kept(one)]
    stored(engine, events, "anonymise", tmp_path / "anonymise", chance, expired[::3])
    assert ask(engine, TOUCHPOINTS) == volumes
    left = {row for (row,) in ask(engine, "SELECT DISTINCT event_id FROM journey_raw.ledger WHERE kind != 'mark'")}
    assert not left.intersection(one["id"] for one in expired if one not in expired[::3])
    ((named, nobody),) = ask(
        engine,
        "SELECT countIf(identifier != ''), countIf(identifier = '') FROM journey_raw.ledger "
        "WHERE kind = 'received' AND fate = 'stored' AND sign = 1 AND local_date < '2025-06-10' AND row_id NOT IN "
        "(SELECT row_id FROM journey_raw.ledger WHERE sign = -1)",
    )
    assert (named, nobody) == (0, len(events) - len(kept))
    found = told(engine, "anonymise")
    shop = {one.event_class: one for one in found.classes if one.source == "shop"}
    assert sum(one.anonymised for one in shop.values()) == len(events) - len(kept)
    assert {one.due + one.due_versions for one in shop.values()} == {0}
    assert sum(one.erased for one in found.classes) == len(expired[::3])  # what came again
    assert found.waiting == len(expired[::3])
    assert shop["touchpoints"].kept_since == date(2025, 6, 10)
    assert shop["consents"] == ClassState("shop", "consents", None, "anonymise", None, 0, 0, None, 0, 0, None)
    told_of = [one for one in expired if one["type"] != "touchline.identify.v1"]
    cells = Counter(
        (one.get("touchpoint", "till"), one.get("place", ""), date.fromisoformat(one["time"][:10])) for one in told_of
    )
    wanted_cells = {cell: events for cell, events in cells.items() if events < 5}
    assert len(wanted_cells) > 3
    assert {(one.touchpoint, one.place, one.day): one.events for one in found.cells} == wanted_cells
    assert found.cell_count == len(wanted_cells)

    stored(engine, events, "erase", tmp_path / "erase", chance, expired[::5])
    actual, answers = view_sums(engine), ask(engine, ANSWERS)
    found = told(engine, "erase")
    shop = {one.event_class: one for one in found.classes if one.source == "shop"}
    assert sum(one.erased for one in shop.values()) == len(events) - len(kept) + len(expired[::5])
    assert (found.cell_count, {one.due for one in shop.values()}) == (0, {0})
    assert shop["touchpoints"].last_ended_at is not None
    ((balanced,),) = ask(engine, "SELECT min(is_balanced) FROM journey.account")
    assert balanced == 1
    stored(engine, sorted(kept, key=lambda one: one["time"]), None, tmp_path / "kept", chance)
    wanted = view_sums(engine)
    # Of a kept answer that names an erased event the id of that is hidden.
    assert {name for name in actual if actual[name] != wanted[name]} <= {"answers"}
    assert ask(engine, ANSWERS) == answers
