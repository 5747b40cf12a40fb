"""Snowplow's trackers: their requests, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest

from tests.support.captured import asked, captured, events, hashes, labelled, parsed, said_to
from touchline.producers.collector.vendors.front import PIXEL
from touchline.producers.collector.vendors.snowplow import Snowplow

REQUESTS = captured("snowplow")
PYTHON, BROWSER = "snowplow-tracker", "@snowplow/browser-tracker"
WHO = [{"type": "login", "value": "u1"}, {"type": "anonymous", "value": "anon-1"}]


@pytest.mark.parametrize(
    ("label", "touchpoint", "action", "who"),
    [
        ("page view", "web_page", "view", None),
        ("page view with subject", "web_page", "view", WHO),
        ("struct", "add", "", WHO),
        ("self describing", "order", "", None),
        ("self describing NaN", "order", "", None),
        ("not base64", "order", "", None),
        ("screen view", "app_screen", "view", None),
        ("GET page view", "web_page", "view", WHO),
        ("GET self describing", "order", "", None),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, touchpoint: str, action: str, who: list[dict[str, str]] | None
) -> None:
    (request,) = labelled(REQUESTS, label, PYTHON)
    (event,) = events(Snowplow(), request)
    assert (event["touchpoint"], event["action"], event.get("identifiers")) == (touchpoint, action, who)


def test_a_browser_says_who_it_is_once_somebody_is_known() -> None:
    found = [event for one in REQUESTS if one.sdk == BROWSER for event in events(Snowplow(), one)]
    assert [event["touchpoint"] for event in found] == ["web_page", "add", "web_page", "order", "leave"]
    kinds = [[one["type"] for one in event["identifiers"]] for event in found]
    assert kinds == [["anonymous"]] * 2 + [["login", "anonymous"]] * 3


def test_a_call_that_comes_again_is_the_same_event_though_it_says_anew_when_it_was_sent() -> None:
    again = [one._replace(received_us=one.received_us + 9_000_000) for one in REQUESTS]
    found = hashes(Snowplow(), [*REQUESTS, *again])
    assert {name for name, all_hashes in found.items() if len(all_hashes) > 1} == set()
    late = {"e": "pv", "eid": "1", "dtm": "1772532900000", "stm": "1772532901000"}
    first, second = (
        read([{**late, "stm": stm}], received=at)[0]["time"]
        for stm, at in (("1772532900000", "2026-03-03T10:15:01Z"), ("1772536500000", "2026-03-03T11:15:02Z"))
    )
    assert first == second == "2026-03-03T10:15:00.000000Z"


def test_events_are_in_order_by_their_own_times() -> None:
    found = {
        event["id"]: event
        for one in labelled(REQUESTS, "order: A fails, B C D follow")
        for event in events(Snowplow(), one)
    }
    assert [event["touchpoint"] for event in sorted(found.values(), key=lambda event: event["time"])] == [
        "a",
        "b",
        "c",
        "d",
    ]


def test_a_true_time_is_believed_and_the_time_of_a_device_corrected_by_its_clock() -> None:
    said = {"e": "pv", "eid": "1", "stm": "1772532900000"}  # an hour behind
    device, true = read(
        [{**said, "dtm": "1772532900000"}, {**said, "ttm": "1772532900000"}], received="2026-03-03T11:15:00Z"
    )
    assert (device["time"], true["time"]) == ("2026-03-03T11:15:00.000000Z", "2026-03-03T10:15:00.000000Z")


@pytest.mark.parametrize("label", ["true timestamp ms", "true timestamp seconds float"])
def test_a_true_time_is_in_milliseconds_or_seconds(label: str) -> None:
    (request,) = labelled(REQUESTS, label)
    assert events(Snowplow(), request)[0]["time"].startswith("2026-03-29T08:15:00")


def read(members: list[Any], **more: Any) -> list[dict[str, Any]]:
    return events(Snowplow(), asked(orjson.dumps({"schema": "iglu:", "data": members}), **more))


def test_self_describing_events_come_in_either_alphabet_of_base64_with_its_padding_or_without() -> None:
    said = {
        "schema": "iglu:u",
        "data": {"schema": "iglu:com.example/demo_booked/jsonschema/1-0-0", "data": {"q": "??>>"}},
    }
    text = base64.urlsafe_b64encode(orjson.dumps(said)).decode()
    plain = text.replace("-", "+").replace("_", "/")
    found = read(
        [{"e": "ue", "eid": str(number), "ue_px": one} for number, one in enumerate((text, text.rstrip("="), plain))]
    )
    assert [(event["touchpoint"], event["properties"]) for event in found] == [("demo_booked", {"q": "??>>"})] * 3


def test_a_transaction_is_an_order_with_what_was_paid() -> None:
    (event,) = read([{"e": "tr", "eid": "1", "tr_id": "o-1", "tr_tt": "199.9", "tr_cu": "EUR"}])
    assert event["order"] == {"id": "o-1", "kind": "purchase"}
    assert event["amount"] == {"amount_minor": 19_990, "currency": "EUR"}


@pytest.mark.parametrize(
    "member", [{"e": "dance"}, {"e": "ue"}, {"e": "ue", "ue_px": "%"}, {"e": "ue", "ue_pr": "[" * 99}, 1]
)
def test_what_cannot_be_read_costs_no_other(member: Any) -> None:
    request = asked(orjson.dumps({"data": [member, {"e": "pv", "eid": "1"}]}))
    assert [type(item).__name__ for item in parsed(Snowplow(), request).items] == ["BadItem", "Item"]


def test_the_write_key_stands_in_the_path() -> None:
    assert Snowplow().write_key_of({}, {"writeKey": "KEY"}) == "KEY"
    assert Snowplow().write_key_of({"Authorization": "Basic S0VZOg=="}, {}) is None


def test_a_get_is_answered_by_a_picture_and_a_post_by_an_object() -> None:
    (get,) = labelled(REQUESTS, "GET page view")
    assert said_to(Snowplow(), get.posted) == (200, PIXEL.body)
    assert PIXEL.body[:6] == b"GIF89a"
    status, body = said_to(Snowplow(), REQUESTS[0].posted)
    assert (status, json.loads(body)["success"]) == (200, True)
    status, body = said_to(Snowplow(), get.posted, 0, 0)
    assert (status, json.loads(body)["code"]) == (400, "refused")
