"""Records by librdkafka with its own partitioner and with Kafka's: all of them count."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from confluent_kafka import Producer

from tests.support.engines import PARTITIONS, Ledger
from tests.support.real_worker import ask, real_worker
from touchline.cli.main import run
from touchline.kafka.partitioning import partition_of
from touchline.schemas.identifiers import PersonKeys

KEYS = PersonKeys("k1", bytes(32))
PERSONS = 40
SECONDS = 30
STORED = "SELECT event_id FROM journey.touchpoints WHERE source = 'retail-pos'"


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


def test_records_count_wherever_another_clients_partitioner_puts_them(ledger: Ledger, tmp_path: Path) -> None:
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
        wanted = own.keys() | foreign.keys()
        deadline = time.monotonic() + SECONDS
        while {event_id for (event_id,) in ask(ledger.settings, STORED)} != wanted:
            assert time.monotonic() < deadline, "a record that lies in another partition is not published"
            time.sleep(0.2)
        ((persons,),) = ask(ledger.settings, "SELECT uniqExact(person) FROM journey.touchpoints")
        assert persons == 2 * PERSONS
        assert json.loads(touchline(ledger, "quarantine", "list", "--json"))["entries"] == []


def touchline(ledger: Ledger, *arguments: str) -> str:
    """What a command prints."""
    out = io.TextIOWrapper(buffer := io.BytesIO(), encoding="utf-8", write_through=True)
    with mock.patch.dict(os.environ, ledger.environment), contextlib.redirect_stdout(out):
        assert run(arguments) == 0, arguments
    return buffer.getvalue().decode()
