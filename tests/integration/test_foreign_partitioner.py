"""Records by librdkafka with its own partitioner and with Kafka's: stored, or kept out with a message that names the partitioner."""

from __future__ import annotations

import contextlib
import io
import json
import os
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from confluent_kafka import Producer

from tests.support.engines import PARTITIONS, Ledger
from tests.support.real_worker import ask, real_worker
from touchline.cli.main import run
from touchline.kafka.partitioning import partition_of
from touchline.local.doctor import Grade, examine
from touchline.local.stack import LocalStack
from touchline.schemas.identifiers import PersonKeys

KEYS = PersonKeys("k1", bytes(32))
PERSONS = 40
SECONDS = 30
WORD = "partitioner=murmur2_random"


def _note(partitions: dict[str, int], event_id: str, _error: object, message: Any) -> None:
    partitions[event_id] = message.partition()


def _send(ledger: Ledger, name: str, **options: str) -> dict[str, int]:
    """One visit of each person; returns the partitions by id."""
    producer = Producer({"bootstrap.servers": ledger.settings.kafka_bootstrap, "log_level": 0, **options})
    partitions: dict[str, int] = {}
    for person in range(PERSONS):
        key = KEYS.key("login", f"{name}-{person}")
        visit: dict[str, Any] = {
            "type": "touchline.touchpoint.v1",
            "id": f"{name}-{person}",
            "source": "retail-pos",
            "time": "2026-03-01T10:00:00Z",
            "persons": [{"type": "login", "key": key}],
            "touchpoint": "store_visit",
        }
        producer.produce(
            ledger.settings.topic,
            json.dumps(visit).encode(),
            key.encode(),
            on_delivery=partial(_note, partitions, visit["id"]),
        )
    assert producer.flush(SECONDS) == 0
    return partitions


def test_another_clients_partitioner_is_named_and_kafkas_own_is_stored(ledger: Ledger, tmp_path: Path) -> None:
    own = _send(ledger, "own", partitioner="murmur2_random")
    foreign = _send(ledger, "foreign")
    elsewhere = {
        event_id
        for event_id, partition in foreign.items()
        if partition != partition_of(KEYS.key("login", event_id).encode(), PARTITIONS)
    }
    assert len(own) == len(foreign) == PERSONS
    assert elsewhere

    with real_worker(ledger.settings, tmp_path):
        touchline(ledger, "reconcile", "--wait", str(SECONDS))
        stored = "SELECT event_id FROM journey.touchpoints WHERE source = 'retail-pos'"
        assert {event_id for (event_id,) in ask(ledger.settings, stored)} == own.keys() | (foreign.keys() - elsewhere)
        kept_out = json.loads(touchline(ledger, "quarantine", "list", "--json"))
        assert {one["event_id"] for one in kept_out["entries"]} == elsewhere
        assert {one["reason"] for one in kept_out["entries"]} == {"key_mismatch"}
        (place, *_) = [one["position"] for one in kept_out["entries"]]
        for command in (("quarantine", "list"), ("quarantine", "show", place), ("report",)):
            assert WORD in touchline(ledger, *command).replace("\n", " "), command
        said = next(one for one in examine(LocalStack.of(ledger.settings)) if one.check == "quarantine")
        assert said.grade is Grade.WARNING
        assert said.fact == f"{len(elsewhere)} records kept out: key_mismatch {len(elsewhere)}"
        assert WORD in said.hint

        touchline(ledger, "quarantine", "replay", "--reason", "key_mismatch")
        touchline(ledger, "reconcile", "--wait", str(SECONDS))
        assert len(ask(ledger.settings, stored)) == 2 * PERSONS


def touchline(ledger: Ledger, *arguments: str) -> str:
    """What a command prints."""
    out = io.TextIOWrapper(buffer := io.BytesIO(), encoding="utf-8", write_through=True)
    with mock.patch.dict(os.environ, ledger.environment), contextlib.redirect_stdout(out):
        assert run(arguments) == 0, arguments
    return buffer.getvalue().decode()
