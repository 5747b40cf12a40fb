"""Twenty thousand events of one partition on the real engine, late, twice, revised, re-stamped and in conflict, by workers that die:
each view, read with and without projections, is what one sorted pass over the versions that count gives."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.engine import running_engine
from tests.support.view_sums import view_sums
from tests.unit.processors.loop.partition import Event, expected_fates, version, winners
from tests.unit.processors.loop.world import MAP, SOURCES, TOPIC, batch, kill, make_loop, records_of, store_all
from touchline.clickhouse.connect import connect, connect_as
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.ledger import LedgerUnavailable
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.ledger.rows import Insert
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Acknowledge, Assigned
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

EVENTS = 20_000
PERSONS = 2_500
TICKS = 6
MINUTES = 60 * 24 * 20


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("partition")) as settings:
        client = connect(settings)
        register_configuration(client, [parse_map(MAP)], SOURCES)
        client.disconnect()
        yield settings


class UnreliableLedger(ClickHouseLedger):
    """Of some inserts nothing arrives, of others the answer is lost."""

    def __init__(self, settings: Settings, chance: random.Random) -> None:
        super().__init__(lambda: connect_as(ColumnClient, settings))
        self._chance = chance

    def insert(self, insert: Insert) -> None:
        luck = self._chance.random()
        if luck < 0.08:
            raise LedgerUnavailable("lost")
        super().insert(insert)
        if luck > 0.92:
            raise LedgerUnavailable("unheard")


def deliveries(chance: random.Random) -> list[Event]:
    """In order of time but for what comes late, and about one in ten a second version or a repetition of an earlier one."""
    kinds = ["poster", "site", "site", "till", "unheard_of", "answer", "link"]
    sent: list[Event] = []
    for number in count():
        if len(sent) >= EVENTS:
            break
        person = chance.randrange(1, PERSONS) if chance.random() < 0.95 else None
        minute = number * MINUTES // EVENTS
        content = chance.choice(["partial", "complete"])
        sent.append(version(number, person, minute, chance.choice(kinds), 0, chance.choice("ab"), content))
        if chance.random() < 0.1:
            earlier = sent[chance.randrange(max(0, len(sent) - 3_000), len(sent))]
            sent.append(chance.choice([again, revised, re_stamped])(earlier, minute, chance))
    for _ in range(EVENTS // 50):  # late by up to a third of the whole
        position = chance.randrange(len(sent))
        sent.insert(min(len(sent), position + chance.randrange(EVENTS // 3)), sent.pop(position))
    return sent[:EVENTS]


def again(earlier: Event, minute: int, chance: random.Random) -> Event:
    return earlier


def revised(earlier: Event, minute: int, chance: random.Random) -> Event:
    person = chance.choice([None, chance.randrange(1, PERSONS)])
    number = int(earlier["id"][1:])
    return version(number, person, chance.randrange(minute + 1), "site", chance.choice([1, 2]), "c")


def re_stamped(earlier: Event, minute: int, chance: random.Random) -> Event:
    """The same revision at a later time: a conflict, but of an answer its later state."""
    hour = f"{minute // 60 % 24:02d}:{minute % 60:02d}:30Z"
    return {**earlier, "time": f"2025-06-{1 + minute // 1440:02d}T{hour}"}


def empty(settings: Settings) -> None:
    client = connect(settings)
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    client.execute("TRUNCATE TABLE journey_raw.fence")
    client.disconnect()


def store_with_accidents(settings: Settings, events: list[Event], folder: Path, chance: random.Random) -> None:
    """Polls of any size; every third worker dies, or is replaced by one with another state or none."""
    records = records_of(events)
    ledger = UnreliableLedger(settings, chance)
    loop, state, position, turn = make_loop(ledger, folder / "0"), folder / "0", 0, 0
    while position < len(records):
        turn += 1
        answer = loop.store(batch(records[position : position + chance.choice([200, 2_000, 4_000])], generation=turn))
        assert isinstance(answer, Acknowledge)
        position = answer.next_offset
        if chance.random() < 0.3:
            kill(loop)
            state = folder / str(chance.randrange(2))
            if chance.random() < 0.2:
                shutil.rmtree(state, ignore_errors=True)
            loop = make_loop(ledger, state, f"w{turn}")
    come_to_rest(loop, turn)


def come_to_rest(loop: StoreLoop, generation: int) -> None:
    """What is left to ticks is followed, and the worker ends."""
    for _ in range(TICKS):
        assert isinstance(loop.tick(Assigned(TOPIC, 0, generation)), Acknowledge)
    loop.close()


@pytest.mark.timeout(120)
def test_every_view_of_twenty_thousand_events_equals_one_sorted_pass(engine: Settings, tmp_path: Path) -> None:
    chance = random.Random(20)
    events = deliveries(chance)
    assert len(events) == EVENTS
    store_with_accidents(engine, events, tmp_path, chance)
    actual = view_sums(engine)
    assert actual == view_sums(engine, with_projections=False)
    # No map is registered here, no initiative sent, no case opened,
    # nothing said of consent, no identifier shared by many, and every answer has a scale of
    # the catalogue.
    assert [view for view, (rows, _) in actual.items() if not rows] == [
        "annotations",
        "case_causes",
        "case_kpis",
        "cases",
        "consents",
        "hubs",
        "initiatives",
        "unclassified_answers",
    ]
    client = connect(engine)
    fates = Counter(
        dict(client.execute("SELECT fate, sum(sign) FROM journey_raw.ledger WHERE kind = 'received' GROUP BY fate"))
    )
    columns = "received, stored, duplicate, superseded, quarantined, gaps, is_balanced"
    (account,) = client.execute(f"SELECT {columns} FROM journey.account")
    client.disconnect()
    wanted = expected_fates(events)
    assert min(wanted[fate] for fate in ("stored", "duplicate", "superseded", "quarantined")) > 300
    assert {"received": EVENTS, **fates} == wanted
    assert account == (EVENTS, *(wanted[fate] for fate in ("stored", "duplicate", "superseded", "quarantined")), 0, 1)

    empty(engine)
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    loop = make_loop(ledger, tmp_path / "sorted")
    store_all(loop, records_of(winners(events)), (EVENTS,))
    come_to_rest(loop, 1)
    assert actual == view_sums(engine)
