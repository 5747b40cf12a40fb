"""PostHog's SDKs: their requests, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest

from tests.support.captured import asked, captured, events, hashes, labelled, parsed, said_to
from touchline.producers.collector.vendors.posthog import PostHog
from touchline.schemas.times import parse_time

REQUESTS = captured("posthog")
PYTHON, BROWSER = "posthog", "posthog-js"
DEVICE = "01a22549-98f5-749f-b870-2dbf55d33c32"
LOGIN, ANONYMOUS = {"type": "login", "value": "u1"}, {"type": "anonymous", "value": DEVICE}
MAIL = {"type": "mail", "value": "a@example.com"}


@pytest.mark.parametrize(
    ("label", "touchpoint", "action", "who"),
    [
        ("capture user id only", "button_clicked", "", [LOGIN]),
        ("capture integer id", "button_clicked", "", [{"type": "login", "value": "42"}]),
        ("set", None, None, [LOGIN, MAIL]),
        ("set_once", "identify", "", [LOGIN]),
        ("group_identify", "group", "join", None),
        ("pageview", "web_page", "view", [LOGIN]),
        ("order completed", "purchase", "purchase", [LOGIN]),
        ("timestamp aware +02:00", "timed", "", [LOGIN]),
        ("odd values", "odd", "", [LOGIN]),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, touchpoint: str | None, action: str | None, who: list[dict[str, str]] | None
) -> None:
    (request,) = labelled(REQUESTS, label, PYTHON)
    (event,) = events(PostHog(), request)
    assert (event.get("touchpoint"), event.get("action"), event.get("identifiers")) == (touchpoint, action, who)


def test_a_browser_is_anonymous_until_somebody_is_identified_and_both_are_linked_then() -> None:
    found = [event for one in REQUESTS if one.sdk == BROWSER for event in events(PostHog(), one)]
    found.sort(key=lambda event: parse_time(event["time"]))
    assert [(event.get("touchpoint"), event["identifiers"]) for event in found] == [
        ("web_page", [ANONYMOUS]),
        ("button_clicked", [ANONYMOUS]),
        (None, [LOGIN, ANONYMOUS, MAIL]),
        ("purchase", [LOGIN, ANONYMOUS]),
        ("leaving", [LOGIN, ANONYMOUS]),
        ("pageleave", [LOGIN, ANONYMOUS]),
    ]


def test_nobody_is_a_login_where_no_person_was_given() -> None:
    (request,) = labelled(REQUESTS, "capture no distinct id")
    assert events(PostHog(), request)[0]["identifiers"][0]["type"] == "anonymous"


def test_a_call_that_comes_again_is_the_same_event_to_the_letter() -> None:
    found = hashes(PostHog(), [*REQUESTS, *(one._replace(received_us=one.received_us + 9_000_000) for one in REQUESTS)])
    assert {name for name, all_hashes in found.items() if len(all_hashes) > 1} == set()
    assert sum(one.label.startswith("answer") for one in REQUESTS) > len(
        {event["id"] for one in REQUESTS if one.label.startswith("answer") for event in events(PostHog(), one)}
    )


def test_an_alias_has_opposite_roles_in_python_and_elsewhere() -> None:
    (request,) = labelled(REQUESTS, "alias", PYTHON)
    node = {"event": "$create_alias", "distinct_id": "u1", "properties": {"distinct_id": "u1", "alias": "anon-1"}}
    for found in (events(PostHog(), request), read(batch=[node])):
        assert found[0]["type"] == "touchline.identify.v1"
        assert found[0]["identifiers"] == [LOGIN, *({"type": one, "value": "anon-1"} for one in ("anonymous", "login"))]


def test_of_a_page_its_path_and_its_campaign_are_kept_and_no_advertisers_id() -> None:
    fields = {"$current_url": "https://shop.example.com/p?utm_campaign=may&utm_source=mail&key=1", "gclid": "x", "a": 1}
    (event,) = read(batch=[{"event": "$pageview", "distinct_id": "u1", "properties": fields}])
    assert event["properties"] == {"page.path": "/p", "campaign.source": "mail", "a": 1}
    assert event["campaign"] == "may"


def test_an_order_has_its_id_and_what_was_paid() -> None:
    (request,) = labelled(REQUESTS, "order completed", PYTHON)
    (event,) = events(PostHog(), request)
    assert event["order"] == {"id": "o-1001", "kind": "purchase"}
    assert event["amount"] == {"amount_minor": 19_900, "currency": "EUR"}


def read(body: bytes = b"", **fields: Any) -> list[dict[str, Any]]:
    return events(PostHog(), asked(body or orjson.dumps(fields)))


ONE = b'{"event": "x", "distinct_id": "u1", "token": "KEY", "properties": {"nan": NaN, "n": 1}}'


@pytest.mark.parametrize(
    "body", [ONE, b"[" + ONE + b"]", b'{"api_key": "KEY", "batch": [' + ONE + b"]}", b"data=" + base64.b64encode(ONE)]
)
def test_an_event_comes_by_itself_in_a_list_in_a_batch_and_in_a_form_and_nan_costs_none(body: bytes) -> None:
    assert [event["properties"] for event in read(body)] == [{"n": 1}]
    assert parsed(PostHog(), asked(body)).write_key == "KEY"


def test_events_of_several_projects_keep_their_keys() -> None:
    own = [{"event": "x", "properties": {"token": key}} for key in ("A", "B", "A")]
    assert parsed(PostHog(), asked(orjson.dumps(own))).own_keys == ["A", "B", "A"]


def test_success_and_refusal_are_in_the_words_of_the_protocol() -> None:
    posted = REQUESTS[0].posted
    status, body = said_to(PostHog(), posted, 1, 1)
    assert (status, json.loads(body)["success"], json.loads(body)["rejected"]) == (200, True, 1)
    status, body = said_to(PostHog(), posted, 0, 0)
    assert (status, json.loads(body)["detail"]) == (400, "no call was taken: wrong_type time")
