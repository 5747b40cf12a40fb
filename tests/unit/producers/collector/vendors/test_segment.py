"""Segment's and RudderStack's SDKs: their requests, byte for byte, are the events that the calls meant."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import orjson
import pytest

from tests.support.captured import CONTENT_KEY, Captured, captured, events, parsed, record
from touchline.producers.collector.front import Item, ItemVerdict, Posted, RequestOutcome
from touchline.producers.collector.vendors.front import VendorFront
from touchline.producers.collector.vendors.names import shipped_names
from touchline.producers.collector.vendors.segment import Segment
from touchline.producers.content_key import ContentKey
from touchline.producers.errors import EventRejected
from touchline.schemas.canonical import payload_hash
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.times import format_time, parse_time
from touchline.service.problem import RequestRefused

REQUESTS = captured("segment")
PYTHON, NODE, NEXT, RUDDER = (
    "segment-analytics-python",
    "@segment/analytics-node",
    "@segment/analytics-next",
    "rudder-sdk-python",
)
LOGIN, ANONYMOUS = {"type": "login", "value": "u1"}, {"type": "anonymous", "value": "anon-1"}
MAIL = {"type": "mail", "value": "a@example.com"}
NAIVE = "timestamp string no zone"
"""A text that a program gave, and the library sent as it stands; a source may declare its zone."""
TOUCHPOINT, IDENTIFY = "touchline.touchpoint.v1", "touchline.identify.v1"


def of(label: str, sdk: str = "") -> list[Captured]:
    found = [one for one in REQUESTS if one.label == label and sdk in ("", one.sdk)]
    assert found, label
    return found


@pytest.mark.parametrize(
    ("label", "kind", "touchpoint", "action", "who"),
    [
        ("track user id only", TOUCHPOINT, "button_clicked", "", [LOGIN]),
        ("track anonymous only", TOUCHPOINT, "button_clicked", "", [ANONYMOUS]),
        ("track both ids", TOUCHPOINT, "account_page", "sign_up", [LOGIN, ANONYMOUS]),
        ("page", TOUCHPOINT, "web_page", "view", None),
        ("page anonymous no name", TOUCHPOINT, "web_page", "view", [ANONYMOUS]),
        ("screen", TOUCHPOINT, "app_screen", "view", None),
        ("group", TOUCHPOINT, "group", "join", None),
        ("identify with traits", IDENTIFY, None, None, [LOGIN, MAIL]),
        ("identify anonymous", IDENTIFY, None, None, [ANONYMOUS, MAIL]),
        ("track after identify", TOUCHPOINT, "purchase", "purchase", [LOGIN, ANONYMOUS]),
        ("track null user id with anonymous", TOUCHPOINT, "button_clicked", "", [ANONYMOUS]),
        ("track empty user id with anonymous", TOUCHPOINT, "button_clicked", "", [ANONYMOUS]),
    ],
)
def test_each_call_is_one_event_with_its_touchpoint_and_its_person(
    label: str, kind: str, touchpoint: str | None, action: str | None, who: list[dict[str, str]] | None
) -> None:
    for request in of(label):
        (event,) = events(Segment(), request)
        assert (event["type"], event.get("touchpoint"), event.get("action")) == (kind, touchpoint, action)
        assert who is None or event["identifiers"] == who


def test_no_call_of_any_library_is_refused_but_one_whose_time_nobody_can_know() -> None:
    for request in REQUESTS:
        for event in events(Segment(), request):
            if request.label == NAIVE:
                with pytest.raises(EventRejected, match="time"):
                    record(event, request.received_us)
            else:
                record(event, request.received_us)


def test_a_call_that_comes_again_is_the_same_event_to_the_letter() -> None:
    hashes: defaultdict[str, set[int]] = defaultdict(set)
    times: defaultdict[str, int] = defaultdict(int)
    for request in (one for one in REQUESTS if one.label != NAIVE):
        for event in events(Segment(), request):
            made = record(event, request.received_us)
            if made.event_id == "m-1":  # a program's own id, which several calls were given
                continue
            hashes[made.event_id].add(payload_hash(json.loads(made.value)))
            times[made.event_id] += 1
    assert sum(count > 1 for count in times.values()) >= 8
    assert {name for name, found in hashes.items() if len(found) > 1} == set()


def test_an_alias_links_the_new_login_with_what_the_former_id_may_have_been() -> None:
    for sdk in (PYTHON, NODE, RUDDER):
        for request in of("alias", sdk):
            (event,) = events(Segment(), request)
            assert event["type"] == IDENTIFY
            assert event["identifiers"] == [LOGIN, ANONYMOUS, {"type": "login", "value": "anon-1"}]


def test_an_order_has_its_id_and_what_was_paid() -> None:
    for request in of("order completed"):
        (event,) = events(Segment(), request)
        assert event["order"] == {"id": "o-1001", "kind": "purchase"}
        assert event["amount"] == {"amount_minor": 19_900, "currency": "EUR"}


def test_a_refund_is_money_that_goes_back() -> None:
    (event,) = said(
        {"type": "track", "event": "order_refunded", "properties": {"order_id": 7, "total": "19.9", "currency": "eur"}}
    )
    assert event["order"] == {"id": "7", "kind": "refund"}
    assert event["amount"] == {"amount_minor": -1_990, "currency": "EUR"}


def said(*calls: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """The events of a batch that was received at noon."""
    body = orjson.dumps({"batch": [{"messageId": str(number), **one} for number, one in enumerate(calls)], **fields})
    return read(body)


def read(body: bytes, path: str = "/v1/batch", **headers: str) -> list[dict[str, Any]]:
    request = REQUESTS[0]._replace(received_us=parse_time("2026-03-03T12:00:00Z"))
    posted = request.posted._replace(
        body=body, path=path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return [item.event for item in parsed(Segment(), request._replace(posted=posted)).items if isinstance(item, Item)]


@pytest.mark.parametrize(
    ("sent_at", "time"),
    [
        ("2026-03-03T12:00:00Z", "2026-03-03T10:15:00+02:00"),
        ("2026-03-03T11:59:31Z", "2026-03-03T10:15:00+02:00"),  # the way of the request
        ("2026-03-03T11:00:00Z", "2026-03-03T09:15:00.000000Z"),  # an hour behind
        ("2026-03-03T13:00:20Z", "2026-03-03T07:15:00.000000Z"),  # ahead
        (None, "2026-03-03T10:15:00+02:00"),
        ("yesterday", "2026-03-03T10:15:00+02:00"),
    ],
)
def test_a_clock_that_is_wrong_by_minutes_is_corrected_by_when_the_request_was_sent(
    sent_at: str | None, time: str
) -> None:
    (event,) = said({"type": "track", "event": "x", "timestamp": "2026-03-03T10:15:00+02:00"}, sentAt=sent_at)
    assert event["time"] == time


@pytest.mark.parametrize("wrong", [{}, [], False, 0])
def test_a_time_that_is_none_is_refused_and_no_time_is_that_of_receipt(wrong: object) -> None:
    call = {"type": "track", "event": "x", "userId": "u1", "originalTimestamp": "2026-03-03T10:15:00Z"}
    (event,) = said({**call, "timestamp": wrong})
    assert event["time"] == wrong
    for nothing in (None, ""):
        (event,) = said({**call, "timestamp": nothing})
        assert event["time"] == call["originalTimestamp"]


@pytest.mark.parametrize("library", ["@rudderstack/rudder-sdk-node", "analytics-java"])
@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("sent_at", ["2026-03-03T10:15:01Z", "2026-03-03T12:05:00Z"])
def test_a_library_that_keeps_its_first_time_of_sending_shifts_nothing(
    library: str, sent_at: str, *, is_shared: bool
) -> None:
    context = {"context": {"library": {"name": library}}}
    call = {"type": "track", "event": "x", "messageId": "1", "timestamp": "2026-03-03T10:15:00Z"}
    body = {"batch": [call if is_shared else {**call, **context}], "sentAt": sent_at, **(context if is_shared else {})}
    (event,) = read(orjson.dumps(body))
    assert event["time"] == call["timestamp"]


@pytest.mark.parametrize("behind_s", [-300, 300])
def test_a_second_attempt_with_a_new_time_of_sending_is_the_same_event_though_the_clock_is_wrong(behind_s: int) -> None:
    noon_us = parse_time("2026-03-03T12:00:00Z")
    found = []
    for later_s in (0, 25):
        received_us = noon_us + later_s * 1_000_000
        sent_at = format_time(received_us - behind_s * 1_000_000 - 40_000)
        call = {"type": "track", "event": "x", "messageId": "1", "timestamp": "2026-03-03T11:58:00.123Z"}
        posted = REQUESTS[0].posted._replace(body=orjson.dumps({"batch": [call], "sentAt": sent_at}))
        if later_s:
            posted = posted._replace(headers={"X-Retry-Count": "1"})
        (item,) = parsed(Segment(), REQUESTS[0]._replace(received_us=received_us, posted=posted)).items
        assert isinstance(item, Item)
        found.append(item.event)
    assert found[0] == found[1]
    assert parse_time(found[0]["time"]) == parse_time("2026-03-03T11:58:00.123Z") + behind_s * 1_000_000


def test_utc_that_a_library_took_for_local_time_is_read_as_utc() -> None:
    for request in (*of("timestamp utcnow", PYTHON), *of("timestamp utcnow", RUDDER)):
        (event,) = events(Segment(), request)
        assert abs(parse_time(event["time"]) - request.received_us) < 1_000_000


def test_a_call_without_a_time_happened_when_it_came_and_without_an_id_gets_one_that_stays() -> None:
    timed = {"type": "track", "event": "x", "messageId": None, "timestamp": "2026-03-03T10:15:00Z", "userId": "u1"}
    (one,), (again,) = said(timed), said(timed)
    assert one["id"] == again["id"]
    assert one["id"]
    (now,), (later,) = said({**timed, "timestamp": None}), said({**timed, "timestamp": None})
    assert now["time"] == "2026-03-03T12:00:00.000000Z"
    assert now["id"] != later["id"]


def test_nan_costs_no_call() -> None:
    for request in of("odd values"):
        (event,) = events(Segment(), request)
        assert "nan" not in event["properties"]
        assert "inf" not in event["properties"]


@pytest.mark.parametrize(
    "wrap", [lambda text: text, lambda text: b"data=" + text, lambda text: b"\xef\xbb\xbf " + text]
)
def test_json_comes_as_text_as_a_form_and_with_a_mark_of_windows(wrap: Any) -> None:
    text = b'{"batch":[{"type":"track","event":"x","userId":"u1","messageId":"1"}]}'
    assert [one["touchpoint"] for one in read(wrap(text))] == ["x"]


@pytest.mark.parametrize("path", [path for path in Segment.paths if "b" not in path and "import" not in path])
def test_a_call_by_itself_has_the_type_of_its_path(path: str) -> None:
    (event,) = read(
        b'{"event": "x", "userId": "u1", "anonymousId": "anon-1", "previousId": "p", "messageId": "1"}', path
    )
    assert (event["type"] == IDENTIFY) == (path.strip("/").rpartition("/")[2] in ("identify", "i", "alias", "a"))


def test_mail_of_the_context_is_nobodys_but_where_somebody_is_identified() -> None:
    context = {"traits": {"email": "a@example.com", "phone": "nonsense"}}
    track, identify = said(
        {"type": "track", "event": "x", "userId": "u2", "context": context},
        {"type": "identify", "userId": "u1", "context": context},
    )
    assert track["identifiers"] == [{"type": "login", "value": "u2"}]
    assert identify["identifiers"] == [LOGIN, MAIL]


def test_what_is_no_call_is_told_by_itself_and_costs_no_other() -> None:
    body = orjson.dumps(
        {
            "batch": [
                1,
                {"type": "dance"},
                {"type": "track", "event": "x", "properties": {"t": "x" * 40_000}},
                {"type": "track", "event": "x"},
            ]
        }
    )
    items = parsed(Segment(), REQUESTS[0]._replace(posted=REQUESTS[0].posted._replace(body=body))).items
    assert [isinstance(item, Item) for item in items] == [False, False, False, True]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b"{", 400),
        (b'{"batch": {}}', 400),
        (b'{"batch": [' + b"[" * 40 + b"]" * 40 + b"], NaN}", 400),
        (b" " * (501 << 10), 413),
    ],
)
def test_a_body_without_calls_is_refused_in_the_words_of_the_protocol(body: bytes, status: int) -> None:
    front = VendorFront(Segment(), shipped_names, CONTENT_KEY.id_of)
    with pytest.raises(RequestRefused) as refused:
        front.parse(REQUESTS[0].posted._replace(body=body), 10)
    reply = front.refuse(refused.value)
    assert reply is not None
    assert reply.status == status
    assert {"code", "message"} <= json.loads(reply.body).keys()


def test_success_is_200_with_an_object_and_what_was_refused_is_told() -> None:
    front = VendorFront(Segment(), shipped_names, CONTENT_KEY.id_of)
    refused = ItemVerdict(1, None, EventRejected(Rejection(Reason.WRONG_TYPE, "id")), None)
    posted = Posted("/v1/batch", "", {}, b"")
    some, none = (front.answer(RequestOutcome(accepted, [refused]), posted) for accepted in (1, 0))
    assert (some.status, json.loads(some.body)["success"], json.loads(some.body)["rejected"]) == (200, True, 1)
    assert (none.status, json.loads(none.body)["code"]) == (400, "refused")
    assert front.answer(RequestOutcome(0, []), posted).status == 200


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({"Authorization": "Basic V1JJVEVLRVk6"}, {}, "WRITEKEY"),
        ({"Authorization": "Bearer WRITEKEY"}, {}, "WRITEKEY"),
        ({}, {"writeKey": "WRITEKEY"}, "WRITEKEY"),
        ({"Authorization": "Basic ?"}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_write_key_is_found_wherever_these_libraries_put_it(
    headers: dict[str, str], query: dict[str, str], key: str | None
) -> None:
    assert Segment().write_key_of(headers, query) == key


def test_the_body_carries_the_write_key_where_nothing_else_does() -> None:
    for request in of("track user id only", PYTHON):
        assert parsed(Segment(), request).write_key == "WRITEKEY"


@pytest.mark.parametrize(
    ("properties", "minor"),
    [
        ({"total": 0}, 0),
        ({"total": "", "revenue": 50}, 5_000),
        ({"total": "abc", "value": "20"}, 2_000),
        ({"total": False, "value": 1.005}, 100),
        ({"value": 100, "tax": 19, "shipping": 5}, 12_400),
        ({"total": 199.9, "tax": 19, "value": 1}, 19_990),
        ({"total": "1e500000"}, None),
        ({"total": "1e999999"}, None),
        ({"total": 1e300}, None),
        ({"total": "NaN"}, None),
        ({"total": [1]}, None),
    ],
)
def test_what_was_paid_is_the_total_or_the_net_amount_with_tax_and_shipping(
    properties: dict[str, Any], minor: int | None
) -> None:
    (event,) = said({"type": "track", "event": "Order Completed", "properties": {"currency": "EUR", **properties}})
    assert event.get("amount") == (None if minor is None else {"amount_minor": minor, "currency": "EUR"})


def test_a_shared_context_is_copied_by_what_is_kept_of_it_alone() -> None:
    context = {
        **{str(number): number for number in range(1_000)},
        "locale": "de-DE",
        "traits": {"email": "a@example.com", "note": "x"},
    }
    track, identify = said({"type": "track", "event": "x"}, {"type": "identify", "userId": "u1"}, context=context)
    assert track["properties"] == {"locale": "de-DE"}
    assert identify["identifiers"] == [LOGIN, MAIL]
    body = orjson.dumps({"batch": [{}] * 10_000, "context": context})
    with pytest.raises(RequestRefused):
        parsed(Segment(), REQUESTS[0]._replace(posted=REQUESTS[0].posted._replace(body=body)))


def test_addresses_lose_their_query_and_other_ids_than_text_and_numbers_are_refused() -> None:
    url, odd = said(
        {"type": "page", "properties": {"url": "https://shop.example/reset?token=s3cr3t#x", "search": "?email=1"}},
        {"type": "track", "event": "x", "userId": {"a": 1}},
    )
    assert url["properties"] == {"url": "https://shop.example/reset"}
    with pytest.raises(EventRejected, match="identifiers"):
        record(odd, 0)


def test_halves_of_characters_wide_numbers_and_deep_properties_cost_no_other_call() -> None:
    deep = b"[" * 300 + b"]" * 300
    calls = (
        b'{"type":"track","event":"x","properties":{"a":"\\ud83d","b":123456789012345678901234567890,"c":NaN,"d":1e999}}',
        b'{"type":"track","event":"y","properties":{"a":' + deep + b"}}",
        b'{"type":"track","event":"z"}',
    )
    body = b'{"batch":[' + b",".join(calls) + b'],"pad":"' + b"x" * 40_000 + b'"}'
    assert [one["touchpoint"] for one in read(body)] == ["x", "z"]


def test_an_id_that_is_made_of_a_call_is_of_the_content_key() -> None:
    call = {"type": "track", "event": "x", "timestamp": "2026-03-03T10:15:00Z", "userId": "u1"}
    posted = REQUESTS[0].posted._replace(body=orjson.dumps({"batch": [call]}))
    ids = set()
    for key in (CONTENT_KEY, CONTENT_KEY, ContentKey(bytes(32))):
        (item,) = VendorFront(Segment(), shipped_names, key.id_of).parse(posted, 10).items
        assert isinstance(item, Item)
        ids.add(item.event["id"])
    assert len(ids) == 2
