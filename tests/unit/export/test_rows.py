"""Rows of the ledger as records of one person: what is theirs, what is left out, what a zero means."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from touchline.export.rows import by_kind, is_own, record_of
from touchline.export.values import SOMEBODY_ELSE

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ME, MINE, TABLET, OTHER = "k1:me", "k1:mine", "k1:tablet", "k1:other"
OWN, SHARED, EVENTS = {ME, MINE, TABLET}, {TABLET}, {("shop", "e1")}


def row(kind: str = "received", /, **values: Any) -> dict[str, Any]:
    empty = {
        "identifier": "",
        "linked_identifier": "",
        "person": "",
        "source": "shop",
        "event_id": "e1",
        "event_time": NOON,
    }
    return {"kind": kind, "stream": "t/1/0", "stored_time": NOON, **empty, **values}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (row(identifier=MINE), True),
        (row(identifier=OTHER), False),
        (row(identifier=TABLET), True),
        (row(identifier=TABLET, event_id="e2"), False),
        (row("attached", identifier=TABLET, person=ME), True),
        (row("attached", identifier=TABLET, person=OTHER), False),
        (row("attached", identifier=MINE, person=OTHER), False),
        (row("link", identifier=MINE, linked_identifier=OTHER), True),
        (row("link", identifier=MINE, linked_identifier=TABLET), True),
        (row("link", identifier=OTHER, linked_identifier=TABLET), False),
        (row("unlink", identifier=TABLET, linked_identifier=TABLET), True),
        (row("claim", identifier=MINE), True),
        (row("away", identifier=OTHER), False),
    ],
)
def test_a_row_is_the_persons_where_it_stands_under_the_person(one: dict[str, Any], expected: bool) -> None:
    assert is_own(one, ME, OWN, SHARED, EVENTS) is expected


def test_what_holds_nothing_is_left_out_and_a_zero_that_was_given_stays() -> None:
    given = {
        "score": 0.0,
        "has_score": 1,
        "scale_min": 0,
        "scale_max": 10,
        "amount_minor": 0,
        "currency": "EUR",
        "currency_exponent": 2,
    }
    told = record_of(row(identifier=ME, offset=0, **given), OWN)
    assert {name: told[name] for name in (*given, "offset")} == {**given, "offset": 0}
    empty = {
        "score": 0.0,
        "has_score": 0,
        "scale_min": 0,
        "amount_minor": 0,
        "currency": "",
        "place": "",
        "properties": {},
    }
    times = {"about_time": NEVER, "local_date": date(1970, 1, 1)}
    told = record_of(row(identifier=ME, comment="sealed", payload="sealed", cipher_key_id="p1", **empty, **times), OWN)
    assert not {*empty, *times, "comment", "payload", "cipher_key_id"} & told.keys()


def test_the_other_end_of_a_link_is_told_where_it_is_the_persons_own() -> None:
    assert record_of(row("link", identifier=OTHER, linked_identifier=ME), OWN)["identifier"] == SOMEBODY_ELSE
    told = record_of(row("link", identifier=MINE, linked_identifier=ME), OWN)
    assert (told["identifier"], told["linked_identifier"]) == (MINE, ME)


def test_records_stand_by_kind_in_the_order_of_time() -> None:
    late, early = row(event_time=NOON, event_id="b"), row(event_time=datetime(2026, 1, 1, tzinfo=UTC), event_id="a")
    found = by_kind([late, row("link"), early])
    assert list(found) == ["received", "attached", "link"]
    assert [one["event_id"] for one in found["received"]] == ["a", "b"]
