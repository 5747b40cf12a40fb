"""Webhooks over the collector's own way of a request: who signed, what is answered, and what is said in the log."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tests.support.signed import (
    GENERIC_SECRET,
    SECRETS,
    WEBHOOKS,
    encoded,
    formbricks_body,
    formbricks_state,
    standard_headers,
    typeform_headers,
    typeform_response,
)
from tests.unit.producers.collector.test_app import collector_of
from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.collector.webhooks import WebhookFront, load_webhooks
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Sources, load_sources

NOW_S = 1_772_532_930.0


class Told(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]


class Running:
    """A collector in this process, whose producer keeps what it is given."""

    def __init__(self, folder: Path) -> None:
        for name, secret in SECRETS.items():
            (folder / name).write_text(f"{secret}\n")
        (folder / "webhooks.yaml").write_text(WEBHOOKS)
        (folder / "sources.yaml").write_text(
            "sources:\n  typeform: {legal_basis: contract}\n  formbricks: {legal_basis: contract}\n"
        )
        self._webhooks = load_webhooks(folder / "webhooks.yaml")
        self.unmapped: Counter[str] = Counter()
        sources: Sources = load_sources(folder / "sources.yaml")
        self.producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=sources)

    def _count(self, source: str, answers: int) -> None:
        self.unmapped[source] += answers

    def post(self, source: str, body: bytes, headers: Mapping[str, str], *, rate: float = 1_000.0) -> Told:
        return self.post_all([(source, body, headers)], rate=rate)[0]

    def post_all(
        self, requests: Sequence[tuple[str, bytes, Mapping[str, str]]], *, rate: float = 1_000.0
    ) -> list[Told]:
        return asyncio.run(self._post_all(requests, rate))

    async def _post_all(self, requests: Sequence[tuple[str, bytes, Mapping[str, str]]], rate: float) -> list[Told]:
        intake = Intake(self.producer, has_outbox=True)
        front = WebhookFront(lambda: self._webhooks, lambda: NOW_S, count_unmapped=self._count)
        collector = collector_of((front,), WriteKeys({}), intake, Rate(rate, lambda: 0.0), Room(1 << 20))
        handle = collector._handler_of(front)
        told = []
        for source, body, headers in requests:
            request = _request(f"/v1/webhooks/{source}", body, headers)
            answer = await collector._as_problem(request, handle)
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes)
            told.append(Told(answer.status, answer.headers, orjson.loads(answer.body)))
        await intake.close(5.0)
        self.producer.flush()
        return told


def _request(path: str, body: bytes, headers: Mapping[str, str]) -> web.Request:
    class Whole:
        def is_eof(self) -> bool:
            return True

        def read_nowait(self) -> bytes:
            return body

    given = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    payload: Any = Whole()
    return make_mocked_request("POST", path, given, payload=payload)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


FORM = encoded(typeform_response())


def test_a_signed_webhook_is_taken_as_its_source_without_a_write_key(running: Running) -> None:
    told = running.post("typeform", FORM, typeform_headers(FORM))
    assert (told.status, told.body) == (200, {"accepted": 2, "rejected": 0, "rejections": []})
    assert {event["source"] for event in running.producer.events} == {"typeform"}
    assert {event["id"] for event in running.producer.events} == {
        "after_purchase/recommend/r7k2",
        "after_purchase/content/r7k2",
    }
    assert b"4711" not in b"".join(record.value for record in running.producer.records)


@pytest.mark.parametrize("says_so", [True, False])
def test_the_signature_is_over_the_bytes_as_they_were_sent_also_where_they_are_zipped(
    running: Running, says_so: bool
) -> None:
    zipped = gzip.compress(FORM)
    encoding = {"Content-Encoding": "gzip"} if says_so else {}
    good = running.post("typeform", zipped, typeform_headers(zipped) | encoding)
    bad = running.post("typeform", zipped, typeform_headers(FORM) | encoding)
    assert (good.status, good.body["accepted"], bad.status) == (200, 2, 401)


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("typeform", {}),
        ("typeform", typeform_headers(FORM, "another secret")),
        ("typeform", typeform_headers(FORM + b" ")),
        ("formbricks", typeform_headers(FORM)),
        ("nobody", typeform_headers(FORM)),
        ("typeform", {"Authorization": "Bearer anything"}),
    ],
)
def test_without_a_genuine_signature_nothing_is_taken_and_names_of_sources_are_not_told(
    running: Running, source: str, headers: dict[str, str]
) -> None:
    told = running.post(source, FORM, headers)
    assert told.status == 401
    assert told.body["title"] == "the signature is missing, or of no secret of this source"
    assert "WWW-Authenticate" in told.headers
    assert running.producer.records == []


def test_a_webhook_that_somebody_sends_again_later_is_stale(running: Running) -> None:
    body = encoded(formbricks_body("responseCreated", formbricks_state(0, {"nps": 9})))
    told = running.post_all(
        [("formbricks", body, standard_headers(body, NOW_S - away_s)) for away_s in (299, 301, -301)]
    )
    assert [one.status for one in told] == [200, 401, 401]
    assert told[1].body["title"] == "the signature is of another time"


def test_three_triggers_of_one_state_are_one_event_a_question(running: Running) -> None:
    state = formbricks_state(3, {"nps": 9, "effort": 2}, finished=True)
    bodies = [encoded(formbricks_body(f"response{word}", state)) for word in ("Created", "Updated", "Finished")]
    told = running.post_all([("formbricks", body, standard_headers(body, NOW_S)) for body in bodies])
    assert [one.body["accepted"] for one in told] == [2, 2, 2]
    contents = {
        orjson.dumps({name: value for name, value in event.items() if name != "received_at"})
        for event in running.producer.events
    }
    assert len(contents) == 2


def test_the_try_of_an_address_is_answered_and_holds_nothing(running: Running) -> None:
    body = encoded({"event": "testEndpoint"})
    told = running.post("formbricks", body, standard_headers(body, NOW_S))
    assert (told.status, told.body) == (200, {"accepted": 0, "rejected": 0, "rejections": []})


def test_unmapped_questions_are_told_to_the_tool_and_counted_in_the_log_without_names(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    body = encoded(
        formbricks_body("responseCreated", formbricks_state(0, {"nps": 9, "gossip": "my neighbour", "age": 40}))
    )
    with caplog.at_level(logging.WARNING, logger="touchline.collector"):
        told = running.post_all([("formbricks", body, standard_headers(body, NOW_S))] * 3)
    assert told[0].body["unmapped"] == ["gossip", "age"]
    assert "webhooks.yaml" in told[0].body["hint"]
    (said,) = [vars(record)["fields"] for record in caplog.records if record.message == "webhooks_unmapped"]
    assert (said["source"], said["answers"]) == ("formbricks", 2)
    assert "gossip" not in str(said)
    assert running.unmapped == {"formbricks": 6}


def test_what_the_contract_refuses_goes_into_the_quarantine_and_is_answered_as_received(running: Running) -> None:
    body = encoded(formbricks_body("responseCreated", formbricks_state(0, {"nps": 12, "effort": 2})))
    told = running.post("formbricks", body, standard_headers(body, NOW_S))
    assert told.status == 200
    assert (told.body["accepted"], told.body["rejected"]) == (1, 1)
    assert told.body["rejections"][0]["faults"][0]["reason"] == "out_of_scale"
    assert sorted(event["score"] for event in running.producer.events) == [2, 12]


def test_a_body_that_is_no_response_is_refused_as_a_whole(running: Running) -> None:
    requests = [("typeform", body, typeform_headers(body)) for body in (b"{", b"[]", b"", b'{"event_type": "x"}')]
    assert [one.status for one in running.post_all(requests)] == [400] * 4


def test_webhooks_of_a_source_come_no_faster_than_a_write_key_may(running: Running) -> None:
    told = running.post_all([("typeform", FORM, typeform_headers(FORM))] * 3, rate=1.0)
    assert [one.status for one in told] == [200, 429, 429]
    assert "Retry-After" in told[1].headers


def test_a_source_that_is_not_declared_is_refused_event_by_event(running: Running) -> None:
    body = encoded({"visit": {"id": 1, "at": "2026-03-03T10:15:00Z"}, "answers": [{"question": "smiley", "given": 3}]})
    digest = hmac.new(bytes.fromhex(GENERIC_SECRET), body, hashlib.sha256).hexdigest()
    told = running.post("kiosk", body, {"X-Kiosk-Signature": f"sha256={digest}"})
    assert (told.status, told.body["rejected"]) == (200, 1)
    assert told.body["rejections"][0]["faults"][0]["reason"] == "unknown_source"


def test_refused_signatures_are_a_line_in_the_log_with_a_count(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="touchline.collector"):
        running.post_all([("typeform", FORM, {})] * 4 + [("nobody", FORM, {})])
    (said,) = [vars(record)["fields"] for record in caplog.records]
    assert (said["source"], said["requests"]) == ("typeform", 1)
