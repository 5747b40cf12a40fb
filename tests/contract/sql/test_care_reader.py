"""What `touchline care` reads of a person from the engine: facts that stand, their class, who may be contacted, and what is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.engine import running_engine
from tests.unit.processors.loop.world import event, person_key
from touchline.care.facts import Granted
from touchline.care.reader import Changed, LedgerFacts
from touchline.care.rules import load_rules
from touchline.clickhouse.connect import connect
from touchline.schemas.times import parse_time
from touchline.settings import Settings


def consent(number: int, person: int, state: str, at: str) -> dict[str, Any]:
    said = event(number, person, 1)
    del said["touchpoint"]
    stated = {"consent_id": f"g{person}", "state": state, "effective_at": at}
    return said | stated | {"id": f"c{number}", "type": "touchline.consent.v1", "purposes": ["contact_me"]}


FIRST = [
    event(1, 1, 1, "till"), answer(2, 1, 2, score=3), answer(3, 4, 3, score=8), answer(4, 3, 4, score=9),
    consent(5, 1, "granted", "2025-06-01T00:00:00Z"), consent(6, 4, "granted", "2025-06-01T00:00:00Z"),
    consent(7, 4, "withdrawn", "2025-06-02T00:00:00Z"),
]  # fmt: skip
SECOND = [answer(2, 1, 2, score=10) | {"revision": 1}]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Client]]:
    folder = tmp_path_factory.mktemp("care reader")
    with running_engine(folder) as settings:
        client = connect(settings)
        yield settings, client
        client.disconnect()


def test_facts_have_their_class_consents_their_times_and_a_correction_is_news(
    engine: tuple[Settings, Client], tmp_path: Path
) -> None:
    settings, client = engine
    start_anew(client)
    reader = LedgerFacts(client, load_rules())
    store(settings, tmp_path / "state", FIRST, ticks=3)
    keys = {number: person_key(number) for number in (1, 3, 4)}
    changed, first, is_behind = reader.news({})
    assert not is_behind
    assert set(keys.values()) <= changed.identifiers
    assert ("shop", "a2") in changed.events
    persons = reader.persons(keys.values())
    assert [(one.event_id, one.score_class) for one in persons[keys[1]].ordered()] == [("e1", ""), ("a2", "bad")]
    assert [persons[keys[number]].ordered()[-1].score_class for number in (4, 3)] == ["neutral", "good"]
    granted, ended = (parse_time(f"2025-06-0{day}T00:00:00Z") for day in (1, 2))
    assert persons[keys[1]].consents == [Granted("contact_me", granted, None)]
    assert persons[keys[4]].consents == [Granted("contact_me", granted, ended)]
    assert persons[keys[1]].identifiers == [(keys[1], "login")]

    store(settings, tmp_path / "state", [*FIRST, *SECOND], ticks=3)
    news = reader.news(first)
    assert news.changed.identifiers == {keys[1]}
    assert news.until != first
    assert reader.news(news.until).changed == Changed()
    assert [one.score_class for one in reader.persons([keys[1]])[keys[1]].ordered()] == ["", "good"]
    assert reader.holders([("shop", "a2"), ("shop", "nothing")]) == {keys[1]}
    assert (reader.standing(), reader.persons(["nobody"])) == ({}, {})
