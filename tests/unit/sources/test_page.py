"""A source on the terminal: what was understood, what was refused and why, and what may be wrong where nothing came."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from touchline.sources.missing import Way, missing
from touchline.sources.page import render_look
from touchline.sources.values import NOT_PLACED, UNMAPPED, CollectorRefused, CollectorSays, LastEvent, Look

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
STORED = LastEvent(
    "events/3/1042", AT, "stored", "", "", "", "touchline.touchpoint.v1", "receipt-1", AT.replace(hour=8), "store_purchase", "purchase",
    "loyalty", "k1:16eaacd3…", Decimal("1.9900"), "EUR", "purchase",
)  # fmt: skip
KEPT_OUT = STORED._replace(
    fate="quarantined", reason="wrong_type", field="time", remedy="mend it", stage="", stored_at=AT.replace(hour=10)
)
COLLECTOR = CollectorSays(
    "http://127.0.0.1:8787",
    (),
    1,
    [CollectorRefused(1, AT.replace(hour=7), "missing_field", "touchpoint", "", "give it a value")],
)
WAY = Way("shop", "sources.yaml", True, 1, COLLECTOR._replace(refused=0), "http://127.0.0.1:8787", 0, [])


def look(*events: LastEvent, **changes: Any) -> Look:
    return Look("shop", "contract", ["shop"], COLLECTOR, events, ())._replace(**changes)


def page(one: Look, *, is_first: bool = True) -> list[str]:
    console = Console(width=300, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(render_look(one, is_first=is_first))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_events_and_refusals_are_lines_by_time_below_how_the_source_is_set_up() -> None:
    assert page(look(STORED, KEPT_OUT)) == [
        "shop: legal basis contract; write keys shop; collector at http://127.0.0.1:8787",
        "07:30:00  refused      missing_field touchpoint: give it a value; its sender heard so, nothing is kept",
        "09:30:00  stored       touchpoint store_purchase, purchase; stage purchase; of loyalty k1:16eaacd3…; 1.99 EUR; "
        "id receipt-1; happened 2026-03-01 08:30:00 UTC",
        "10:30:00  quarantined  wrong_type time: mend it; id receipt-1; touchline quarantine show events/3/1042",
    ]
    assert len(page(look(STORED), is_first=False)) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": UNMAPPED}, "; unmapped; of loyalty"),
        ({"stage": NOT_PLACED}, "; not placed yet; of loyalty"),
        ({"person": ""}, "; of nobody; "),
        ({"event_type": "touchline.answer.v1", "action": ""}, "answer about store_purchase; "),
        (
            {"event_type": "touchline.identify.v1", "touchpoint": "", "action": "", "stage": ""},
            "  identify; of loyalty",
        ),
        ({"fate": "suppressed"}, "suppressed   for want of consent"),
        ({"amount": Decimal("20.0000")}, "; 20 EUR; "),
        ({"fate": "erased"}, "erased       with its person, or past its term; "),
        ({"event_id": "one\n10:00:00  stored"}, "; id one\N{REPLACEMENT CHARACTER}10:00:00  stored; "),
        ({"event_type": "later"}, "  later store_purchase, purchase; "),
    ],
)
def test_a_record_is_said_as_it_was_understood(changes: dict[str, Any], said: str) -> None:
    assert said in "\n".join(page(look(STORED._replace(**changes))))


def test_what_can_be_done_is_said_once_a_look() -> None:
    lines = page(
        look(STORED._replace(stage=UNMAPPED), STORED._replace(stage=UNMAPPED), STORED._replace(fate="suppressed"))
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in lines if line.startswith("hint")] == [
        "suppressed",
        "unmapped",
    ]


def test_where_nothing_came_the_page_says_what_may_be_wrong() -> None:
    lines = page(look(collector=None, legal_basis="", write_keys=[], missing=["one", "two"]))
    assert lines == [
        "shop: not declared; no write key; no collector answers",
        "no event of shop yet:",
        "  - one",
        "  - two",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["the way from the collector to the ledger is open"]),
        ({"is_declared": False, "alike": ["shop-1"]}, ["does not declare it: did you mean shop-1? Else touchline source add shop"]),
        ({"write_keys": 0}, ["touchline source key shop"]),
        ({"collector": None, "waiting": None}, ["no collector answers at http://127.0.0.1:8787", "Kafka does not answer"]),
        ({"collector": COLLECTOR._replace(stale=["sources"])}, ["cannot read its sources as they stand"]),
        ({"collector": COLLECTOR}, ["the collector refused 1 event of it"]),
        ({"waiting": 3}, ["3 records in Kafka that no worker has stored yet"]),
    ],
)  # fmt: skip
def test_the_first_cause_on_the_way_stands_first(changes: dict[str, Any], said: list[str]) -> None:
    found = missing(WAY._replace(**changes))
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))
