"""Invitations on the real stack: an order comes in, its question is due later, and the company's sender gets one link, killed or not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer

from tests.integration.test_asking import _Till, wait_until
from tests.support.engines import fresh_topic, own_face_with_worker, touchline
from tests.support.surveying import SurveysProcess, surveys
from touchline.clickhouse.connect import connect
from touchline.sinks.signing import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.local.stack import LocalStack

SOURCES = """\
sources:
  retail-pos: {legal_basis: contract}
  crm: {legal_basis: contract}
  surveys: {legal_basis: legitimate_interests}
"""
POLICY = """\
policy: after_the_till
version: 1
title: Some time after the till
questions:
  - {question: csat, ask: {touchpoints: [store_purchase]}, delay_hours: 0.0008, valid_hours: 0.01}
valid_hours: 0.01
fatigue:
  - {id: one_a_day, scope: global, counts: invited, at_most: 1, within_hours: 24}
"""
STANDS = "SELECT about_event_id, disposition FROM journey.answers WHERE source = 'surveys' ORDER BY ALL"


class _Receiver:
    """The company's sender: away at first, then it takes what is signed."""

    def __init__(self, secret: bytes) -> None:
        self.is_away = True
        self.tries = 0
        self.taken: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                said = self.headers["Touchline-Signature"]
                seconds = int(said.partition(",")[0].removeprefix("t="))
                is_ours = said == signature(secret, seconds, body)
                document = json.loads(body)
                is_ours = is_ours and self.headers["Idempotency-Key"] == document["id"]
                receiver.tries += 1
                if is_ours and not receiver.is_away:
                    receiver.taken.append(document)
                self.send_response(503 if receiver.is_away else 204 if is_ours else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/invitations"


def _records(settings: Any, topic: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=1_500
    )
    try:
        for record in consumer:
            yield record.key, json.loads(record.value)
    finally:
        consumer.close()


def test_a_question_that_falls_due_is_handed_over_once_and_ends_when_its_time_is_over(
    stack: LocalStack, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "secret").write_text("sesame\n")
    topic = fresh_topic(stack, 1)
    receiver = _Receiver(b"sesame")
    files = {"sources_file": tmp_path / "sources.yaml", "survey_policy": str(tmp_path / "policy.yaml")}
    inviting = {
        "invitations_topic": topic,
        "invitations_webhook": receiver.url,
        "invitations_webhook_secret_file": tmp_path / "secret",
        "invitations_poll_seconds": 0.2,
    }
    with own_face_with_worker(stack, tmp_path / "face", partitions=2, tick_seconds=0.5, **files) as ledger:
        till = _Till(ledger)
        for number in (1, 2):
            till.says(f"c{number}", f"471{number}", "granted")
        client = connect(ledger.settings)
        with surveys(ledger.settings, tmp_path, **inviting) as running:
            till.sells("receipt-1", "4711")
            till.sells("receipt-2", "4712")
            till.sells("receipt-3", "4713")  # who gave no consent
            wait_until(lambda: receiver.tries > 0, True)
            running.process.kill()  # the topic has it, the webhook has not, and nothing says that it is invited
            running.process.wait()
            receiver.is_away = False
            till.sells("receipt-4", "4711")  # again: beyond the rule
            running.start()
            running.wait_ready()
            wait_until(lambda: {one["about"]["event_id"] for one in receiver.taken}, {"receipt-1", "receipt-2"})
            expected = [
                *(("receipt-1", "invited"), ("receipt-2", "invited"), ("receipt-3", "eligible")),
                ("receipt-4", "eligible"),
            ]
            wait_until(lambda: client.execute(STANDS), expected)
            first, second = (
                next(one for one in receiver.taken if one["about"]["event_id"] == f"receipt-{number}")
                for number in (1, 2)
            )
            _opens(running, first)
            _reports(running, second["id"])
            over = [("receipt-1", "expired"), ("receipt-2", "expired"), *expected[2:]]
            wait_until(lambda: client.execute(STANDS), over)
        records = list(_records(ledger.settings, topic))
        assert (
            {key.decode() for key, _ in records} == {one["id"] for one in receiver.taken} == {first["id"], second["id"]}
        )
        assert len(receiver.taken) == 2
        assert all(body in receiver.taken for _, body in records)  # the same, however often
        assert "4711" not in json.dumps(receiver.taken)
        client.disconnect()
        till.producer.close(10)
        touchline(ledger, "reconcile", "--wait", "30")


def _opens(running: SurveysProcess, body: dict[str, Any]) -> None:
    assert body["link"].startswith("http://127.0.0.1:8789/q/")
    page = running.request("GET", body["link"].removeprefix("http://127.0.0.1:8789"))
    assert page.status == 200
    assert body["question"]["text"].encode() in page.body


def _reports(running: SurveysProcess, ask_id: str) -> None:
    path = f"/v1/invitations/{ask_id}"
    assert running.request("POST", path, {"disposition": "delivered"}).status == 401
    answer = running.request("POST", path, {"disposition": "delivered"}, running.write_key)
    assert (answer.status, answer.json()["disposition"]) == (200, "delivered")
    unknown = running.request("POST", f"/v1/invitations/{'0' * 32}", {"disposition": "delivered"}, running.write_key)
    assert unknown.status == 404
