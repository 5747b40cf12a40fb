"""On the real stack: no planted personal value is in Kafka or in the tables, and persons stay who they are over a rotation of the keys."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.engines import PARTITIONS, Ledger, touchline
from tests.support.real_worker import ask, real_worker
from touchline.local.parts import settings_environment
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys

SECONDS = 60
PLANTED = (
    "zeb.quux@example.org",
    "+49 170 1234567",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "203.0.113.77",
)
PIECES = ("zeb.quux", "1234567", "1111 1111", "0532 0130", "113.77")


def visit(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1", "id": f"v{number}", "source": "retail-pos", "time": f"2026-03-01T10:{number:02}:00Z",
        "touchpoint": "store_visit", **fields,
    }  # fmt: skip


def in_kafka(ledger: Ledger) -> str:
    """All bytes of the topic: keys, values, headers."""
    consumer = KafkaConsumer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    try:
        partitions = [TopicPartition(ledger.settings.topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        wanted, found = sum(consumer.end_offsets(partitions).values()), list[str]()
        deadline = time.monotonic() + SECONDS
        while len(found) < wanted and time.monotonic() < deadline:
            for records in consumer.poll(200).values():
                found += [f"{one.key!r} {one.value.decode()} {one.headers}" for one in records]
        return "\n".join(found)
    finally:
        consumer.close()


def test_planted_values_reach_neither_kafka_nor_the_tables_and_what_a_foreign_client_writes_is_not_stored(
    ledger: Ledger, tmp_path: Path
) -> None:
    note = " and ".join(PLANTED)
    file = tmp_path / "events.ndjson"
    file.write_text(
        json.dumps(
            visit(1, identifiers=[["mail", PLANTED[0]]], properties={"note": note}, extra={"deep": note}, ip=PLANTED[4])
        )
    )
    verdict = json.loads(touchline(ledger, "emit", str(file), "--json"))
    assert {(one["field"], one["kind"]) for one in verdict["masked"]} >= {
        ("properties.note", "mail"),
        ("extra.deep", "card"),
    }
    sent = in_kafka(ledger)
    assert "[mail] and [phone] and [card] and [iban] and [ip]" in sent
    assert [piece for piece in PIECES if piece in sent] == []

    foreign = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    foreign.send(
        ledger.settings.topic,
        json.dumps(visit(2, properties={"note": note}, extra=note)).encode(),
        key=b"retail-pos/v2",
    )
    foreign.flush()
    foreign.close()
    with real_worker(ledger.settings, tmp_path):
        touchline(ledger, "reconcile", "--wait", str(SECONDS))
    stored = "\n".join(str(row) for row in ask(ledger.settings, "SELECT * FROM journey_raw.ledger"))
    assert stored.count("[mail] and [phone] and [card] and [iban] and [ip]") >= 4
    assert [piece for piece in PIECES if piece in stored] == []


def test_persons_stay_one_person_over_a_rotation_of_the_keys(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "person_key"
    path.write_text(f"k1:{bytes(32).hex()}\n")
    settings = ledger.settings.with_changes(person_key_file=path)
    cards = [("loyalty", f"card {number}") for number in range(8)]
    cookies = [("anonymous", f"cookie {number}") for number in range(8)]
    homes = [("household", f"home {number}") for number in range(8)]

    def send(first: int, persons: list[list[tuple[str, str]]]) -> None:
        with TouchpointProducer.from_settings(settings) as producer:
            producer.emit_many(
                visit(first + number, id=f"r{first + number:02}", identifiers=some)
                for number, some in enumerate(persons)
            )

    with real_worker(settings, tmp_path):
        send(0, [[card] for card in cards])
        send(8, [[card, cookie] for card, cookie in zip(cards, cookies, strict=True)])
        send(16, [[home] for home in homes])
        touchline(ledger._replace(environment=settings_environment(settings)), "keys", "rotate")
        assert len(PersonKeys.from_file(path).older) == 1
        send(24, [[card] for card in cards])
        send(32, [[cookie] for cookie in cookies])
        send(40, [[home] for home in homes])
        touchline(ledger, "reconcile", "--wait", str(SECONDS))
        deadline = time.monotonic() + SECONDS
        of_card = {tuple(f"r{first + number:02}" for first in (0, 8, 24, 32)) for number in range(8)}
        wanted = of_card | {(f"r{16 + number:02}", f"r{40 + number:02}") for number in range(8)}
        while (found := persons_of(ledger)) != wanted:
            assert time.monotonic() < deadline, f"persons are {found}"
            time.sleep(0.3)


def persons_of(ledger: Ledger) -> set[tuple[str, ...]]:
    """The visits of each person, in their order."""
    visits = "SELECT arraySort(groupArray(event_id)) FROM journey.touchpoints WHERE startsWith(event_id, 'r') GROUP BY person"
    rows = ask(ledger.settings, visits)
    return {tuple(one) for (one,) in rows}
