"""Bodies to items: JSON, lines, and CloudEvents in three modes."""

from __future__ import annotations

import base64
import json
from codecs import BOM_UTF8
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.captured import captured
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import BadItem, Item, Posted
from touchline.schemas.reasons import Reason
from touchline.service.problem import RequestRefused

JSON, LINES = "application/json", "application/x-ndjson"
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
ITEMS_MAX = 20
EVENT = {
    "id": "1",
    "source": "shop",
    "type": "touchline.touchpoint.v1",
    "time": "2026-03-03T10:15:00Z",
    "touchpoint": "x",
}
ATTRIBUTES = ("id", "source", "type", "time")
CLOUD_EVENT = {
    "specversion": "1.0",
    **{name: EVENT[name] for name in ATTRIBUTES},
    "data": {"touchpoint": "x"},
    "traceparent": "00-1-2-3",
}
# Wider numbers are read as doubles, here and by the worker: JSON promises no more (RFC 8259, 6).
NUMBERS = st.integers(-(2**63), 2**64 - 1)
OBJECTS = st.dictionaries(st.text(max_size=5), NUMBERS | st.text(max_size=5), max_size=4)


def parse(body: bytes, kind: str = JSON, headers: dict[str, str] | None = None) -> list[Item | BadItem]:
    return list(EventsFront().parse(Posted("/v1/events", kind, headers or {}, body), ITEMS_MAX).items)


def events(items: list[Item | BadItem]) -> list[dict[str, Any]]:
    return [item.event for item in items if isinstance(item, Item)]


@given(st.lists(OBJECTS, min_size=1, max_size=ITEMS_MAX))
def test_one_by_one_as_an_array_and_as_lines_the_items_are_the_same(objects: list[dict[str, Any]]) -> None:
    array = events(parse(json.dumps(objects).encode()))
    lines = parse("\r\n\n".join(json.dumps(one) for one in objects).encode(), LINES)
    alone = [one for each in objects for one in events(parse(json.dumps(each).encode()))]
    assert array == alone == events(lines) == [json.loads(json.dumps(one)) for one in objects]
    assert [item.line for item in lines] == [1 + 2 * number for number in range(len(objects))]


@given(st.lists(OBJECTS, min_size=1, max_size=3))
def test_a_byte_order_mark_at_the_beginning_costs_no_event(objects: list[dict[str, Any]]) -> None:
    one, many = json.dumps(objects[0]).encode(), "\n".join(map(json.dumps, objects)).encode()
    assert parse(BOM_UTF8 + many, LINES) == parse(many, LINES)
    assert parse(BOM_UTF8 + many.replace(b"\n", b"\n" + BOM_UTF8), LINES) == parse(many, LINES)  # of joined files
    assert len(events(parse(BOM_UTF8 + many, LINES))) == len(objects)
    assert parse(BOM_UTF8 + one) == parse(one)
    assert parse(BOM_UTF8 + b"[" + one + b"]") == parse(b"[" + one + b"]")


def test_what_a_beacon_sends_is_read_whether_its_type_is_json_or_text() -> None:
    requests = captured("beacon")
    assert {one.posted.content_type for one in requests} == {JSON, "text/plain"}
    for one in requests:
        assert [json.loads(one.posted.body)] == events(list(EventsFront().parse(one.posted, ITEMS_MAX).items))


def test_a_byte_order_mark_within_a_line_is_no_json() -> None:
    good, bad, other = parse(b'{"a": 1}\n{' + BOM_UTF8 + b'"a": 2}\n {"a": 3}', LINES)
    assert (type(good), type(bad), type(other)) == (Item, BadItem, Item)


def test_a_bad_line_does_not_hold_up_the_others_and_says_its_column() -> None:
    good, bad, number, bytes_, deep = parse(
        b'{"a": 1}\n\n{"a": 1,}\n7\n{"a": "\xff"}\n{"a": ' + b"[" * 40 + b"]" * 40 + b"}", LINES
    )
    assert isinstance(good, Item)
    assert all(isinstance(item, BadItem) for item in (bad, number, bytes_, deep))
    assert [item.line for item in (bad, number, bytes_, deep)] == [3, 4, 5, 6]
    assert [item.error.reason for item in (bad, number, bytes_, deep) if isinstance(item, BadItem)] == [
        Reason.NOT_JSON, Reason.NOT_JSON, Reason.NOT_UTF8, Reason.TOO_DEEP,
    ]  # fmt: skip
    assert isinstance(bad, BadItem)
    assert "column 8" in bad.error.shape


@pytest.mark.parametrize(
    ("body", "kind", "status", "what"),
    [
        (b'[{"a":1},\n {"b" 2]', JSON, 400, "line 2, column 7"),
        (b"", JSON, 400, "empty"),
        (b"\xff", JSON, 400, "not UTF-8"),
        (b"[" * 5_000, JSON, 400, "deeper than 32"),
        (json.dumps([{}] * (ITEMS_MAX + 1)).encode(), JSON, 400, "more than 20 items"),
        (b"{}\n" * (ITEMS_MAX + 1), LINES, 400, "more than 20 items"),
        (b"\n" * 1_000, LINES, 400, "more than"),
        (json.dumps([{}] * (ITEMS_MAX + 1)).encode(), BATCH, 400, "more than 20 items"),
        (b"{}", BATCH, 400, "array"),
        (b"{}", "text/csv", 415, "Content-Type"),
        (b"{}", "", 415, "Content-Type"),
    ],
)
def test_a_body_that_cannot_be_told_apart_is_refused_with_the_place(
    body: bytes, kind: str, status: int, what: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse(body, kind)
    assert refused.value.status == status
    assert what in refused.value.what
    assert refused.value.hint


@given(st.binary(max_size=200), st.sampled_from([JSON, LINES, STRUCTURED, BATCH]))
def test_any_bytes_give_items_or_a_refusal(body: bytes, kind: str) -> None:
    try:
        items = parse(body, kind)
    except RequestRefused as refused:
        items, status = [], refused.status
    else:
        status = 202
    assert status < 500
    assert all(isinstance(item, Item | BadItem) for item in items)


def test_the_three_modes_of_cloudevents_give_the_same_event() -> None:
    headers = {f"ce-{name}": EVENT[name] for name in ATTRIBUTES} | {
        "ce-specversion": "1.0",
        "ce-traceparent": "00-1-2-3",
    }
    in_base64 = {**CLOUD_EVENT, "data_base64": base64.b64encode(b'{"touchpoint": "x"}').decode()}
    del in_base64["data"]
    modes = [
        *parse(b'{"touchpoint": "x"}', JSON, headers),
        *parse(b'{"touchpoint": "x"}', "", headers),
        *parse(json.dumps(CLOUD_EVENT).encode(), STRUCTURED),
        *parse(json.dumps([CLOUD_EVENT, in_base64]).encode(), BATCH),
    ]
    assert events(modes) == [EVENT] * 5


def test_values_of_headers_are_percent_encoded() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "caf%C3%A9%20%22x%22", "ce-source": "shop", "ce-type": "t"}
    assert events(parse(b"{}", JSON, headers))[0]["id"] == 'café "x"'


def test_data_may_repeat_an_attribute_but_not_contradict_it() -> None:
    repeated = {**CLOUD_EVENT, "data": EVENT}
    contradicted = {**CLOUD_EVENT, "data": {**EVENT, "time": "2026-03-03T10:15:01Z"}}
    good, bad = parse(json.dumps([repeated, contradicted]).encode(), BATCH)
    assert events([good]) == [EVENT]
    assert isinstance(bad, BadItem)
    assert (bad.error.field, bad.error.shape) == ("time", "data and attribute differ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": "0.3"}, Reason.UNKNOWN_VERSION),
        ({"specversion": None}, Reason.MISSING_FIELD),
        ({"data": [1]}, Reason.WRONG_TYPE),
        ({"data_base64": "%%"}, Reason.NOT_JSON),
        ({"data_base64": 5}, Reason.NOT_JSON),
        ({"data_base64": base64.b64encode(b"[").decode()}, Reason.NOT_JSON),
    ],
)
def test_what_is_no_cloudevent_of_ours_has_its_reason(change: dict[str, Any], reason: Reason) -> None:
    (item,) = parse(json.dumps({**CLOUD_EVENT, **change}).encode(), STRUCTURED)
    assert isinstance(item, BadItem)
    assert item.error.reason is reason
    assert item.error.hint


BAD_MEMBERS = st.sampled_from(
    [
        b'{"score": NaN}',
        b"NaN",
        b"-Infinity",
        b'{"a": [Infinity]}',
        b'"\\ud800"',
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b"undefined",
        b"NaN 1",
        b'{"a": undefined}',
        b'{"a": +1}',
        b'{"a": 0x10}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{a: "],"}',
        b'{"a": 01}',
        b"{} {}",
        b'{"a": %b}' % (b"9" * 5_000),
        b'{"a": "\\x"}',
    ]
)


@given(st.lists(st.one_of(st.none(), BAD_MEMBERS), min_size=1, max_size=12), st.sampled_from([b",", b" ,\n "]))
def test_a_member_that_is_no_json_costs_no_other(members: list[bytes | None], comma: bytes) -> None:
    texts = [b'{"id": "%d", "t": "[},\\"{"}' % at if bad is None else bad for at, bad in enumerate(members)]
    items = parse(b" [" + comma.join(texts) + b"]\n")
    assert [isinstance(item, BadItem) for item in items] == [bad is not None for bad in members]
    for at, item in enumerate(items):
        if isinstance(item, Item):
            assert item.event == {"id": str(at), "t": '[},"{'}
        else:
            assert item.error.reason in (Reason.NOT_JSON, Reason.NOT_UTF8)


def test_a_batch_of_cloudevents_keeps_what_is_json() -> None:
    good = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"touchpoint": "x"}}
    body = b"[%b, NaN, %b]" % (json.dumps(good).encode(), json.dumps(good).encode())
    items = parse(body, "application/cloudevents-batch+json")
    assert [isinstance(item, Item) for item in items] == [True, False, True]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"score": NaN}', Reason.NOT_JSON),
        (b'\xef\xbb\xbf {"a": [-Infinity]}\n', Reason.NOT_JSON),
        (b'{"a": "\xff"}', Reason.NOT_UTF8),
        (b"{NaN}", Reason.NOT_JSON),
        (b'{"a": [undefined], "b": "}"}', Reason.NOT_JSON),
    ],
)
@pytest.mark.parametrize("kind", [JSON, STRUCTURED, "application/x-ndjson"])
def test_a_lone_object_that_is_no_json_has_the_verdict_of_a_member_or_a_line(
    kind: str, bad: bytes, reason: Reason
) -> None:
    (item,) = parse(bad, kind)
    assert isinstance(item, BadItem)
    assert item.error.reason is reason
    (member,) = parse(b"[%b]" % bad.removeprefix(b"\xef\xbb\xbf"))
    assert isinstance(member, BadItem)
    assert member.error.reason is reason


@pytest.mark.parametrize(
    "body", [b'{"a": 1', b'{"a": 1} x', b'{"a": NaN} {"b": 1}', b'{"a": NaN', b'{"a": NaN]', b"NaN"]
)
@pytest.mark.parametrize("kind", [JSON, STRUCTURED])
def test_a_body_of_which_no_object_is_to_be_seen_is_refused_as_a_whole(kind: str, body: bytes) -> None:
    with pytest.raises(RequestRefused):
        parse(body, kind)


@pytest.mark.parametrize("between", [",", ",\n", "\n,", "\n,\n"])
def test_an_array_that_comes_as_lines_gives_its_members(between: str) -> None:
    array = f"[\n{between.join(json.dumps({'id': str(at)}) for at in range(3))}\n]\n".encode()
    assert events(parse(array, LINES)) == [{"id": "0"}, {"id": "1"}, {"id": "2"}]
    with pytest.raises(RequestRefused):
        parse(array.removesuffix(b"]\n"), LINES)


def test_a_list_on_a_line_of_its_own_costs_no_other_line() -> None:
    bad, good = parse(b'[1]\n{"id": "1"}\n', LINES)
    assert (type(bad), type(good)) == (BadItem, Item)


def test_a_member_that_nests_too_deep_costs_no_other() -> None:
    deep = b'{"id": "2", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    one, bad, other = parse(b'[{"id": "1"},' + deep + b',{"id": "3"}]')
    assert events([one, other]) == [{"id": "1"}, {"id": "3"}]
    assert isinstance(bad, BadItem)
    assert bad.error.reason is Reason.TOO_DEEP


def test_a_comma_behind_the_last_member_costs_nothing() -> None:
    assert events(parse(b'[{"id": "1"}, {"id": "2"},\n]')) == [{"id": "1"}, {"id": "2"}]


@pytest.mark.parametrize(
    "body",
    [
        b"[NaN",
        b"[NaN] x",
        b"[NaN]]",
        b'[NaN, {"a": "b}]',
        b'[NaN, {"a": "b\\"}]',
        b"[NaN, [1]",
        b"[NaN}]",
    ],
)
def test_an_array_that_cannot_be_told_apart_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(RequestRefused):
        parse(body)
