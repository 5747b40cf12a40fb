"""All protocols of analytics tools at one collector: paths, write keys, answers."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from tests.support.captured import CONTENT_KEY, KEYS, asked, parsed, record
from tests.unit.producers.collector.test_app import collector_of
from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.app import Collector
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Item
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.collector.vendors import TONGUES, fronts_of
from touchline.producers.collector.vendors.front import Tongue
from touchline.producers.collector.vendors.names import shipped_names
from touchline.producers.errors import EventRejected
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.events import EVENT_ADAPTER
from touchline.schemas.sources import Source
from touchline.service.problem import RequestRefused

SECRET = "a" * 40
SHOP, APP, ALL, UNKNOWN = (f"{name}.{SECRET}" for name in ("shop", "app", "all", "unknown"))
EVENT = {"event": "x", "distinct_id": "u1"}
QUERY = "e=pv&eid=1&dtm=1772532900000&uid=u1"


class Sent:
    """What the collector answered to requests, and the events that it took."""

    def __init__(self, folder: Path) -> None:
        sources = {name: Source(legal_basis="legitimate_interests") for name in ("shop", "app")}
        self._producer = InMemoryProducer(person_keys=KEYS, sources=sources)
        (folder / "keys").write_text(f"{SHOP} shop\n{APP} app\n{ALL} *\n")
        self._keys = WriteKeys.from_file(folder / "keys")

    def send(self, *requests: tuple[str, str, bytes], **headers: str) -> list[tuple[int, bytes]]:
        """Status and body of each answer."""
        return asyncio.run(self._send(requests, headers))

    async def _send(
        self, requests: tuple[tuple[str, str, bytes], ...], headers: Mapping[str, str]
    ) -> list[tuple[int, bytes]]:
        intake = Intake(self._producer, has_outbox=True)
        rate, room = Rate(1_000, time.monotonic), Room(1 << 24)
        collector = collector_of(
            (EventsFront(), *fronts_of(shipped_names, CONTENT_KEY.id_of)), self._keys, intake, rate, room
        )
        answers = [await self._answer(collector, *one, headers) for one in requests]
        await intake.close(5.0)
        self._producer.flush(5.0)
        return answers

    async def _answer(
        self, collector: Collector, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        content = StreamReader(Mock(), 1 << 20)
        content.feed_data(body)
        content.feed_eof()
        request = make_mocked_request(method, path, headers=headers, payload=content)
        match = await collector.app.router.resolve(request)
        request._match_info = match
        answer = await collector._as_problem(request, match.handler)
        assert isinstance(answer, web.Response)
        return answer.status, bytes(answer.body or b"")  # type: ignore[arg-type]

    @property
    def events(self) -> list[dict[str, Any]]:
        """As Kafka gets them."""
        return self._producer.events

    @property
    def sources(self) -> list[str]:
        """Of the events that were taken."""
        return [event["source"] for event in self.events]


@pytest.fixture
def sent(tmp_path: Path) -> Sent:
    return Sent(tmp_path)


POSTS = [
    ("/batch/", {"api_key": SHOP, "batch": [EVENT]}),
    ("/i/v0/e/", {"token": SHOP, **EVENT}),
    (f"/snowplow/{SHOP}/com.snowplowanalytics.snowplow/tp2", {"data": [{"e": "pv", "eid": "1", "uid": "u1"}]}),
    (f"/matomo/{SHOP}/matomo.php", {"requests": ["?rec=1&url=https://x/&uid=u1"]}),
    ("/matomo.php", {"requests": [f"?rec=1&url=https://x/&uid=u1&token_auth={SHOP}"]}),
    ("/track", [{"event": "x", "properties": {"token": SHOP, "distinct_id": "u1"}}]),
    ("/2/httpapi", {"api_key": SHOP, "events": [{"event_type": "x", "user_id": "u1"}]}),
    ("/batch", {"api_key": SHOP, "events": [{"event_type": "x", "user_id": "u1"}]}),
]


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_each_protocol_is_told_by_its_path_and_its_events_are_of_the_source_of_the_key(
    sent: Sent, path: str, body: object
) -> None:
    ((status, _),) = sent.send(("POST", path, orjson.dumps(body)))
    assert (status, sent.sources) == (200, ["shop"])
    assert sent.events[0]["persons"]


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_a_key_that_is_unknown_or_of_several_sources_is_refused_in_the_words_of_the_protocol(
    sent: Sent, path: str, body: object
) -> None:
    for key, expected in ((UNKNOWN, 401), (ALL, 403)):
        written = orjson.dumps(body).replace(SHOP.encode(), key.encode())
        ((status, answer),) = sent.send(("POST", path.replace(SHOP, key), written))
        assert status == expected
        assert not {"title", "hint"} & orjson.loads(answer).keys()
    assert sent.events == []


@pytest.mark.parametrize(
    "path",
    [
        f"/snowplow/{SHOP}/i?{QUERY}",
        f"/matomo.php?rec=1&url=https://x/&uid=u1&token_auth={SHOP}",
        "/track?data=" + base64.b64encode(orjson.dumps({"event": "x", "properties": {"token": SHOP}})).decode(),
    ],
)
def test_what_comes_in_a_query_is_an_event_too(sent: Sent, path: str) -> None:
    ((status, _),) = sent.send(("GET", path, b""))
    assert (status, sent.sources) == (200, ["shop"])


def test_a_path_answers_no_other_method_so_that_a_redirected_sender_sees_its_failure(sent: Sent) -> None:
    got = sent.send(("GET", "/batch/", b""), ("GET", "/2/httpapi", b""), ("POST", f"/snowplow/{SHOP}/i", b"{}"))
    assert [status for status, _ in got] == [405, 405, 405]


def test_without_a_key_the_answer_says_where_it_belongs(sent: Sent) -> None:
    ((status, body),) = sent.send(("GET", f"/i?{QUERY}", b""))
    assert status == 401
    assert b"/snowplow/WRITE_KEY" in body


def test_a_key_in_a_header_that_is_unknown_is_told_as_unknown_where_the_body_has_none(sent: Sent) -> None:
    basic = "Basic " + base64.b64encode(f"{UNKNOWN}:".encode()).decode()
    ((status, body),) = sent.send(("POST", "/v1/track", b'{"event":"x","userId":"u1"}'), Authorization=basic)
    assert status == 401
    assert b"the write key is not known" in body
    assert b"unknown" not in body.replace(b"is not known", b"")
    assert SECRET.encode() not in body
    own = orjson.dumps({"event": "x", "userId": "u1", "writeKey": SHOP})
    ((status, _),) = sent.send(("POST", "/v1/track", own), Authorization=basic)
    assert (status, sent.sources) == (200, ["shop"])
    ((status, body),) = sent.send(("POST", "/v1/track", b'{"event":"x","userId":"u1"}'))
    assert (status, b"has no write key" in body) == (401, True)


def test_each_event_of_a_request_is_of_the_source_of_its_own_key(sent: Sent) -> None:
    keys = (SHOP, APP, UNKNOWN, None, SHOP)
    batch = [{"event": "x", "properties": {"token": key, "$insert_id": str(n)}} for n, key in enumerate(keys)]
    ((status, body),) = sent.send(("POST", "/track", orjson.dumps(batch)))
    receipt = orjson.loads(body)
    assert (status, receipt["accepted"], receipt["rejected"]) == (200, 4, 1)
    assert receipt["rejections"][0]["item"] == 2
    assert sent.sources == ["shop", "app", "shop", "shop"]
    ((status, _),) = sent.send(
        ("POST", "/track", orjson.dumps([*batch[2:3], {**batch[2], "properties": {"token": "x"}}]))
    )
    assert status == 401


LARGE = {"note": "write to jane@example.org " + "x" * 70_000, "sku": "A-1"}
NO_CALLS = [
    ("/batch/", {"api_key": SHOP, "batch": ["jane@example.org", {**EVENT, "properties": LARGE}]}),
    ("/track", [{"event": "x", "properties": {"token": SHOP, "distinct_id": "jane@example.org"}}, 7]),
    ("/v1/batch", {"writeKey": SHOP, "batch": [{"type": "jane@example.org", "userId": "jane"}, None]}),
]


@pytest.mark.parametrize(("path", "body"), NO_CALLS)
def test_what_is_no_call_stands_in_the_quarantine_without_personal_values(sent: Sent, path: str, body: Any) -> None:
    ((_, answer),) = sent.send(("POST", path, orjson.dumps(body)))
    refused = orjson.loads(answer)["rejected"]
    unread = [one for one in sent.events if "id" not in one or not isinstance(one.get("properties", {}), dict)]
    assert len(unread) == refused > 0
    assert {one["source"] for one in sent.events} == {"shop"}
    assert b"jane" not in orjson.dumps(sent.events)
    for one in unread:
        with pytest.raises(ValidationError):
            EVENT_ADAPTER.validate_python(one)


def test_a_call_that_is_too_large_is_kept_with_all_that_it_says(sent: Sent) -> None:
    call = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1", "properties": LARGE}
    ((status, answer),) = sent.send(("POST", "/v1/batch", orjson.dumps({"writeKey": SHOP, "batch": [call]})))
    assert status == 400
    assert b"too_large" in answer
    (one,) = sent.events
    assert (one["id"], one["source"], one["persons"]) == (
        "m1",
        "shop",
        [{"type": "login", "key": KEYS.key("login", "u1")}],
    )
    (properties,) = one["properties"]
    assert properties["sku"] == "A-1"
    assert properties["note"].startswith("write to [mail] xxx")


def test_of_an_unknown_write_key_nothing_is_kept(sent: Sent) -> None:
    batch = [{"event": "x", "properties": {"token": key, "big": "x" * 70_000}} for key in (SHOP, UNKNOWN)]
    batch += [{"event": "x", "properties": {"token": SHOP}}]
    ((_, answer),) = sent.send(("POST", "/track", orjson.dumps(batch)))
    assert orjson.loads(answer)["rejected"] == 2
    assert len(sent.events) == 2


def test_what_nests_deep_without_an_id_has_a_verdict(sent: Sent) -> None:
    deep = b"[" * 300 + b"]" * 300
    for pad in (b"", b"x" * 40_000):
        call = (
            b'{"type":"track","event":"x","timestamp":"2026-03-03T10:15:00Z","userId":'
            + deep
            + b',"pad":"'
            + pad
            + b'"}'
        )
        ((status, _),) = sent.send(
            ("POST", "/v1/batch", b'{"writeKey":"' + SHOP.encode() + b'","batch":[' + call + b"]}")
        )
        assert status == 400


def test_paths_of_two_protocols_are_never_the_same() -> None:
    for paths in ([one for tongue in TONGUES for one in tongue.paths], [p for t in TONGUES for p in t.query_paths]):
        assert len(paths) == len(set(paths))


SHARED = [
    "batch",
    "events",
    "requests",
    "data",
    "event",
    "properties",
    "distinct_id",
    "timestamp",
    "time",
    "url",
    "consent",
]
POSTHOG = ["$set", "$lib", "alias", "uuid", "$time", "sent_at", "$current_url", "$device_id"]
SNOWPLOW = ["e", "ue_pr", "ue_px", "ttm", "dtm", "stm", "uid"]
MATOMO = ["rec", "cdt", "idgoal", "e_a", "e_v", "search", "ec_id", "revenue"]
MIXPANEL = ["$token", "$distinct_id", "$group_id", "$distinct_ids"]
AMPLITUDE = ["event_type", "user_id", "event_properties", "user_properties", "client_upload_time"]
NAMES = [*SHARED, *POSTHOG, *SNOWPLOW, *MATOMO, *MIXPANEL, *AMPLITUDE]
WORDS = [
    "$identify",
    "$create_alias",
    "$merge",
    "$groupidentify",
    "ue",
    "se",
    "pv",
    "0",
    "https://[",
    "2026-03-03T10:15:00Z",
    "",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=24,
)
EXAMPLES = 40
LISTS = ("batch", "events", "requests", "data")
DOCUMENTS = (
    JSON | st.dictionaries(st.sampled_from(LISTS), st.lists(JSON, max_size=3), min_size=1) | st.lists(JSON, max_size=3)
)


@pytest.mark.parametrize("tongue", TONGUES, ids=lambda tongue: type(tongue).__name__)
@settings(max_examples=EXAMPLES)
@given(document=DOCUMENTS)
def test_whatever_json_comes_is_an_event_or_is_refused(tongue: Tongue, document: Any) -> None:
    try:
        items = parsed(tongue, asked(json.dumps(document).encode())).items
    except RequestRefused:
        return
    for item in items:
        if isinstance(item, Item):
            with suppress(EventRejected):
                record(item.event, 1_772_539_200_000_000)
