"""Matomo's tracking API: the requests of its tracker, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.support.captured import asked, captured, events, hashes, labelled, parsed, said_to
from touchline.producers.collector.vendors.front import PIXEL
from touchline.producers.collector.vendors.matomo import Matomo
from touchline.producers.collector.vendors.names import parse_names

REQUESTS = captured("matomo")
LOGIN = {"type": "login", "value": "u1"}


@pytest.mark.parametrize(
    ("label", "touchpoints", "who"),
    [
        ("track url", ["web_page"], None),
        ("track options", ["web_page"], [LOGIN, {"type": "anonymous", "value": "0123456789abcdef"}]),
        ("track ecommerce order", ["purchase"], [LOGIN]),
        ("track cvar as object", ["web_page"], None),
        ("bulk", ["web_page", "add"], [LOGIN]),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, touchpoints: list[str], who: list[dict[str, str]] | None
) -> None:
    (request,) = labelled(REQUESTS, label)
    found = events(Matomo(), request)
    assert [event["touchpoint"] for event in found] == touchpoints
    assert all(event.get("identifiers") == who for event in found)


def read(*members: Any) -> list[dict[str, Any]]:
    return events(Matomo(), asked(orjson.dumps({"requests": list(members)})))


@pytest.mark.parametrize(
    ("cdt", "time"),
    [
        ("2026-03-03 10:15:00", "2026-03-03 10:15:00Z"),
        ("2026-03-03T10:15:00.500Z", "2026-03-03T10:15:00.500Z"),
        ("2026-03-03T10:15:00+01:00", "2026-03-03T10:15:00+01:00"),
        ("1772532900", "2026-03-03T10:15:00.000000Z"),
        (None, "2026-03-03T12:00:00.000000Z"),
    ],
)
def test_a_time_is_utc_or_seconds_or_that_of_its_coming(cdt: str | None, time: str) -> None:
    (event,) = read(f"?{urlencode({'rec': 1, 'url': 'https://shop.example.com/', **({'cdt': cdt} if cdt else {})})}")
    assert event["time"] == time


def test_a_call_that_says_its_time_is_the_same_event_when_it_comes_again() -> None:
    timed = labelled(REQUESTS, "track options")
    found = hashes(Matomo(), [*timed, *(one._replace(received_us=one.received_us + 9_000_000) for one in timed)])
    assert [len(all_hashes) for all_hashes in found.values()] == [1]


@pytest.mark.parametrize(
    ("query", "touchpoint", "properties"),
    [
        ("e_c=Shop&e_a=Add&e_n=Shoe&e_v=1.5", "add", {"category": "Shop", "label": "Shoe", "value": 1.5}),
        ("search=shoe&search_cat=all&search_count=7", "search", {"query": "shoe", "category": "all", "results": 7}),
        ("idgoal=3&revenue=5", "goal_3", {"value": 5}),
        ("idgoal=0&revenue=12.5", "cart_update", {"total": 12.5}),
        ("download=https://x/a.pdf", "download", {}),
        ("link=https://x/", "link", {}),
        ("c_n=Banner&c_p=a.jpg&c_i=click", "click", {"content": "Banner", "piece": "a.jpg"}),
        ("url=https://x/p?a=1&dimension2=blue", "web_page", {"dimension2": "blue", "page.path": "/p"}),
    ],
)
def test_each_kind_of_call_has_its_touchpoint_and_its_properties(
    query: str, touchpoint: str, properties: dict[str, object]
) -> None:
    (event,) = read(f"?idsite=1&rec=1&{query}")
    assert (event["touchpoint"], event.get("properties", {})) == (touchpoint, properties)


def test_an_order_has_its_id_and_in_the_shops_currency_what_was_paid() -> None:
    (request,) = labelled(REQUESTS, "track ecommerce order")
    names = parse_names("events: {purchase: {touchpoint: purchase, order: purchase}}\ncurrency: EUR\n", "names.yaml")
    (item,) = parsed(Matomo(), request, names).items
    assert item[0]["order"] == {"id": "o-1001", "kind": "purchase"}  # type: ignore[index]
    assert item[0]["amount"] == {"amount_minor": 19_950, "currency": "EUR"}  # type: ignore[index]


def test_the_write_key_is_the_token_of_the_query_of_the_body_or_of_each_call() -> None:
    assert Matomo().write_key_of({}, {"token_auth": "KEY"}) == "KEY"
    assert Matomo().write_key_of({}, {"token_auth": "another", "writeKey": "KEY"}) == "KEY"
    bulk = {"requests": ["?rec=1", "?rec=1&token_auth=KEY"]}
    found = parsed(Matomo(), asked(orjson.dumps(bulk)))
    assert (found.write_key, found.own_keys) == ("KEY", ())
    assert parsed(Matomo(), asked(orjson.dumps({"requests": ["?rec=1"], "token_auth": "KEY"}))).write_key == "KEY"
    several = {"requests": ["?rec=1", "?rec=1&token_auth=A", "?rec=1&token_auth=B"]}
    assert parsed(Matomo(), asked(orjson.dumps(several))).own_keys == ["A", "A", "B"]


def test_a_call_comes_as_a_form_too_and_what_is_none_costs_no_other() -> None:
    (event,) = events(Matomo(), asked(b"idsite=1&rec=1&url=https%3A%2F%2Fx%2Fp&uid=u1"))
    assert event["identifiers"] == [LOGIN]
    items = parsed(Matomo(), asked(orjson.dumps({"requests": [1, "?rec=1&url=https://x/"]}))).items
    assert [type(item).__name__ for item in items] == ["BadItem", "Item"]


def test_answers_are_in_the_words_of_the_protocol() -> None:
    (bulk,) = labelled(REQUESTS, "bulk")
    status, body = said_to(Matomo(), bulk.posted, 1, 1)
    assert (status, {**json.loads(body), "status": "success", "tracked": 1, "invalid": 1}) == (
        200,
        json.loads(body),
    )
    assert said_to(Matomo(), REQUESTS[0].posted) == (200, PIXEL.body)
    assert said_to(Matomo(), asked(send_image="0").posted) == (204, b"")
    assert said_to(Matomo(), bulk.posted, 0, 0)[0] == 400
