"""Requests by browser keys: listed origins, a rate for each address that is never kept, times by our clock."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.producers.collector.access import WriteKey
from touchline.producers.collector.browser_keys import BrowserTerms
from touchline.producers.collector.cors import Origins
from touchline.producers.collector.front import Item
from touchline.producers.collector.limits import BURST_SECONDS
from touchline.producers.collector.visitors import ITEMS_MAX, SLOTS, Visitors, address_of, on_our_clock
from touchline.schemas.times import parse_time
from touchline.service.problem import RequestRefused

SHOP = "https://shop.example"
ORIGINS = Origins([SHOP])
TAG = WriteKey("tag", frozenset(("web-shop",)), BrowserTerms(frozenset(("web_page",)), frozenset(("anonymous",))))
SERVER = WriteKey("server", frozenset(("web-shop",)))


def request(method: str = "POST", path: str = "/v1/events?key=tag.x", **headers: str) -> web.Request:
    return make_mocked_request(method, path, {name.replace("_", "-"): value for name, value in headers.items()})


def refusal(visitors: Visitors, key: WriteKey, one: web.Request) -> int | None:
    try:
        visitors.admit(key, one)
    except RequestRefused as refused:
        return refused.status
    return None


def test_a_browser_key_is_taken_of_listed_origins_only_and_where_no_page_sends() -> None:
    visitors = Visitors(ORIGINS, 1_000, 0, lambda: 0.0)
    for origin, status in (
        (SHOP, None),
        ("https://shop.example.evil", 403),
        ("null", 403),
        ("http://shop.example", 403),
    ):
        assert refusal(visitors, TAG, request(Origin=origin)) == status
    assert refusal(visitors, TAG, request()) is None


def test_a_key_of_servers_in_the_address_is_refused_before_somebody_copies_it() -> None:
    visitors = Visitors(ORIGINS, 1_000, 0, lambda: 0.0)
    assert refusal(visitors, SERVER, request(path="/v1/events?key=server.x")) == 403
    assert refusal(visitors, SERVER, request(path="/v1/events", Authorization="Bearer server.x")) is None
    assert refusal(visitors, SERVER, request(path="/v1/batch")) is None  # other protocols have it in the body
    assert refusal(visitors, SERVER, request(path="/v1/batch", Origin=SHOP)) == 403  # and a page must not


def test_a_picture_on_a_page_of_another_origin_sends_nothing() -> None:
    visitors = Visitors(ORIGINS, 1_000, 0, lambda: 0.0)
    for page, status in (("https://evil.example/x", 403), (f"{SHOP}/cart?x=1", None), (SHOP, None)):
        assert refusal(visitors, TAG, request("GET", "/matomo.php?rec=1", Referer=page)) == status


def test_a_page_sends_no_more_at_once_than_one_visitor_does() -> None:
    visitors = Visitors(ORIGINS, 1_000, 0, lambda: 0.0)
    visitors.spend(SERVER, request(), 5_000)
    visitors.spend(TAG, request(), ITEMS_MAX - 1)
    with pytest.raises(RequestRefused, match="at once"):
        visitors.spend(TAG, request(), ITEMS_MAX)


def test_each_address_has_a_rate_of_its_own_and_waits_where_it_is_spent() -> None:
    now = [0.0]
    visitors = Visitors(ORIGINS, 10, 1, lambda: now[0])
    busy, quiet = request(X_Forwarded_For="203.0.113.7"), request(X_Forwarded_For="198.51.100.9")
    assert refusal(visitors, TAG, busy) is None
    visitors.spend(TAG, busy, round(10 * BURST_SECONDS) + 9)
    assert refusal(visitors, TAG, busy) == 429
    assert refusal(visitors, TAG, quiet) is None
    now[0] += 2.0
    assert refusal(visitors, TAG, busy) is None


def test_many_addresses_take_bounded_memory_and_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SLOTS < 20_000
    monkeypatch.setattr("touchline.producers.collector.visitors.SLOTS", 8)
    visitors = Visitors(ORIGINS, 10, 1, lambda: 0.0)
    for number in range(40):
        visitors.admit(TAG, request(X_Forwarded_For=f"203.0.113.{number}"))
    assert set(visitors._rate._buckets) <= set(map(str, range(8)))
    assert "203.0.113" not in f"{vars(visitors)} {vars(visitors._rate)}"


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "seen"),
    [
        ("192.0.2.1", [], 0, "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.7"], 0, "192.0.2.1"),
        ("192.0.2.1", ["6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),
        ("192.0.2.1", ["6.6.6.6", "203.0.113.7, 198.51.100.1"], 2, "203.0.113.7"),
        ("192.0.2.1", ["203.0.113.7"], 2, "192.0.2.1"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_of_ours_has_seen(
    peer: str, forwarded: list[str], proxies: int, seen: str
) -> None:
    assert address_of(peer, forwarded, proxies) == address_of(seen, [], 0)


def test_of_ipv6_the_network_counts_and_what_is_no_address_is_one_all_the_same() -> None:
    assert address_of("2001:db8:1:2::3", [], 0) == address_of("2001:db8:1:2:ffff::1", [], 0)
    assert address_of("2001:db8:1:2::3", [], 0) != address_of("2001:db8:1:3::3", [], 0)
    assert address_of(None, ["_hidden"], 1) == b"_hidden"
    assert address_of(None, [], 0) == b""


def test_addresses_that_a_proxy_writes_as_ipv6_stay_apart() -> None:
    found = {address_of(None, [f"::ffff:{one}"], 1) for one in ("203.0.113.7", "198.51.100.9")}
    assert found == {address_of(None, [one], 1) for one in ("203.0.113.7", "198.51.100.9")}
    assert len(found) == 2


def test_a_preflight_names_the_origin_that_asks_and_never_a_wildcard() -> None:
    asked = request("OPTIONS", "/v1/t", Origin=SHOP, Access_Control_Request_Headers="authorization,x-retry-count")

    async def answer(one: web.Request) -> web.Response:
        response = await ORIGINS.preflight(one)
        await ORIGINS.mark(one, response)
        return response

    headers = asyncio.run(answer(asked)).headers
    assert headers["Access-Control-Allow-Origin"] == SHOP
    assert headers["Access-Control-Allow-Headers"] == "authorization,x-retry-count"
    assert (headers["Access-Control-Allow-Methods"], headers["Vary"]) == ("POST", "Origin")
    with pytest.raises(RequestRefused) as refused:
        asyncio.run(answer(request("OPTIONS", "/v1/t", Origin="https://other.example")))
    assert refused.value.status == 403


def test_an_answer_to_another_origin_says_nothing_that_opens_it() -> None:
    response = web.Response()
    asyncio.run(ORIGINS.mark(request(Origin="https://other.example"), response))
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_a_clock_that_is_wrong_is_corrected_by_whole_minutes_as_its_request_says() -> None:
    now_us = parse_time("2026-03-03T10:00:00Z")
    an_hour_ahead_ms = str(now_us // 1_000 + 3_600_000)
    items = [Item({"time": "2026-03-03T10:59:30.000Z"}), Item({"time": "noon"}), Item({})]
    list(on_our_clock(items, {"sent": an_hour_ahead_ms}, now_us))
    assert [one.event.get("time") for one in items] == ["2026-03-03T09:59:30.000000Z", "noon", None]
    for sent in ("", "soon", "9" * 40, str(now_us // 1_000)):
        right = [Item({"time": "2026-03-03T09:59:30.000Z"})]
        list(on_our_clock(right, {"sent": sent}, now_us))
        assert right[0].event["time"] == "2026-03-03T09:59:30.000Z"
