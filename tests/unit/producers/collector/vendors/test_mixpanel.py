"""Mixpanel's SDKs: their requests, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.support.captured import asked, captured, events, hashes, labelled, parsed, said_to
from touchline.producers.collector.vendors.mixpanel import Mixpanel

REQUESTS = captured("mixpanel")
PYTHON, NODE = "mixpanel (PyPI)", "mixpanel (npm)"
LOGIN, DEVICE = {"type": "login", "value": "u1"}, {"type": "anonymous", "value": "d-1"}
MAIL = {"type": "mail", "value": "a@example.com"}
REFUSED = "people delete"


@pytest.mark.parametrize(
    ("label", "sdk", "touchpoint", "action", "who"),
    [
        ("track", PYTHON, "button_clicked", "", [LOGIN]),
        ("track", NODE, "button_clicked", "", [LOGIN]),
        ("integer id", PYTHON, "button_clicked", "", [{"type": "login", "value": "42"}]),
        ("verbose, integer id", NODE, "button_clicked", "", [{"type": "login", "value": "42"}]),
        ("device", PYTHON, "button_clicked", "", [DEVICE]),
        ("order completed", PYTHON, "purchase", "purchase", [LOGIN, DEVICE]),
        ("import with a secret", PYTHON, "timed", "", [LOGIN]),
        ("import", NODE, "timed", "", [LOGIN]),
        ("people set", PYTHON, None, None, [LOGIN, MAIL]),
        ("people set", NODE, None, None, [LOGIN, MAIL]),
        ("people set once", PYTHON, "identify", "", [LOGIN]),
        ("group set", PYTHON, "group", "join", None),
        ("group set", NODE, "group", "join", None),
        ("NaN", PYTHON, "odd", "", [LOGIN]),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, sdk: str, touchpoint: str | None, action: str | None, who: list[dict[str, str]] | None
) -> None:
    (request,) = labelled(REQUESTS, label, sdk)
    (event,) = events(Mixpanel(), request)
    assert (event.get("touchpoint"), event.get("action"), event.get("identifiers")) == (touchpoint, action, who)


def test_several_events_of_a_request_stay_in_order() -> None:
    for label in ("buffered, three", "batch of two"):
        (request,) = labelled(REQUESTS, label)
        found = events(Mixpanel(), request)
        assert [event["properties"]["i"] for event in found] == list(range(len(found)))


def test_seconds_and_milliseconds_are_told_apart() -> None:
    python, node = (labelled(REQUESTS, label)[0] for label in ("import with a secret", "import"))
    times = [events(Mixpanel(), one)[0]["time"] for one in (python, node)]
    assert times == ["2026-03-29T08:15:00.000000Z", "2026-03-29T08:15:00.123000Z"]


def test_a_call_that_comes_again_is_the_same_event_to_the_letter() -> None:
    requests = [one for one in REQUESTS if one.sdk == PYTHON and one.label not in (REFUSED, "merge")]
    again = [one._replace(received_us=one.received_us + 9_000_000) for one in requests]
    found = hashes(Mixpanel(), [*requests, *again])
    assert len(found) == len({event["id"] for one in requests for event in events(Mixpanel(), one)})
    assert {len(all_hashes) for all_hashes in found.values()} == {1}


def test_an_alias_and_a_merge_link_what_either_may_be() -> None:
    (alias,) = (event for one in labelled(REQUESTS, "alias") for event in events(Mixpanel(), one))
    (merge,) = (event for one in labelled(REQUESTS, "merge") for event in events(Mixpanel(), one))
    assert alias["type"] == merge["type"] == "touchline.identify.v1"
    assert LOGIN in alias["identifiers"]
    assert all({"type": one, "value": "anon-1"} in alias["identifiers"] for one in ("login", "anonymous"))
    assert {one["value"] for one in merge["identifiers"]} == {"anon-1", "u1"}


def test_that_a_person_is_to_be_deleted_is_no_call_and_is_told() -> None:
    (request,) = labelled(REQUESTS, REFUSED)
    assert [type(item).__name__ for item in parsed(Mixpanel(), request).items] == ["BadItem"]


def test_an_identified_device_is_linked_with_its_login() -> None:
    identify = {"event": "$identify", "properties": {"$identified_id": "u1", "$anon_id": "d-1", "token": "KEY"}}
    (event,) = read(identify)
    assert event["identifiers"] == [LOGIN, DEVICE]


def read(*members: Any) -> list[dict[str, Any]]:
    return events(Mixpanel(), asked(orjson.dumps(list(members))))


def test_what_the_library_adds_of_the_machine_is_not_kept() -> None:
    properties = {
        "token": "KEY",
        "distinct_id": "u1",
        "ip": "192.0.2.1",
        "$browser": "x",
        "mp_lib": "x",
        "$os": "Linux",
        "a": 1,
    }
    (event,) = read({"event": "x", "properties": properties})
    assert event["properties"] == {"os.name": "Linux", "a": 1}


def test_the_write_key_is_the_token_of_each_event_whatever_secret_is_sent_beside_it() -> None:
    assert {parsed(Mixpanel(), one).write_key for one in REQUESTS} == {"WRITEKEY"}
    own = [{"event": "x", "properties": {"token": key}} for key in ("A", "B")]
    assert parsed(Mixpanel(), asked(orjson.dumps(own))).own_keys == ["A", "B"]


def test_the_answer_is_an_object_or_where_no_words_are_wanted_a_digit() -> None:
    (track,) = labelled(REQUESTS, "track", NODE)
    assert said_to(Mixpanel(), track.posted) == (200, b"1")
    (verbose,) = labelled(REQUESTS, "verbose, integer id", NODE)
    for request in (verbose, *labelled(REQUESTS, "track", PYTHON)):
        status, body = said_to(Mixpanel(), request.posted)
        assert (status, json.loads(body)["status"]) == (200, 1)
    status, body = said_to(Mixpanel(), track.posted, 0, 0)
    assert (status, json.loads(body)["status"], json.loads(body)["error"]) == (
        400,
        0,
        "no call was taken: wrong_type time",
    )
