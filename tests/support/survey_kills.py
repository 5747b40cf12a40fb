"""`touchline surveys serve` that is killed (SIGKILL) again and again while it is asked: what came of it."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.engines import Ledger, own_face, working
from tests.support.real_worker import ask
from tests.support.surveying import SurveysProcess, surveys
from tests.support.workers import wait_for
from touchline.kafka.offsets import lag
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import format_time

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PERSONS = 4
"""So many more are asked about from each kill on."""
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
AT_MOST = 2
"""Of the rule."""
READY_SECONDS = 120.0
ASKED = """
SELECT person, countIf(disposition = 'sampled'), countIf(disposition = 'eligible'), count(), uniqExact(about_event_id)
FROM journey.answers WHERE source = 'surveys' GROUP BY person
"""


class Asked(NamedTuple):
    """How many persons; of each how many asks were sampled, eligible, in all, and about different events; each yes that was told, by its
    ask, and how often; the asks that stand as sampled."""

    persons: int
    decisions: list[tuple[int, ...]]
    told: Counter[str]
    sampled: set[str]


def ask_and_kill(stack: LocalStack, folder: Path, kills: int, random: Random) -> Asked:
    """So many kills, each while persons are asked about and what is decided waits in Kafka. Raises AssertionError where a process that has
    just begun decides before it knows what the one before has decided."""
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "policy.yaml").write_text(POLICY)
    files: dict[str, Any] = {"sources_file": folder / "sources.yaml", "survey_policy": str(folder / "policy.yaml")}
    with (
        own_face(stack, folder / "face", partitions=2, tick_seconds=0.5, **files) as ledger,
        working(stack, ledger, folder / "face") as worker,
    ):
        persons, there = _sell(ledger, PERSONS * kills), list[str]()
        with surveys(ledger.settings, folder) as running:
            with _asking(running, there) as told:
                for number in range(kills):
                    worker.pause()  # what is decided from now on is known to Kafka and to this process alone
                    there += persons[number * PERSONS : (number + 1) * PERSONS]
                    _sell_to_nobody(ledger)  # so that something waits in Kafka, whatever was decided
                    time.sleep(random.uniform(0.5, 2.0))
                    _kill(running, persons[0])
                    worker.resume()
                    running.wait_ready(READY_SECONDS)
            for number, person in enumerate(persons):  # whoever was never asked in all that
                for receipt in range(RECEIPTS):
                    running.ask(person=person, source="retail-pos", event_id=f"receipt-{number}-{receipt}")
        wait_for(lambda: lag(ledger.settings) == 0, lambda: "the worker does not catch up", READY_SECONDS)
        rows = ask(ledger.settings, ASKED)
        sampled = ask(ledger.settings, "SELECT event_id FROM journey.answers WHERE disposition = 'sampled'")
    return Asked(len(persons), [row[1:] for row in rows], told, {one for (one,) in sampled})


def faults(asked: Asked) -> list[str]:
    """What must never be: a decision that is lost or made twice, somebody asked beyond the rule, a yes that does not stand or was told
    twice."""
    wanted = [(AT_MOST, RECEIPTS - AT_MOST, RECEIPTS, RECEIPTS)] * asked.persons
    found = [] if asked.decisions == wanted else [f"decisions: {asked.decisions}"]
    found += [f"a yes that was told does not stand: {one}" for one in sorted(set(asked.told) - asked.sampled)]
    return found + [f"told twice: {one}" for one, times in sorted(asked.told.items()) if times > 1]


def _ask_on_and_on(running: SurveysProcess, persons: list[str], told: Counter[str], stop: threading.Event) -> None:
    """Until it is stopped; whatever breaks is asked again. Counts each yes by its ask."""
    random = Random(threading.get_ident())
    while not stop.is_set():
        if not persons:
            time.sleep(0.05)
            continue
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


def _sell(ledger: Ledger, persons: int) -> list[str]:
    """Receipts of so many persons; their keys."""
    keys = PersonKeys.from_file(ledger.settings.person_key_file)
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        for number in range(persons):
            for receipt in range(RECEIPTS):
                producer.emit(
                    id=f"receipt-{number}-{receipt}",
                    source="retail-pos",
                    touchpoint="store_purchase",
                    time=format_time(time.time_ns() // 1_000 - 1_000_000),
                    identifiers=[{"type": "loyalty", "value": f"77{number}"}],
                )
    return [keys.key("loyalty", f"77{number}") for number in range(persons)]


@contextmanager
def _asking(running: SurveysProcess, persons: list[str]) -> Iterator[Counter[str]]:
    """Some ask all the time while the block runs. Each yes that was told, by its ask."""
    told: Counter[str] = Counter()
    stop = threading.Event()
    threads = [threading.Thread(target=_ask_on_and_on, args=(running, persons, told, stop)) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _kill(running: SurveysProcess, person: str) -> None:
    running.process.kill()
    running.process.wait()
    running.start()
    wait_for(running.answers, lambda: running.log, READY_SECONDS)
    first = running.request("GET", f"/v1/ask?person={person}&touchpoint=store_purchase", key=running.write_key)
    assert first.status == 503  # it does not know yet what the one before has decided
