"""What persons said about consent, and how many events came with a grant, as readers see it: on ledgers of rows by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from clickhouse_driver import Client
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.rows import (
    DEFAULTS,
    NEVER,
    NOON,
    Row,
    attached,
    choose_default_map,
    received,
    retraction,
    write,
)
from touchline.report.read import read_withheld

LOGIN, CARD, PHONE, MAIL = "k1:login", "k1:card", "k1:phone", "k1:mail"
NOTHING: Row = {"consent_id": "", "purposes": "", "properties": {}}


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def said(row_id: int, identifier: str, hour: float, state: str, purposes: str, **values: object) -> Row:
    """A statement that is made at that hour and holds from then on."""
    stated = {"event_type": "touchline.consent.v1", "action": state, "purposes": purposes, "consent_id": "c1"}
    times = {"event_time": at(hour), "about_time": at(hour)}
    return NOTHING | received(row_id, "stored", row_id, identifier=identifier, **stated, **times) | values


def stored(client: Client, *rows: Row) -> None:
    choose_default_map(client)
    write(client, [NOTHING | row for row in rows])


def states(client: Client, person: str = LOGIN) -> list[tuple[object, ...]]:
    """(purpose, state, from hour, until hour)"""
    found = client.execute(
        "SELECT purpose, state, valid_from, valid_until FROM journey.consents WHERE person = %(person)s ORDER BY ALL",
        {"person": person},
    )

    def hour(moment: datetime | None) -> float | None:
        return None if moment is None else (moment.replace(tzinfo=UTC) - NOON) / timedelta(hours=1)

    return [(purpose, state, hour(first), hour(until)) for purpose, state, first, until in found]


def test_each_purpose_has_its_states_over_time(empty_client: Client) -> None:
    stored(
        empty_client,
        said(1, LOGIN, 1, "granted", "analytics,contact_me", properties={"version": "2026-02"}),
        said(2, LOGIN, 3, "withdrawn", "contact_me"),
        said(3, LOGIN, 9, "withdrawn", "analytics", about_time=at(2), is_simulated=1),
        said(4, LOGIN, 5, "granted", "analytics", consent_id="c2"),
    )
    assert states(empty_client) == [
        ("analytics", "granted", 1, 2),
        ("analytics", "granted", 5, None),
        ("analytics", "withdrawn", 2, 5),
        ("contact_me", "granted", 1, 3),
        ("contact_me", "withdrawn", 3, None),
    ]
    columns = "consent_id, version, identifier, source, event_id, stated_at, is_simulated"
    as_of = "valid_from <= %(at)s AND (valid_until IS NULL OR valid_until > %(at)s) AND purpose = 'analytics'"
    for hour, wanted in [
        (1, ("c1", "2026-02", LOGIN, "shop", "e1", at(1), 0)),
        (4, ("c1", None, LOGIN, "shop", "e3", at(9), 1)),
        (5, ("c2", None, LOGIN, "shop", "e4", at(5), 0)),
    ]:
        asked = f"SELECT {columns} FROM journey.consents WHERE {as_of}"
        assert empty_client.execute(asked, {"at": at(hour)}) == [wanted]


def test_at_the_same_time_the_withdrawal_wins(empty_client: Client) -> None:
    stored(
        empty_client,
        said(1, LOGIN, 1, "withdrawn", "analytics"),
        said(2, LOGIN, 1, "granted", "analytics", consent_id="c2"),
    )
    assert states(empty_client) == [("analytics", "withdrawn", 1, None)]


def test_what_was_taken_back_or_names_nobody_says_nothing(empty_client: Client) -> None:
    gone = said(1, LOGIN, 1, "withdrawn", "analytics")
    stored(empty_client, gone, retraction(gone), said(2, "", 1, "withdrawn", "analytics"))
    assert empty_client.execute("SELECT * FROM journey.consents") == []


@pytest.mark.parametrize("is_stated", [True, False])
def test_without_purposes_a_withdrawal_is_of_all_that_its_grant_named(is_stated: bool, empty_client: Client) -> None:
    named = (
        said(1, LOGIN, 0, "granted", "ads,analytics")
        if is_stated
        else received(1, "stored", 1, consent_id="c1", purposes="ads,analytics")
    )
    stored(
        empty_client,
        named,
        said(2, LOGIN, 5, "withdrawn", ""),
        received(3, "stored", 3, consent_id="c2", purposes="other"),
        said(4, LOGIN, 5, "withdrawn", "", consent_id="nobody knows"),
    )
    found = [row for row in states(empty_client) if row[1] == "withdrawn"]
    assert found == [("ads", "withdrawn", 5, None), ("analytics", "withdrawn", 5, None)]


def test_what_is_said_under_any_identifier_is_the_persons(empty_client: Client) -> None:
    stored(
        empty_client,
        attached(11, identifier=LOGIN, person=LOGIN),
        attached(12, identifier=CARD, person=LOGIN),
        said(1, CARD, 1, "granted", "analytics"),
        said(2, LOGIN, 2, "withdrawn", "analytics"),
    )
    assert states(empty_client) == [("analytics", "granted", 1, 2), ("analytics", "withdrawn", 2, None)]


def test_an_identifier_without_events_is_of_the_person_with_whom_it_is_linked(empty_client: Client) -> None:
    ends = {
        "identifier": MAIL,
        "linked_identifier": CARD,
        "identifier_type": "mail",
        "linked_identifier_type": "loyalty",
    }
    link = DEFAULTS | {"kind": "link", "row_id": 20, "event_id": "i1"} | ends
    stored(empty_client, attached(11, identifier=CARD, person=LOGIN), link, said(1, MAIL, 1, "withdrawn", "contact_me"))
    assert states(empty_client) == [("contact_me", "withdrawn", 1, None)]
    unlink = link | {"kind": "unlink", "row_id": 21, "event_time": at(9)}
    stored(empty_client, unlink)
    assert (states(empty_client), states(empty_client, MAIL)) == ([], [("contact_me", "withdrawn", 1, None)])


def test_what_is_said_on_a_shared_device_is_of_whoever_has_it_at_that_time(empty_client: Client) -> None:
    stored(
        empty_client,
        *(attached(10 + hour, identifier=PHONE, person=person, event_time=at(hour))
          for hour, person in [(1, LOGIN), (3, CARD), (5, LOGIN)]),
        said(1, PHONE, 0, "granted", "a"),
        said(2, PHONE, 4, "granted", "b"),
        said(3, PHONE, 6, "granted", "c"),
    )  # fmt: skip
    assert [row[0] for row in states(empty_client)] == ["a", "c"]
    assert [row[0] for row in states(empty_client, CARD)] == ["b"]


def test_the_rate_of_consent_has_its_n_and_interval_by_source_and_day(empty_client: Client) -> None:
    grant = {"consent_id": "c1", "purposes": "analytics"}
    kept = [received(number, "stored", number, source="web", **grant, received_time=NOON) for number in range(1, 8)]
    moved = received(20, "stored", 20, source="web", **grant, received_time=NOON)
    refused = [
        received(30 + number, "suppressed", 30 + number, source="web", reason="no_consent") for number in (1, 2, 3)
    ]
    others = [
        received(40, "stored", 40, source="web", **grant, received_time=at(24), is_simulated=1),
        received(41, "stored", 41, source="shop"),
        received(42, "quarantined", 42, source="web", reason="wrong_type"),
        said(43, LOGIN, 1, "granted", "analytics", source="web"),
    ]
    stored(empty_client, *kept, moved, retraction(moved), *refused, *others)
    first, second = empty_client.execute("SELECT * FROM journey.consent_rate ORDER BY received_on")
    assert first[:6] == ("web", date(2026, 3, 1), 7, 10, 0, 0.7)
    assert first[6:8] == pytest.approx(proportion_confint(7, 10, method="wilson"))
    assert (first[8:], second[:6], second[9]) == (("wilson", 0), ("web", date(2026, 3, 2), 1, 1, 0, 1.0), 1)


def erased(row: Row, row_id: int) -> list[Row]:
    """What workers write when a record ends, and what blanking leaves of it."""
    blank = {"identifier": "", "consent_id": "", "event_id": f"erased:{row_id}"}
    bare = {"purposes": "", "received_time": NEVER, "event_type": row["event_type"]}
    return [retraction(row) | blank, received(row_id, "erased", int(str(row["offset"])), source="web", **bare) | blank]


@pytest.mark.parametrize(("ended", "rate"), [(0, 150 / 200), (2, 148 / 198), (3, None), (140, None), (150, None)])
def test_a_rate_of_what_is_left_of_a_day_by_chance_is_not_shown(
    ended: int, rate: float | None, empty_client: Client
) -> None:
    grant = {"consent_id": "c1", "purposes": "analytics", "source": "web", "received_time": NOON}
    kept = [received(number, "stored", number, **grant) for number in range(1, 151)]
    refused = [received(number, "suppressed", number, source="web", reason="no_consent") for number in range(200, 250)]
    gone = [one for number, row in enumerate(kept[:ended], 300) for one in erased(row, number)]
    stored(empty_client, *({**row, "consent_id": "c1" if place >= ended else ""} for place, row in enumerate(kept)))
    stored(empty_client, *refused, *gone)
    (found,) = empty_client.execute(
        "SELECT n_granted, n, n_ended, consent_rate, ci_low, ci_high FROM journey.consent_rate"
    )
    assert found[:3] == (150 - ended, 200 - ended, ended)
    assert found[3] == (None if rate is None else pytest.approx(rate))
    assert [one is None for one in found[3:]] == [rate is None] * 3


def test_a_day_of_which_all_that_had_a_grant_was_anonymised_still_has_its_rate(empty_client: Client) -> None:
    nobodys = {"purposes": "analytics", "source": "web", "received_time": NOON, "identifier": "", "consent_id": ""}
    kept = [received(number, "stored", number, **nobodys, event_id=f"erased:{number}") for number in (1, 2, 3)]
    stored(empty_client, *kept, received(9, "suppressed", 9, source="web", reason="no_consent"))
    assert empty_client.execute("SELECT n_granted, n, n_ended, consent_rate FROM journey.consent_rate") == [
        (3, 4, 0, 0.75)
    ]


def test_the_report_counts_by_source_what_is_withheld_as_of_now(empty_client: Client) -> None:
    def visit(number: int, hour: float, source: str, purposes: str = "analytics") -> Row:
        given = {
            "source": source,
            "event_time": at(hour),
            "identifier": LOGIN,
            "purposes": purposes,
            "consent_id": "c1",
        }
        return received(number, "stored", number, event_id=f"v{number}", **given)

    def shown(row: Row, row_id: int) -> Row:
        of_event = {name: row[name] for name in ("source", "event_id", "event_time", "identifier")}
        return attached(row_id, person=LOGIN, **of_event)

    before, after, again, other = visit(1, 1, "web"), visit(2, 3, "web"), visit(3, 4, "web"), visit(4, 5, "app")
    receipt = visit(5, 6, "till", "")
    stored(empty_client, before, shown(before, 101), receipt, shown(receipt, 105))
    assert read_withheld(empty_client) == [], "nobody has withdrawn"
    held = [shown(one, 100 + place) for place, one in enumerate((after, again, other), 10)]
    stored(empty_client, after, again, other, *held, said(50, LOGIN, 2, "withdrawn", "analytics"))
    assert read_withheld(empty_client) == [], "until workers have followed it counts"
    stored(empty_client, *map(retraction, held))
    assert read_withheld(empty_client) == [("web", 2), ("app", 1)]
