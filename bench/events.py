"""Events for benchmarks: wire JSON of 300 to 400 bytes as the sender makes it, in order of time, each person on one
partition.

One in twenty is a survey answer, the others are touchpoints of the map `retail`; one person has about twenty events. Beside them the
simulator's events, as disturbed as the world is: half are answers, some come late, twice or in a higher revision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from kafka import KafkaProducer

from touchline.kafka.partitioning import partition_of
from touchline.schemas.events import ANSWER, TOUCHPOINT
from touchline.schemas.journey.read import load_map
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.simulation import simulate

EVENTS_PER_PERSON = 20
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=10)
PLACES = 400
TOUCHPOINTS = ("store_purchase", "store_purchase", "coupon", "campaign_mailing")
SEED = 7
SIMULATED_PER_PERSON = 7
"""Fewer than a person has on average, so that there are enough."""


class WireEvent(NamedTuple):
    """One Kafka record."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int


def make_events(count: int, partitions: int) -> Iterator[WireEvent]:
    """The same `count` events each time."""
    random = Random(SEED)
    persons = person_keys(count)
    homes = [partition_of(key.encode(), partitions) for key in persons]
    for number in range(count):
        who = random.randrange(len(persons))
        yield _event(random, number, persons[who], homes[who])


def person_key(number: int) -> str:
    """The key of one of the benchmarks' persons."""
    return f"bench:{sha256(str(number).encode()).hexdigest()}"


def events_of(persons: Iterable[int], first_number: int, partitions: int) -> Iterator[WireEvent]:
    """An event of each of these persons in this order, numbered from `first_number`, which also says its time."""
    random = Random(SEED + first_number)
    for number, person in enumerate(persons, first_number):
        key = person_key(person)
        yield _event(random, number, key, partition_of(key.encode(), partitions))


def _event(random: Random, number: int, key: str, partition: int) -> WireEvent:
    at = (BEGIN + STEP * number).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "id": f"e{number:09}",
        "source": "retail-pos",
        "time": at,
        "received_at": at,
        "persons": [{"type": "loyalty_card", "key": key}],
        "simulated": True,
        **(_answer(random) if number % 20 == 19 else _touchpoint(random, number)),
    }
    return wire_event(event, key, partition)


def wire_event(event: dict[str, Any], key: str, partition: int) -> WireEvent:
    """The record of an event."""
    return WireEvent(key.encode(), json.dumps(event, separators=(",", ":")).encode(), _headers(event), partition)


def person_keys(count: int) -> list[str]:
    """Of the persons of so many events."""
    return [person_key(number) for number in range(max(1, count // EVENTS_PER_PERSON))]


def make_simulated_events(count: int, partitions: int) -> Iterator[WireEvent]:
    """The first `count` touchpoints and answers of a simulation, the same each time, in the order of their arrival."""
    journey_map = load_map(Path(__file__).parent.parent / "journeys" / "retail.yaml")
    lines = simulate(SimulationParameters(SEED, persons=max(50, count // SIMULATED_PER_PERSON), days=120), journey_map)
    sent = (line for line in lines if line["kind"] == "sent" and line["event"]["type"] in (ANSWER, TOUCHPOINT))
    for line in islice(sent, count):
        event: dict[str, Any] = {**line["event"], "received_at": line["arrives_at"]}
        names = event.pop("identifiers")
        keys = [f"bench:{sha256(f'{kind} {value}'.encode()).hexdigest()}" for kind, value in names]
        event["persons"] = [{"type": kind, "key": key} for (kind, _), key in zip(names, keys, strict=True)]
        value = json.dumps(event, separators=(",", ":")).encode()
        key = keys[0].encode()
        yield WireEvent(key, value, _headers(event), partition_of(key, partitions))


def send_events(bootstrap: str, topic: str, count: int, partitions: int, *, simulated: bool = False) -> float:
    """Write the events to the topic; returns their mean size in bytes."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=256 << 10, enable_idempotence=True)
    size = 0
    for event in (make_simulated_events if simulated else make_events)(count, partitions):
        producer.send(topic, event.value, key=event.key, headers=event.headers, partition=event.partition)
        size += len(event.value)
    producer.flush()
    producer.close()
    return size / count


def _touchpoint(random: Random, number: int) -> dict[str, object]:
    touchpoint = random.choice(TOUCHPOINTS)
    fields: dict[str, object] = {"type": "touchline.touchpoint.v1", "touchpoint": touchpoint, "place": _place(random)}
    if touchpoint == "store_purchase":
        fields["amount"] = {"amount_minor": random.randrange(100, 20_000), "currency": "USD"}
        fields["order"] = {"id": f"o{number}", "kind": "purchase"}
    return fields


def _answer(random: Random) -> dict[str, object]:
    return {
        "type": "touchline.answer.v1",
        "about": {"touchpoint": "store_purchase"},
        "survey": "relation",
        "question": "recommend",
        "kpi": "nps",
        "scope": "relational",
        "scale_min": 0,
        "scale_max": 10,
        "score": random.randrange(11),
        "disposition": "complete",
    }


def _place(random: Random) -> str:
    return f"store-{random.randrange(PLACES)}"


def _headers(event: dict[str, object]) -> list[tuple[str, bytes]]:
    named = {"ce_id": "id", "ce_source": "source", "ce_type": "type", "ce_time": "time"}
    return [(header, str(event[field]).encode()) for header, field in named.items()] + [("ce_specversion", b"1.0")]
