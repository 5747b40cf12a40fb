"""What the surveys read of a person, on ledgers of rows by hand: events, asks and consents under all identifiers."""

from __future__ import annotations

from clickhouse_driver import Client

from tests.contract.sql.rows import (
    DEFAULTS,
    NOON,
    Row,
    attached,
    choose_default_map,
    hours,
    received,
    retraction,
    write,
)
from touchline.person.evidence import time_us
from touchline.schemas.times import US_PER_HOUR, format_time
from touchline.surveys.asked import Asked
from touchline.surveys.asks import Ask, StoredAsk, answer_event
from touchline.surveys.decide import ConsentState, state_of
from touchline.surveys.server.ledger_facts import NOBODY, Found, Wanted, read_ask, read_facts, which_stand

LOGIN, CARD, MAIL, OTHER = (f"k1:{letter * 64}" for letter in "abcd")
NOON_US = time_us(NOON)
VISIT = Wanted("store_visit")
NOW_US = NOON_US + 9 * US_PER_HOUR
MORE: Row = {
    "properties": {},
    "consent_id": "",
    "purposes": "",
    "provenance": "",
    "question_version": "",
    "language": "",
    "sampling_probability": 0.0,
}
ASK = Ask(
    *("0123456789abcdef" * 2, "nps_here", "1", "de", "nps", "standard", "transactional", 0, 10, (("loyalty", CARD),)),
    *("store_visit", "shop", "e11", "after_the_till", 3, 0.25, NOON_US, NOON_US + 72 * US_PER_HOUR),
    place="store-7",
)
LINK: Row = DEFAULTS | {
    "kind": "link",
    "row_id": 90,
    "event_id": "i1",
    "identifier": LOGIN,
    "linked_identifier": CARD,
    "identifier_type": "login",
    "linked_identifier_type": "loyalty",
}


def stored(client: Client, *rows: Row) -> None:
    choose_default_map(client)
    write(client, [MORE | row for row in rows])


def visit(row_id: int, key: str, hour: float, **values: object) -> list[Row]:
    """A touchpoint event as it was received and attached."""
    at = {"event_time": NOON + hours(hour), "identifier": key, "event_id": f"e{row_id}"}
    kind = "loyalty" if key == CARD else "login"
    rows = attached(row_id, person=LOGIN, cycle=1, **at) | values
    return [received(row_id + 500, "stored", row_id, identifier_type=kind, **at), rows]


def ask_row(row_id: int, stored_ask: StoredAsk, key: str = CARD, **said: object) -> Row:
    """An ask as the worker would keep its event."""
    event = answer_event(stored_ask.ask, stored_ask.disposition, stored_ask.time_us, "surveys")
    properties = {name: str(value) for name, value in {**event["properties"], **said}.items()}
    columns = (
        "survey",
        "question",
        "question_version",
        "language",
        "kpi",
        "variant",
        "scope",
        "scale_min",
        "scale_max",
    )
    return received(
        row_id, "stored", row_id, event_type=event["type"], source="surveys", properties=properties, identifier=key,
        identifier_type="loyalty", touchpoint="store_visit", about_source="shop", about_event_id="e11", place="store-7",
        sampling_probability=event["sampling_probability"], disposition=stored_ask.disposition,
        **{name: event[name] for name in columns},
    ) | {"event_id": stored_ask.ask.id, "event_time": NOON + hours((stored_ask.time_us - NOON_US) / US_PER_HOUR)}  # fmt: skip


def said(row_id: int, key: str, hour: float, state: str, purposes: str, **values: object) -> Row:
    times = {"event_time": NOON + hours(hour), "about_time": NOON + hours(hour)}
    stated = {"event_type": "touchline.consent.v1", "action": state, "purposes": purposes, "consent_id": "c1"}
    return received(row_id, "stored", row_id, identifier=key, identifier_type="loyalty", **stated, **times) | values


def found(client: Client, key: str = CARD, wanted: Wanted = VISIT) -> Found:
    return read_facts(client, [key], wanted, NOW_US)


def test_the_newest_events_come_first_with_who_is_named_and_where_they_stand_in_the_journey(
    empty_client: Client,
) -> None:
    stored(
        empty_client,
        *visit(11, CARD, 0, segment="loyal", place="store-7"),
        *visit(12, LOGIN, 1, is_conversion=1, stage="purchase"),
        *visit(13, CARD, 2),
        *visit(14, CARD, 3, cycle=2),
        *visit(15, CARD, 4, touchpoint="elsewhere"),
        *visit(16, CARD, 5, provenance="declared"),
        *visit(17, OTHER, 6, person=OTHER),
        LINK,
    )
    events = found(empty_client).events
    assert [(one.event_id, one.has_converted, one.is_conversion) for one in events] == [
        ("e14", False, False),
        ("e13", True, False),
        ("e12", False, True),
        ("e11", False, False),
    ]
    assert [one.persons for one in events[1:3]] == [(("loyalty", CARD),), (("login", LOGIN),)]
    assert (events[3].segment, events[3].place, events[3].time_us) == ("loyal", "store-7", NOON_US)
    (named,) = found(empty_client, wanted=Wanted(source="shop", event_id="e15")).events
    assert named.touchpoint == "elsewhere"


def test_nobody_knows_a_key_that_no_event_names(empty_client: Client) -> None:
    stored(empty_client, *visit(11, CARD, 0))
    assert found(empty_client, MAIL) == NOBODY
    assert found(empty_client, CARD, Wanted("moon")).events == []


def test_asks_under_any_identifier_of_the_person_count_whatever_tool_asked(empty_client: Client) -> None:
    gone = ask_row(22, StoredAsk(ASK._replace(id="f" * 32), "shown", NOON_US))
    by_a_tool = received(
        23, "stored", 23, event_type="touchline.answer.v1", source="survey-tool", identifier=LOGIN, kpi="csat",
        identifier_type="login", disposition="complete", question="content",
    )  # fmt: skip
    stored(
        empty_client,
        *visit(11, CARD, 0),
        *visit(12, LOGIN, 0),
        LINK,
        ask_row(21, StoredAsk(ASK, "sampled", NOON_US + US_PER_HOUR)),
        gone,
        retraction(gone),
        by_a_tool,
    )
    for key in (CARD, LOGIN):
        asks = sorted(found(empty_client, key).person.asks)
        assert [(one.source, one.disposition, one.kpi) for one in asks] == [
            ("survey-tool", "complete", "csat"),
            ("surveys", "sampled", "nps"),
        ]
        assert (asks[1].time_us, asks[1].expires_us) == (NOON_US + US_PER_HOUR, ASK.expires_us)


def test_an_expired_ask_is_read_with_how_far_it_had_come(empty_client: Client) -> None:
    expired = StoredAsk(ASK, "expired", ASK.expires_us)
    moment = format_time(NOON_US + US_PER_HOUR)
    stored(empty_client, *visit(11, CARD, 0), ask_row(21, expired, reached="shown", reached_at=moment))
    (one,) = found(empty_client).person.asks
    assert isinstance(one, Asked)
    assert one.reached_at_us("shown") == NOON_US + US_PER_HOUR
    assert one.reached_at_us("answered") is None


def test_consents_are_those_that_the_view_shows(empty_client: Client) -> None:
    stored(
        empty_client,
        *visit(11, CARD, 0),
        *visit(12, LOGIN, 0),
        LINK,
        said(31, CARD, 1, "granted", "contact_me,analytics"),
        said(32, LOGIN, 3, "withdrawn", ""),
        said(33, LOGIN, 5, "granted", "contact_me", consent_id="c2"),
        said(34, OTHER, 6, "withdrawn", "contact_me"),
    )
    consents = found(empty_client).person.consents
    in_view = empty_client.execute(
        "SELECT purpose, state = 'granted', valid_from, valid_until FROM journey.consents WHERE person = %(person)s",
        {"person": LOGIN},
    )
    assert {*consents} == {
        ConsentState(purpose, bool(is_granted), time_us(first), None if until is None else time_us(until))
        for purpose, is_granted, first, until in in_view
    }
    states = [state_of(consents, "contact_me", NOON_US + hour * US_PER_HOUR) for hour in (0, 1, 3, 5)]
    assert states == ["unknown", "granted", "withdrawn", "granted"]


def test_an_ask_is_read_as_it_was_written(empty_client: Client) -> None:
    shown = StoredAsk(ASK, "shown", NOON_US + US_PER_HOUR)
    stored(empty_client, ask_row(21, shown))
    assert read_ask(empty_client, "surveys", ASK.id) == shown
    assert read_ask(empty_client, "shop", ASK.id) is None
    assert which_stand(empty_client, "surveys", [ASK.id, "f" * 32]) == [(ASK.id, "shown")]
    assert which_stand(empty_client, "surveys", []) == []


def test_of_a_shared_device_the_person_of_the_event_is_asked_and_by_that_persons_own_word(
    empty_client: Client,
) -> None:
    tablet = f"k1:{'e' * 64}"

    def login(row_id: int, person: str, hour: float) -> Row:
        ends = {"identifier": tablet, "identifier_type": "device", "linked_identifier": person}
        more = {"linked_identifier_type": "login", "event_time": NOON + hours(hour), "event_id": f"i{row_id}"}
        return DEFAULTS | {"kind": "link", "row_id": row_id} | ends | more

    stored(
        empty_client,
        *visit(11, LOGIN, 0),
        *visit(12, OTHER, 0, person=OTHER),
        login(91, LOGIN, 0),
        login(92, OTHER, 4),
        *visit(13, tablet, 1),
        *visit(14, tablet, 5, person=OTHER),
        said(31, tablet, 1, "granted", "contact_me"),
        said(32, OTHER, 5, "granted", "analytics"),
    )
    events = {key: [one.event_id for one in found(empty_client, key).events] for key in (LOGIN, OTHER, tablet)}
    assert events == {LOGIN: ["e13", "e11"], OTHER: ["e14", "e12"], tablet: ["e14", "e12"]}
    consents = {
        key: {one.purpose for one in found(empty_client, key).person.consents} for key in (LOGIN, OTHER, tablet)
    }
    assert consents == {LOGIN: set(), OTHER: {"analytics"}, tablet: {"analytics"}}
