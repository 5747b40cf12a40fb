"""The collector as senders meet it: real HTTP, real Kafka, no outbox, so that 202 is Kafka's word."""

from __future__ import annotations

import http.client
import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from cloudevents.abstract import CloudEvent as AnyCloudEvent
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent
from kafka import KafkaConsumer, TopicPartition

from tests.support.collectors import HOST, CollectorProcess, collector, event, events
from tests.support.engines import PARTITIONS, fresh_topic
from touchline.producers.collector.verdicts import ProblemDocument, Receipt
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us
from touchline.schemas.checking import check_event
from touchline.schemas.depth import is_too_deep
from touchline.schemas.identifiers import PersonKeys

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

LINES = {"Content-Type": "application/x-ndjson"}
PERSONAL = ("ada@example.org", "203.0.113.77", "2001:db8:1:2:3:4:5:6")
FUZZED_BODIES = 600


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    folder = tmp_path_factory.mktemp("collector")
    keys = folder / "write_keys"
    keys.write_text(f"all.{'a' * 64} *\nshop.{'b' * 64} web-shop crm\n")
    settings = stack.settings.with_changes(topic=fresh_topic(stack), write_keys_file=keys)
    with collector(settings, folder, collector_events_per_second=1e6) as process:
        yield process


def records(process: CollectorProcess) -> list[tuple[dict[str, str], bytes, bytes]]:
    """Headers, key and value of every record of the collector's topic."""
    consumer = KafkaConsumer(bootstrap_servers=process.settings.kafka_bootstrap, enable_auto_commit=False)
    partitions = [TopicPartition(process.settings.topic, number) for number in range(PARTITIONS)]
    try:
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        missing = sum(consumer.end_offsets(partitions).values())
        found: list[tuple[dict[str, str], bytes, bytes]] = []
        while len(found) < missing:
            for batch in consumer.poll(timeout_ms=5_000).values():
                found += [({name: text.decode() for name, text in one.headers}, one.key, one.value) for one in batch]
        return found
    finally:
        consumer.close()


def stored(process: CollectorProcess, *ids: str) -> list[dict[str, Any]]:
    """Events with these ids that are in Kafka."""
    return [json.loads(value) for headers, _, value in records(process) if headers["ce_id"] in ids]


def test_accepted_events_are_in_kafka_with_keys_for_persons_and_cut_addresses(running: CollectorProcess) -> None:
    sent = event(
        "private",
        identifiers=[{"type": "mail", "value": PERSONAL[0]}],
        properties={"ip": PERSONAL[1], "app_version": "1.2.3.4"},
        context={"client_ip": f"[{PERSONAL[2]}]"},
        received_at="2031-01-01T00:00:00Z",
    )
    answer = running.post_json(sent)
    assert (answer.status, answer.json()) == (202, {"accepted": 1, "rejected": 0, "rejections": []})
    (arrived,) = stored(running, "eprivate")
    key = PersonKeys.from_file(running.settings.person_key_file).key("mail", PERSONAL[0])
    assert arrived["persons"] == [{"type": "mail", "key": key}]
    assert (arrived["properties"]["ip"], arrived["context"]) == ("203.0.113.0", {"client_ip": "[2001:db8:1::]"})
    assert arrived["received_at"] < "2031"
    everything = b"".join(b"".join((repr(headers).encode(), key, value)) for headers, key, value in records(running))
    assert [value for value in PERSONAL if value.encode() in everything] == []
    assert [value for value in PERSONAL if value in running.log] == []


def test_one_event_an_array_and_lines_get_the_same_receipt(running: CollectorProcess) -> None:
    lines = b"\n".join(orjson.dumps(one) for one in events([21, 22, 23]))
    answers = [running.post_json(event(20)), running.post_json(events([21, 22, 23])), running.post(lines, LINES)]
    assert [answer.json()["accepted"] for answer in answers] == [1, 3, 3]
    assert running.post_json([]).json() == {"accepted": 0, "rejected": 0, "rejections": []}
    assert {one["id"] for one in stored(running, "e20", "e21", "e22", "e23")} == {"e20", "e21", "e22", "e23"}


def test_a_bad_item_has_position_path_shape_and_remedy_and_the_others_are_taken(running: CollectorProcess) -> None:
    answer = running.post_json([event(30), event(31, time="yesterday"), 7, event(32, properties={"a": {}}), event(33)])
    assert answer.status == 202
    receipt = Receipt.model_validate_json(answer.body)
    assert (receipt.accepted, receipt.rejected) == (2, 3)
    told = [
        (one.item, one.faults[0].reason.value, one.faults[0].field, one.faults[0].found) for one in receipt.rejections
    ]
    assert told == [
        (1, "wrong_type", "time", "text of 9 characters"),
        (2, "not_json", "", "whole number"),
        (3, "wrong_type", "properties", "object"),
    ]
    assert all(fault.hint for one in receipt.rejections for fault in one.faults)
    assert {one["id"] for one in stored(running, *(f"e{number}" for number in range(30, 34)))} == {"e30", "e33"}


def test_where_nothing_is_taken_the_status_says_so(running: CollectorProcess) -> None:
    answer = running.post(b'{"a": 1}\n\n{"b": ]\n', LINES)
    assert answer.status == 422
    assert [(one["item"], one["line"]) for one in answer.json()["rejections"]] == [(0, 1), (1, 3)]


def test_a_key_sends_for_its_sources_only_and_an_unknown_one_not_at_all(running: CollectorProcess) -> None:
    mixed = json.dumps([event(40, source="crm"), event(41, source="shell")]).encode()
    answer = running.post(mixed, key=f"shop.{'b' * 64}")
    assert answer.json()["rejections"] == [
        {
            "item": 1,
            "faults": [
                {
                    "reason": "unknown_source",
                    "field": "source",
                    "found": "a source that this write key may not send for",
                    "hint": "use that source's write key, or add the source to this key's line",
                }
            ],
        }
    ]
    for key in (f"shop.{'a' * 64}", "shop", ""):
        refused = running.post(mixed, key=key)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="touchline"')
    assert [one["id"] for one in stored(running, "e40", "e41")] == ["e40"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/events", 405), ("POST", "/v2", 404), ("DELETE", "/healthz", 405)]
)
def test_what_is_not_there_is_a_problem_with_a_remedy(
    running: CollectorProcess, method: str, path: str, status: int
) -> None:
    answer = running.request(method, path, b"", {})
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert ProblemDocument.model_validate_json(answer.body).hint


def test_the_cloudevents_sdk_sends_in_all_three_modes(running: CollectorProcess) -> None:
    def made(number: int) -> CloudEvent:
        attributes = {"id": f"ce{number}", "source": "shell", "type": "touchline.touchpoint.v1"}
        return CloudEvent(attributes, {"touchpoint": "hotline", "identifiers": [{"type": "loyalty", "value": "4711"}]})

    def post(headers: dict[str, str], body: bytes) -> dict[str, Any]:
        answer = running.post(body, headers)
        assert answer.status == 202, answer.body
        return dict(answer.json())

    batch: list[AnyCloudEvent] = [made(3), made(4)]
    joined = b"[" + b",".join(to_structured(one)[1] for one in batch) + b"]"
    assert post(*to_binary(made(1)))["accepted"] == 1
    assert post(*to_structured(made(2)))["accepted"] == 1
    assert post({"Content-Type": "application/cloudevents-batch+json"}, joined)["accepted"] == 2
    arrived = stored(running, "ce1", "ce2", "ce3", "ce4")
    assert {one["id"] for one in arrived} == {"ce1", "ce2", "ce3", "ce4"}
    for one in arrived:
        assert (one["touchpoint"], one["persons"][0]["type"], one["source"]) == ("hotline", "loyalty", "shell")


def test_a_key_that_sends_too_fast_is_told_how_long_to_wait(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack), outbox_dir=tmp_path / "outbox")
    with collector(settings, tmp_path, collector_events_per_second=20.0) as slow:
        assert slow.post_json(events(range(60))).status == 202  # a burst may overdraw
        refused = slow.post_json(event(60))
        assert refused.status == 429
        seconds = int(refused.headers["Retry-After"])
        assert 1 <= seconds <= 2
        time.sleep(seconds)
        assert slow.post_json(event(60)).status == 202


def mutated(rng: random.Random, body: bytes) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(body) + 1)
        piece = rng.choice(
            (
                b"",
                bytes([rng.randrange(256)]),
                b"null",
                b"[]",
                b"1e999",
                b'"\\ud800"',
                b"[" * 40,
                b"-0",
                b"\x00",
                b"9" * 400,
            )
        )
        body = body[:at] + piece + body[at + rng.randint(0, 6) :]
    return body


def test_fuzzed_bodies_get_clear_answers_and_what_is_accepted_keeps_the_contract(running: CollectorProcess) -> None:
    rng = random.Random(5)
    kinds = (
        "application/json",
        "application/x-ndjson",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
    )
    seeds = [
        orjson.dumps(event(50, properties={"a": 1.5})),
        orjson.dumps(events([51, 52])),
        b"\n".join(orjson.dumps(one) for one in events([53, 54])),
        orjson.dumps({"specversion": "1.0", "id": "x", "source": "shell", "type": "touchline.touchpoint.v1", "data": event(55)}),
    ]  # fmt: skip
    connection = http.client.HTTPConnection(HOST, running.port, timeout=30)
    statuses: dict[int, int] = {}
    for _ in range(FUZZED_BODIES):
        headers = {"Authorization": f"Bearer {running.write_key}", "Content-Type": rng.choice(kinds)}
        connection.request("POST", "/v1/events", mutated(rng, rng.choice(seeds)), headers)
        response = connection.getresponse()
        body = response.read()
        statuses[response.status] = statuses.get(response.status, 0) + 1
        (Receipt if response.status in (202, 422) else ProblemDocument).model_validate_json(body)
    connection.close()
    assert statuses.keys() <= {202, 400, 422}
    assert len(statuses) == 3
    assert all(count > FUZZED_BODIES // 50 for count in statuses.values()), statuses
    for _, _, value in records(running):
        decoded = orjson.loads(value)
        assert not is_too_deep(decoded)
        check_event(decoded)
    assert "event=bug" not in running.log


def test_what_was_begun_is_answered_after_sigterm_and_nothing_new_is_taken(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack))
    with collector(settings, tmp_path) as ending:
        body = orjson.dumps(event(70))
        begun = socket.create_connection((HOST, ending.port), timeout=30)
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ending.write_key}\r\n"
        begun.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:50]
        )
        time.sleep(0.3)
        ending.process.terminate()
        time.sleep(0.5)
        with pytest.raises(ConnectionRefusedError):
            ending.get("/readyz")
        begun.sendall(body[50:])
        answer = begun.recv(65536)
        begun.close()
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert ending.process.wait(30) == 0
        assert [one["id"] for one in stored(ending, "e70")] == ["e70"]
        assert "event=stopped on_their_way=0" in ending.log


def test_with_an_outbox_kafka_may_be_away_and_nothing_is_lost(
    stack: LocalStack, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    outbox = tmp_path / "outbox"
    settings = stack.settings.with_changes(topic=fresh_topic(stack), outbox_dir=outbox)
    with collector(settings, tmp_path, kafka_bootstrap=f"127.0.0.1:{free_port()}") as cut_off:
        assert cut_off.post_json(events(range(80, 90))).json()["accepted"] == 10
        assert cut_off.end()[0] == 0
    assert look(outbox, now_us()).records == 10
    with collector(settings, tmp_path) as again:
        deadline = time.monotonic() + 30
        while look(outbox, now_us()).records and time.monotonic() < deadline:
            time.sleep(0.05)
        assert {one["id"] for one in stored(again, *(f"e{number}" for number in range(80, 90)))} == {
            f"e{number}" for number in range(80, 90)
        }


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"kafka_bootstrap": "127.0.0.1:1"}, 3, "Kafka does not answer"),
        ({"write_keys_file": Path("none")}, 2, "write_keys_file"),
        ({"person_key_file": Path("none")}, 2, "person_key_file"),
        ({"content_key_file": Path("none")}, 2, "content_key_file"),
        ({"collector_host": "203.0.113.1"}, 2, "collector_host"),
    ],
)
def test_a_collector_that_cannot_start_says_why_in_two_lines(
    stack: LocalStack, running: CollectorProcess, tmp_path: Path, changes: dict[str, object], status: int, told: str
) -> None:
    process = CollectorProcess(stack.settings.with_changes(topic=running.settings.topic, **changes), tmp_path)
    assert process.process.wait(30) == status
    lines = [line for line in process.log.splitlines() if " level=" not in line]
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
    assert told in process.log
