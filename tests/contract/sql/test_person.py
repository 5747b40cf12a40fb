"""`touchline person` on ledgers of rows by hand: identifiers, evidence, merges with their times, hubs, shared devices."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_driver import Client
from rich.console import Console

from tests.contract.sql.rows import DEFAULTS, Row, attached, choose_default_map, received, retraction, write
from touchline.cli.main import run
from touchline.local.parts import settings_environment
from touchline.person.known import keys_beginning_with
from touchline.person.page import render_person
from touchline.person.read import read_person
from touchline.person.values import Person, as_object
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Source
from touchline.settings import Settings
from touchline.sql.schema.reference import register_hub_neighbours, register_sources
from touchline.terminal import plain

KEYS = PersonKeys("k1", bytes(32))
TYPES: dict[str, str] = {}


def key(kind: str, value: str) -> str:
    made = KEYS.key(kind, value)
    TYPES[made] = kind
    return made


JANE, JOHN = key("login", "jane"), key("login", "john")
CARD, MAIL = key("loyalty", "4711"), key("mail", "jane@example.org")
TABLET, PHONE = key("anonymous", "tablet"), key("device", "phone")
HOME = key("household", "7")
MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)
PARTITION = 1 << 52


def hour(number: float) -> datetime:
    return MORNING + timedelta(hours=number)


def event(row_id: int, identifier: str, person: str, at: float, stored: float | None = None) -> list[Row]:
    """The received and the attached row of an event."""
    times = {"event_time": hour(at), "stored_time": hour(at if stored is None else stored)}
    who = {"identifier": identifier, "identifier_type": TYPES[identifier]}
    journey = {"cycle": 1, "touchpoint_number": 1, "person": person, "event_id": f"e{row_id}"}
    return [
        received(row_id, "stored", row_id, **times, **who),
        attached(row_id + 1000, **times, identifier=identifier, **journey),
    ]


def link(row_id: int, one: str, other: str, at: float, kind: str = "link") -> Row:
    ends = {"identifier": one, "identifier_type": TYPES[one]}
    if other:
        ends |= {"linked_identifier": other, "linked_identifier_type": TYPES[other]}
    about = {"event_type": "touchline.identify.v1", "event_id": f"i{row_id}"}
    return DEFAULTS | {"kind": kind, "row_id": row_id, "event_time": hour(at), "stored_time": hour(at)} | ends | about


def handoff(row_id: int, identifier: str, to: int, number: int, at: float) -> Row:
    words = {"handoff_to": to, "handoff_number": number, "identifier": identifier, "stored_time": hour(at)}
    return DEFAULTS | {"kind": "handoff", "row_id": row_id} | words


def moved(rows: Iterable[Row], person: str, new_row_id: int, at: float) -> list[Row]:
    """The attached rows under another person: retracted, then published anew an hour later."""
    gone = [row for row in rows if row["kind"] == "attached"]
    return [
        *(retraction(row) | {"stored_time": hour(at)} for row in gone),
        *(
            row | {"person": person, "row_id": new_row_id + number, "stored_time": hour(at + 1)}
            for number, row in enumerate(gone)
        ),
    ]


def store(client: Client, *rows: Row | list[Row]) -> None:
    choose_default_map(client)
    write(client, [one for some in rows for one in (some if isinstance(some, list) else [some])])


def person_of(client: Client, asked: str) -> Person:
    found = read_person(client, asked)
    assert found is not None
    return found


def shown(person: Person) -> str:
    output = io.StringIO()
    Console(file=output, width=240, highlight=False, markup=False).print(render_person(person))
    return output.getvalue()


@pytest.fixture
def merged(empty_client: Client) -> Client:
    """A card bought, was linked with a login at hour 3, and its events were handed over and published under the login at hour 5."""
    bought = event(1, CARD, CARD, 1)
    store(
        empty_client,
        event(2, JANE, JANE, 2),
        bought,
        link(10, JANE, CARD, 3),
        moved(bought, JANE, 2000, 4),
        handoff(2 * PARTITION + 7, CARD, 3, 1, 4),
    )
    return empty_client


@pytest.mark.parametrize("asked", [CARD, JANE])
def test_a_person_is_found_by_each_of_its_identifiers(merged: Client, asked: str) -> None:
    person = person_of(merged, asked)
    assert person.persons == [JANE]
    assert [(one.identifier, one.type, one.events, one.persons) for one in person.identifiers] == [
        (JANE, "login", 1, [JANE]),
        (CARD, "loyalty", 1, [JANE]),
    ]
    assert not person.is_on_its_way
    assert [(one.cycle, one.touchpoints) for one in person.journeys] == [(1, 2)]


def test_a_merge_is_told_with_its_evidence_and_the_time_at_which_it_was_published(merged: Client) -> None:
    person = person_of(merged, CARD)
    (said,) = person.evidence
    assert (said.kind, said.source, said.event_id, said.time, said.state) == (
        "link",
        "shop",
        "i10",
        hour(3),
        "in force",
    )
    (change,) = person.changes
    assert (change.at, change.persons_before, change.persons) == (hour(5), [CARD], [JANE])
    (given,) = person.handoffs
    assert (given.identifier, given.number, given.from_partition, given.to_partition) == (CARD, 1, 2, 3)
    text = shown(person)
    assert f"loyalty {CARD[:11]}… belongs to person {JANE[:11]}…: 2 identifiers, 1 journey" in text
    for part in ("i10 of shop (identify)", "partition 2", "partition 3", "2026-03-01 11:00:00"):
        assert part in text


def test_an_unmerge_is_told_and_the_link_is_told_to_be_ended(merged: Client) -> None:
    write(merged, [link(11, CARD, JANE, 8, "unlink")])
    waiting = person_of(merged, JANE)
    assert waiting.is_on_its_way
    assert "a change is on its way" in shown(waiting)
    write(merged, moved([attached(2000, identifier=CARD, person=JANE)], CARD, 3000, 9))
    person = person_of(merged, CARD)
    assert person.persons == [CARD]
    assert [one.state.partition(":")[0] for one in person.evidence] == ["ended", "in force"]
    assert [change.persons for change in person.changes] == [[JANE], [CARD]]
    assert [one.identifier for one in person.identifiers] == [CARD]


def test_an_identifier_that_only_a_link_names_belongs_to_the_person_and_has_no_event(empty_client: Client) -> None:
    store(empty_client, event(1, JANE, JANE, 1), link(10, JANE, MAIL, 2))
    person = person_of(empty_client, MAIL)
    assert person.persons == [JANE]
    assert [(one.identifier, one.events, one.belongs_to) for one in person.identifiers] == [
        (JANE, 1, JANE),
        (MAIL, 0, JANE),
    ]
    assert "nobody yet: no touchpoint or answer" in shown(person)


def test_a_device_of_one_login_is_that_person_and_one_of_two_is_shared_by_time(empty_client: Client) -> None:
    store(
        empty_client,
        event(1, TABLET, JANE, 1),
        event(2, TABLET, JANE, 3),
        event(3, TABLET, JOHN, 6),
        event(4, PHONE, JANE, 6),
        event(5, JANE, JANE, 7),
        event(6, JOHN, JOHN, 7),
        link(10, JANE, TABLET, 2),
        link(11, JOHN, TABLET, 5),
        link(12, JANE, PHONE, 5),
    )
    device = person_of(empty_client, TABLET)
    assert sorted(device.persons) == sorted([JANE, JOHN])
    (shared,) = device.shared
    assert [(one.since, one.person) for one in shared.holdings] == [(hour(2), JANE), (hour(5), JOHN)]
    assert shared.events == {JANE: 2, JOHN: 1}
    assert "is a shared device: its events belong to 2 persons" in shown(device)
    jane = person_of(empty_client, JANE)
    assert jane.persons == [JANE]
    assert [one.identifier for one in jane.identifiers] == [JANE, PHONE, TABLET]
    assert not jane.is_on_its_way
    assert [one.identifier for one in jane.shared] == [TABLET]
    assert f"person {JANE[:11]}…: 3 identifiers" in shown(jane)


def test_a_hub_is_named_and_its_links_are_told_to_count_for_nothing(empty_client: Client) -> None:
    register_hub_neighbours(empty_client, 2)
    crowd = [key("loyalty", f"88{number}1") for number in range(3)]
    store(
        empty_client,
        event(1, JANE, JANE, 1),
        *(link(10 + number, card, MAIL, 2) for number, card in enumerate(crowd)),
        link(20, JANE, MAIL, 3),
    )
    person = person_of(empty_client, JANE)
    assert [(one.identifier, one.neighbours) for one in person.hubs] == [(MAIL, 4)]
    assert {one.state for one in person.evidence} == {"counts for nothing: of a hub"}
    assert [one.identifier for one in person.identifiers] == [JANE]


def test_a_link_after_a_withdrawal_is_told_to_count_for_nothing_and_the_page_leads_by_the_others(
    empty_client: Client,
) -> None:
    register_sources(empty_client, {"web": Source(legal_basis="consent"), "shop": Source(legal_basis="contract")})
    jane = {"identifier": JANE, "identifier_type": TYPES[JANE]}
    named = {"consent_id": "g1", "purposes": "analytics,profiling"}
    rows = [
        *event(1, JANE, JANE, 1),
        *event(2, CARD, JANE, 1),
        *event(3, MAIL, MAIL, 1),
        *event(4, PHONE, JANE, 1),
        # Event i10 says that Jane has the card, i11 (after the withdrawal) the mail address, i12 of the shop the phone.
        received(10, "stored", 10, event_id="i10", source="web", event_time=hour(2), **jane, **named),
        received(11, "stored", 11, event_id="i11", source="web", event_time=hour(5), **jane, **named),
        received(12, "stored", 12, event_id="i12", event_time=hour(6), **jane),
        link(20, JANE, CARD, 2) | {"source": "web", "event_id": "i10"},
        link(21, JANE, MAIL, 5) | {"source": "web", "event_id": "i11"},
        link(22, JANE, PHONE, 6) | {"event_id": "i12"},
    ]
    nothing: Row = {"consent_id": "", "purposes": ""}
    store(empty_client, [nothing | row for row in rows])
    assert {one.state for one in person_of(empty_client, JANE).evidence} == {"in force"}
    said = {"event_type": "touchline.consent.v1", "action": "withdrawn", "about_time": hour(3), "purposes": "profiling"}
    statement = received(13, "stored", 13, event_id="i13", source="web", event_time=hour(9), **jane) | said
    write(empty_client, [statement | {"consent_id": "g1"}])
    person = person_of(empty_client, JANE)
    assert [(one.event_id, one.state) for one in person.evidence] == [
        ("i10", "in force"),
        ("i11", "counts for nothing: the consent to be linked was withdrawn"),
        ("i12", "in force"),
    ]
    assert {one.identifier for one in person.identifiers} == {JANE, CARD, PHONE}
    assert not person.is_on_its_way
    assert [one.identifier for one in person_of(empty_client, MAIL).identifiers] == [MAIL]


def test_a_household_joins_nobody_and_an_unlink_ends_links(empty_client: Client) -> None:
    store(
        empty_client,
        event(1, JANE, JANE, 1),
        event(2, JOHN, JOHN, 1),
        link(10, JANE, HOME, 2),
        link(11, JOHN, HOME, 2),
        link(12, JANE, CARD, 2),
        link(13, CARD, JANE, 4, "unlink"),
    )
    person = person_of(empty_client, JANE)
    assert person.persons == [JANE]
    assert [(one.kind, one.state.partition(":")[0]) for one in person.evidence] == [
        ("link", "joins nobody"), ("link", "ended"), ("unlink", "in force"),
    ]  # fmt: skip


def test_the_beginning_of_a_key_is_enough_and_an_unknown_one_is_nobody(merged: Client) -> None:
    assert keys_beginning_with(merged, CARD[:11]) == [CARD]
    assert len(keys_beginning_with(merged, "k1:")) == 2
    assert keys_beginning_with(merged, "k1:ffffffff") == []
    assert read_person(merged, MAIL) is None


def test_the_page_shows_no_whole_key_and_json_does(merged: Client) -> None:
    person = person_of(merged, CARD)
    told = json.loads(json.dumps(as_object(person), default=plain))
    assert told["persons"] == [JANE]
    assert {one["identifier"] for one in told["identifiers"]} == {JANE, CARD}
    assert JANE not in shown(person)


def test_the_command_takes_a_key_or_a_raw_identifier_and_never_prints_it(
    merged: Client,
    engine_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "person_key"
    file.write_text(f"k1:{'00' * 32}\n")
    for name, value in settings_environment(engine_settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOUCHLINE_PERSON_KEY_FILE", str(file))
    assert run(["person", CARD[:11], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["persons"] == [JANE]
    assert run(["person", "--loyalty", "47-11"]) == 0
    told = capsys.readouterr().out
    assert f"belongs to person {JANE[:11]}" in told
    assert "47-11" not in told
    assert run(["person", "--login", "somebody-else"]) == 1
    assert "no event names this identifier" in capsys.readouterr().out
