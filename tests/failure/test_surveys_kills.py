"""Surveys that are killed again and again while they are asked: no decision is lost, none stands twice, and no rule is broken."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support.engines import Ledger, own_face, working
from tests.support.surveying import SurveysProcess, surveys
from tests.support.workers import wait_for
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import format_time

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

KILLS = 4
PERSONS = 16
RECEIPTS = 4
SOURCES = """\
sources:
  retail-pos: {legal_basis: contract}
  surveys: {legal_basis: legitimate_interests}
"""
POLICY = """\
policy: till
version: 1
title: After the till
questions:
  - {question: nps_here, ask: {touchpoints: [store_purchase]}}
purposes: []
fatigue:
  - {id: two_a_day, scope: global, counts: shown, at_most: 2, within_hours: 24}
"""
ASKED = """
SELECT person, countIf(disposition = 'sampled'), countIf(disposition = 'eligible'), count(), uniqExact(about_event_id)
FROM journey.answers WHERE source = 'surveys' GROUP BY person
"""


def _ask_on_and_on(running: SurveysProcess, persons: list[str], told: Counter[str], stop: threading.Event) -> None:
    """Until it is stopped; whatever breaks is asked again. Counts each yes by its ask."""
    random = Random(threading.get_ident())
    while not stop.is_set():
        wanted = {"person": random.choice(persons), "source": "retail-pos"}
        wanted["event_id"] = f"receipt-{persons.index(wanted['person'])}-{random.randrange(RECEIPTS)}"
        try:
            answer = running.request("POST", "/v1/ask", wanted, running.write_key)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        if answer.status == 200 and answer.json()["ask"]:
            told[answer.json()["ask_id"]] += 1


def _sell_to_nobody(ledger: Ledger) -> None:
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        producer.emit(source="retail-pos", touchpoint="store_purchase")


def test_no_decision_is_lost_or_made_twice_however_often_the_surveys_are_killed(
    stack: LocalStack, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "policy.yaml").write_text(POLICY)
    files: dict[str, Any] = {"sources_file": tmp_path / "sources.yaml", "survey_policy": str(tmp_path / "policy.yaml")}
    told: Counter[str] = Counter()
    stop = threading.Event()
    with (
        own_face(stack, tmp_path / "face", partitions=2, tick_seconds=0.5, **files) as ledger,
        working(stack, ledger, tmp_path / "face") as worker,
    ):
        keys = PersonKeys.from_file(ledger.settings.person_key_file)
        persons = [keys.key("loyalty", f"77{number}") for number in range(PERSONS)]
        with TouchpointProducer.from_settings(ledger.settings) as producer:
            for number in range(PERSONS):
                for receipt in range(RECEIPTS):
                    producer.emit(
                        id=f"receipt-{number}-{receipt}",
                        source="retail-pos",
                        touchpoint="store_purchase",
                        time=format_time(time.time_ns() // 1_000 - 1_000_000),
                        identifiers=[{"type": "loyalty", "value": f"77{number}"}],
                    )
        with surveys(ledger.settings, tmp_path) as running:
            threads = [threading.Thread(target=_ask_on_and_on, args=(running, persons, told, stop)) for _ in range(3)]
            for thread in threads:
                thread.start()
            try:
                random = Random(19)
                for _ in range(KILLS):
                    worker.pause()  # what is decided from now on is known to Kafka and to this process alone
                    _sell_to_nobody(ledger)  # so that something waits in Kafka, whatever was decided
                    time.sleep(random.uniform(0.5, 2.0))
                    running.process.kill()
                    running.process.wait()
                    running.start()
                    wait_for(running.answers, lambda: running.log, 60)
                    first = running.request(
                        "GET", f"/v1/ask?person={persons[0]}&touchpoint=store_purchase", key=running.write_key
                    )
                    assert first.status == 503  # it does not know yet what the one before has decided
                    worker.resume()
                    running.wait_ready()
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            for person in persons:  # whoever was never asked in all that
                for receipt in range(RECEIPTS):
                    running.ask(
                        person=person, source="retail-pos", event_id=f"receipt-{persons.index(person)}-{receipt}"
                    )
        deadline = time.monotonic() + 60
        while lag(ledger.settings) != 0:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        client = connect(ledger.settings)
        rows = client.execute(ASKED)
        sampled = {
            one for (one,) in client.execute("SELECT event_id FROM journey.answers WHERE disposition = 'sampled'")
        }
        client.disconnect()
    assert [row[1:] for row in rows] == [(2, RECEIPTS - 2, RECEIPTS, RECEIPTS)] * PERSONS
    assert set(told) <= sampled  # a yes that was told stands
    assert set(told.values()) <= {1}  # and was told once
