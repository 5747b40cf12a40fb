"""Visits of Matomo's Live API: each action of a visit is a touchpoint, an order is a purchase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.imports.exports.build import imported, money, persons
from touchline.errors import WrongUsage
from touchline.producers.imports.exports.matomo import action_rows
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows.open import open_rows

VISIT: dict[str, Any] = {
    "idSite": "7",
    "idVisit": "2581",
    "lastActionTimestamp": 1772357430,
    "visitorId": "a0b1c2d3e4f50617",
    "userId": "ada",
    "siteCurrency": "EUR",
    "deviceType": "Desktop",
    "countryCode": "de",
    "referrerName": "",
    "actionDetails": [
        {
            "type": "action",
            "url": "https://shop.example/a?x=1",
            "pageTitle": "A",
            "pageId": "11",
            "timestamp": 1772357405,
        },
        {"type": "goal", "goalName": "Newsletter", "goalId": 2, "timestamp": 1772357410},
        {"type": "goal", "goalName": "Newsletter", "goalId": 2, "timestamp": 1772357410},
        {"type": "ecommerceOrder", "orderId": "T-1", "revenue": "49.90", "timestamp": 1772357420},
        {"type": "ecommerceAbandonedCart", "revenue": "9.90", "timestamp": 1772357430},
    ],
}


def write(path: Path, *visits: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(visits)))
    return path


def test_actions_are_touchpoints_and_an_order_is_a_purchase(tmp_path: Path) -> None:
    events, verdicts, said = imported(write(tmp_path / "visits.json", VISIT), "matomo", times=2)
    assert (verdicts.rejected, said, bool(verdicts.contested)) == (0, [], False)
    assert {key: money(one) for key, one in events.items()} == {
        "2581/action/11-1772357405": (None, None, None, None),
        "2581/goal/2-1772357410": (None, None, None, None),
        "2581/goal/2-1772357410/2": (None, None, None, None),
        "ecommerceOrder/7/T-1": (4990, "EUR", "T-1", "purchase"),
        "2581/ecommerceAbandonedCart/1772357430": (None, None, None, None),
    }
    seen = events["2581/action/11-1772357405"]
    assert seen["time"] == "2026-03-01T09:30:05.000000Z"
    assert seen["persons"] == persons(login="ada", anonymous="a0b1c2d3e4f50617")
    assert seen["properties"] == {
        "page": "https://shop.example/a",
        "title": "A",
        "session": "2581",
        "device": "Desktop",
        "country": "de",
    }


def test_of_a_visit_that_logs_in_later_the_later_state_counts(tmp_path: Path) -> None:
    path = tmp_path / "visits.json"
    early = {**VISIT, "userId": None, "lastActionTimestamp": 1772357420, "actionDetails": VISIT["actionDetails"][:4]}
    before, after = (imported(write(path, one), "matomo").events for one in (early, VISIT))
    assert before.keys() < after.keys()
    assert {one["revision"] for one in before.values()} == {1772357420}
    assert {one["revision"] for one in after.values()} == {1772357430}


def test_an_order_is_known_by_its_number_whichever_visit_or_time_it_comes_with() -> None:
    other = {**VISIT, "idVisit": "2582", "actionDetails": [{**VISIT["actionDetails"][3], "timestamp": 1772357999}] * 2}
    assert [one["key"] for one in action_rows(other)] == ["ecommerceOrder/7/T-1"] * 2


def test_a_visit_without_a_visitor_is_nobodys(tmp_path: Path) -> None:
    events = imported(write(tmp_path / "visits.json", {**VISIT, "visitorId": False, "userId": None}), "matomo").events
    assert [one for one in events.values() if "persons" in one] == []


def test_another_file_and_an_answer_that_is_an_error_are_told(tmp_path: Path) -> None:
    path = tmp_path / "visits.json"
    path.write_text('{"result": "error", "message": "You can\'t access this resource"}')
    with pytest.raises(WrongUsage, match="it is no visit of the Live API: it has no idVisit"):
        open_rows(path, ready_mapping("matomo"))
