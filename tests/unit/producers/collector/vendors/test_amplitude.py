"""Amplitude's SDKs: their requests, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.support.captured import CONTENT_KEY, asked, captured, events, hashes, labelled, parsed, said_to
from touchline.producers.collector.vendors.amplitude import Amplitude
from touchline.producers.collector.vendors.front import VendorFront
from touchline.producers.collector.vendors.names import shipped_names
from touchline.service.problem import RequestRefused

REQUESTS = captured("amplitude")
PYTHON, BROWSER = "amplitude-analytics", "@amplitude/analytics-browser"
LOGIN, DEVICE = {"type": "login", "value": "u1"}, {"type": "anonymous", "value": "device-00001"}


@pytest.mark.parametrize(
    ("label", "touchpoint", "action", "who"),
    [
        ("track", "button_clicked", "", [LOGIN]),
        ("track device only", "button_clicked", "", [DEVICE]),
        ("time int ms", "timed", "", [LOGIN]),
        ("order completed", "purchase", "purchase", [LOGIN]),
        ("identify", None, None, [LOGIN, {"type": "mail", "value": "a@example.com"}]),
        ("set_group", "identify", "", [LOGIN]),
        ("revenue", "revenue_amount", "", [LOGIN]),
        ("props with nan and nested null", "odd", "", [LOGIN]),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, touchpoint: str | None, action: str | None, who: list[dict[str, str]]
) -> None:
    (request,) = labelled(REQUESTS, label, PYTHON)
    (event,) = events(Amplitude(), request)
    assert (event.get("touchpoint"), event.get("action"), event["identifiers"]) == (touchpoint, action, who)


def test_a_browser_has_its_device_beside_the_login() -> None:
    (event,) = (event for one in labelled(REQUESTS, "track", BROWSER) for event in events(Amplitude(), one))
    assert [one["type"] for one in event["identifiers"]] == ["login", "anonymous"]
    assert event["time"] == "2026-11-29T03:12:04.082000Z"


def test_a_batch_stays_in_order_and_nan_costs_none_of_it() -> None:
    (request,) = labelled(REQUESTS, "one batch of five")
    assert [event["properties"]["i"] for event in events(Amplitude(), request)] == list(range(5))
    (event,) = events(
        Amplitude(), asked(b'{"events": [{"event_type": "x", "event_properties": {"n": 1, "nan": NaN}}]}')
    )
    assert event["properties"] == {"n": 1}


def test_a_call_that_comes_again_is_the_same_event_to_the_letter() -> None:
    again = [one._replace(received_us=one.received_us + 9_000_000) for one in REQUESTS]
    found = hashes(Amplitude(), [*REQUESTS, *again])
    assert {name for name, all_hashes in found.items() if len(all_hashes) > 1} == set()


def test_a_sale_keeps_its_price_beside_the_properties() -> None:
    (event,) = events(Amplitude(), *labelled(REQUESTS, "price float"))
    assert event["properties"] == {"price": 199.0, "quantity": 2, "revenue": 398.0, "currency": "EUR"}
    (event,) = events(Amplitude(), *labelled(REQUESTS, "revenue"))
    assert event["properties"] == {"price": 19.9, "quantity": 2, "product_id": "p-1"}


def test_a_wrong_clock_is_corrected_by_when_the_request_was_sent() -> None:
    said = {"events": [{"event_type": "x", "time": 1772532900000}], "client_upload_time": "2026-03-03T10:15:01Z"}
    (event,) = events(Amplitude(), asked(orjson.dumps(said), received="2026-03-03T11:15:02Z"))
    assert event["time"] == "2026-03-03T11:15:00.000000Z"


def test_a_page_has_its_path() -> None:
    sent = {"[Amplitude] Page Path": "/p", "[Amplitude] Page URL": "https://x/p?mail=a", "utm_campaign": "may"}
    member = {"event_type": "[Amplitude] Page Viewed", "event_properties": sent}
    (event,) = events(Amplitude(), asked(orjson.dumps({"events": [member]})))
    assert (event["touchpoint"], event["properties"], event["campaign"]) == ("web_page", {"page.path": "/p"}, "may")


def test_the_write_key_is_the_api_key_and_a_body_of_another_form_is_refused() -> None:
    assert {parsed(Amplitude(), one).write_key for one in REQUESTS} == {"APIKEY"}
    for body in (b"[]", b'{"batch": []}'):
        with pytest.raises(RequestRefused):
            parsed(Amplitude(), asked(body))


def told(status: int) -> dict[str, Any]:
    reply = VendorFront(Amplitude(), shipped_names, CONTENT_KEY.id_of).refuse(RequestRefused(status, "what", "hint"))
    assert reply is not None
    return dict(json.loads(reply.body))


def test_the_code_stands_in_the_body_and_says_what_is_final() -> None:
    posted = REQUESTS[0].posted
    status, body = said_to(Amplitude(), posted, 4, 2)
    assert (status, json.loads(body)["code"], json.loads(body)["events_ingested"]) == (200, 200, 4)
    status, body = said_to(Amplitude(), posted, 0, 0, 1)
    assert (status, json.loads(body)["code"]) == (400, 400)
    assert json.loads(body)["events_with_invalid_fields"] == {"event": [0, 1]}
    assert told(401)["error"].startswith("Invalid API key: ")
    assert [told(status)["code"] for status in (401, 413, 429, 503)] == [400, 413, 429, 503]
