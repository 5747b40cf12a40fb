"""Who may be asked, on the real stack: an order comes in, the surveys say yes or no with the reason, and every decision stands once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.surveying import SurveysProcess, surveys
from touchline.clickhouse.connect import connect
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import format_time

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

SOURCES = """\
sources:
  retail-pos: {legal_basis: contract}
  crm: {legal_basis: contract}
  surveys: {legal_basis: legitimate_interests}
"""
POLICY = """\
policy: after_the_till
version: 3
title: After the till
questions:
  - {question: nps_here, ask: {touchpoints: [store_purchase]}}
fatigue:
  - {id: one_a_day, scope: global, counts: shown, at_most: 1, within_hours: 24}
"""
DECIDED = """
SELECT about_event_id, survey, question, disposition, count() FROM journey.answers WHERE source = 'surveys'
GROUP BY ALL ORDER BY ALL
"""
REASONS = """
SELECT about_event_id, properties['reason'], properties['rule'] FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND source = 'surveys' AND sign = 1 ORDER BY ALL
"""
PATIENCE_SECONDS = 60.0


def wait_until(read: Callable[[], Any], expected: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := read()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


class _Till:
    """Sends receipts and what customers say of consent."""

    def __init__(self, ledger: Ledger) -> None:
        self.producer = TouchpointProducer.from_settings(ledger.settings)
        self.keys = PersonKeys.from_file(ledger.settings.person_key_file)

    def sells(self, receipt: str, card: str) -> None:
        self._emit(receipt, card, source="retail-pos", touchpoint="store_purchase", action="purchase")

    def says(self, statement: str, card: str, state: str) -> None:
        now = format_time(time.time_ns() // 1_000)
        said = {"consent_id": f"letter-{card}", "purposes": ["contact_me"], "state": state, "effective_at": now}
        self._emit(statement, card, source="crm", type="touchline.consent.v1", **said)

    def _emit(self, event_id: str, card: str, **fields: Any) -> None:
        self.producer.emit(id=event_id, identifiers=[{"type": "loyalty", "value": card}], **fields)
        self.producer.flush(30)


def test_a_decision_is_made_once_with_its_reason_and_stands_in_the_ledger(stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "policy.yaml").write_text(POLICY)
    files = {"sources_file": tmp_path / "sources.yaml", "survey_policy": str(tmp_path / "policy.yaml")}
    with own_face_with_worker(stack, tmp_path / "face", partitions=2, tick_seconds=0.5, **files) as ledger:
        till = _Till(ledger)
        anna, ben = (till.keys.key("loyalty", card) for card in ("4711", "4712"))
        till.says("c1", "4711", "granted")
        till.says("c2", "4712", "granted")
        till.sells("receipt-1", "4711")
        till.sells("receipt-2", "4712")
        with surveys(ledger.settings, tmp_path) as running:
            wait_until(lambda: _reason(running, ben), "asked")
            first = running.ask(person=anna, touchpoint="store_purchase", language="de-AT")
            assert (first["ask"], first["reason"], first["about"]["event_id"]) == (True, "asked", "receipt-1")
            assert (first["policy"], first["policy_version"]) == ("after_the_till", 3)
            assert (first["question"]["id"], first["question"]["language"]) == ("nps_here", "de")
            again = running.ask(person=anna, touchpoint="store_purchase")
            assert (again["ask"], again["reason"], again["ask_id"]) == (False, "already_asked", first["ask_id"])
            till.sells("receipt-3", "4711")
            by_card = {
                "identifier": {"type": "loyalty", "value": "4711"},
                "source": "retail-pos",
                "event_id": "receipt-3",
            }
            spared = {"ask": False, "reason": "fatigue", "rule": "one_a_day"}
            wait_until(lambda: spared.items() <= _post(running, by_card).items(), True)
            till.says("c3", "4711", "withdrawn")
            wait_until(lambda: _post(running, by_card)["reason"], "consent_withdrawn")
            assert "4711" not in running.log
            assert running.ask(person=ben, touchpoint="web_visit")["reason"] == "no_event"
            running.process.kill()
            running.process.wait()
            running.start()
            running.wait_ready()
            assert _reason(running, anna) == "consent_withdrawn"
            assert _reason(running, ben) == "already_asked"
        client = connect(ledger.settings)
        expected = [
            *[(f"receipt-{number}", "after_the_till", "nps_here", "sampled", 1) for number in (1, 2)],
            ("receipt-3", "after_the_till", "nps_here", "eligible", 1),
        ]
        wait_until(lambda: client.execute(DECIDED), expected)
        reasons = [("receipt-1", "asked", ""), ("receipt-2", "asked", ""), ("receipt-3", "fatigue", "one_a_day")]
        assert client.execute(REASONS) == reasons
        client.disconnect()
        till.producer.close(10)
        tried = touchline(ledger, "surveys", "ask", "loyalty:4711", "store_purchase")
        assert tried.startswith("no: consent_withdrawn (contact_me)")
        touchline(ledger, "reconcile", "--wait", "30")


def _reason(running: SurveysProcess, person: str) -> str:
    return str(running.ask(person=person, touchpoint="store_purchase")["reason"])


def _post(running: SurveysProcess, document: object) -> dict[str, Any]:
    answer = running.request("POST", "/v1/ask", document, running.write_key)
    assert answer.status == 200, answer.body
    said: dict[str, Any] = answer.json()
    return said
