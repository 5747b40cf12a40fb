"""Records in quarantine of somebody who is erased: their bytes and ids go, their entries stay, and the request forgets whom it named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import start_anew, store
from tests.support.engine import running_engine
from tests.support.erased_world import Asked, World, link, purchase
from tests.support.erasures import SECRET
from tests.unit.processors.loop.world import CIPHER, SOURCES, event, person_key
from touchline.clickhouse.connect import connect
from touchline.erasure.blank import blank
from touchline.erasure.blank_quarantine import blank_quarantine
from touchline.erasure.blank_request import blank_requests
from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import Entry, EntryFilter, read_open, read_sealed
from touchline.quarantine.judge import Judge, Unmendable
from touchline.quarantine.keep import State, open_sealed, state_of

ONE, OTHER = person_key(1), person_key(2)


def without_touchpoint(number: int, **more: Any) -> dict[str, Any]:
    """An event that the contract refuses."""
    return {name: value for name, value in (event(number, None, number) | more).items() if name != "touchpoint"}


REFUSED: list[dict[str, Any] | bytes] = [
    without_touchpoint(1, persons=[{"type": "login", "key": ONE}]),
    without_touchpoint(2, persons=[{"type": "login", "key": OTHER}, {"type": "card", "key": ONE}]),
    without_touchpoint(3, persons=[{"type": "login", "key": OTHER}]),
    event(4, None, 4) | {"persons": [{"type": "login", "key": "jane@example.org"}]},
    b"no json, but " + ONE.encode(),
    event(6, 2, 6),
    # the same event with another content is a conflict: of another's event the bytes name the erased one
    event(6, 2, 6, properties={"sent_by": ONE}),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        start_anew(client)
        store(settings, tmp_path / "state", REFUSED, now_ms=time.time_ns() // 1_000_000)
        yield client
        client.disconnect()


def entries(client: Client) -> dict[int, Entry]:
    """The open ones by offset."""
    return {one.offset: one for one in read_open(client, EntryFilter())}


def test_entries_that_name_the_person_lose_bytes_and_ids_and_the_others_keep_them(client: Client) -> None:
    before = entries(client)
    assert blank_quarantine(client, CIPHER, [ONE], ["Jane@example.org"]) == 5
    after = entries(client)
    assert after.keys() == before.keys()
    named = {0, 1, 3, 4, 6}
    assert {offset for offset, one in after.items() if not one.sealed_bytes} == named
    assert {offset: one for offset, one in after.items() if offset not in named} == {2: before[2]}
    assert {after[offset].event_id for offset in named - {6}} == {""}
    assert after[6].event_id == "e6", "by it other versions of another's event are judged"
    kept = "SELECT count() FROM journey_raw.ledger WHERE payload != '' AND offset != 2"
    assert client.execute(kept) == [(0,)]
    assert blank_quarantine(client, CIPHER, [ONE], ["Jane@example.org"]) == 0


def test_an_entry_without_bytes_is_listed_and_a_replay_says_that_there_are_none(client: Client) -> None:
    blank_quarantine(client, CIPHER, [ONE], [])
    entry = entries(client)[0]
    now = datetime.now(UTC)
    assert state_of(entry, now) is State.NONE
    kept = open_sealed(entry, read_sealed(client, [entry])[entry.stream, entry.offset], CIPHER, now)
    judged = Judge(SOURCES, "UTC", CIPHER).judge(kept)
    assert isinstance(judged, Unmendable)
    assert judged.remedy.startswith("no bytes are kept of it")


def test_entries_under_another_key_stay(client: Client) -> None:
    assert blank_quarantine(client, Cipher("p2", bytes(range(32))), [ONE], []) == 0
    assert all(one.sealed_bytes for one in entries(client).values())


def test_reasons_and_sums_of_the_quarantine_stay(client: Client) -> None:
    sums = "SELECT reason, field, source, sum(sign) FROM journey_raw.ledger WHERE kind = 'received' GROUP BY ALL ORDER BY ALL"
    before = client.execute(sums), client.execute("SELECT * FROM journey.account")
    blank_quarantine(client, CIPHER, [ONE], [])
    assert (client.execute(sums), client.execute("SELECT * FROM journey.account")) == before


@pytest.mark.timeout(120)
def test_a_request_forgets_its_identifiers_once_the_ledger_has_nothing_of_them(tmp_path: Path) -> None:
    events = [purchase(1, 4, 10), purchase(2, 5, 20), link(3, 5, 4, 30), purchase(4, 6, 40), purchase(5, 6, 6 * 1440)]
    with running_engine(tmp_path) as settings:
        world = World(settings, tmp_path / "workers", events)
        world.deliver()
        world.rest()
        client = world.client
        world.erase([Asked(4), Asked(6, until_minute=1440)])
        world.write_request([Asked(5)], "another")
        assert blank_requests(client, ["r1"]) == {"r1"}, "nothing is blank yet"
        blank(client, SECRET, lambda _: None)
        assert blank_requests(client, ["r1"]) == set()
        rows = "SELECT request, identifier, digest FROM journey_raw.erasures ORDER BY number"
        kept = [(request, key) for request, key, _ in client.execute(rows)]
        assert kept == [("r1", ""), ("r1", ""), ("another", person_key(5))]
        assert [digest for _, _, digest in client.execute(rows)] == [
            SECRET.of_identifier(person_key(one)).hex() for one in (4, 6, 5)
        ]
        mutations = str(client.execute("SELECT command FROM system.mutations"))
        assert not any(person_key(one) in mutations for one in (4, 5, 6))
        assert blank_requests(client, ["r1"]) == set()
        newer = "SELECT min(event_time) FROM journey_raw.ledger WHERE identifier = %(key)s AND kind = 'received'"
        assert client.execute(newer, {"key": person_key(6)})[0][0] - datetime(2025, 6, 1, tzinfo=UTC) > timedelta(5)
        world.close()
