"""How long until an answer is an alert: `./run bench alerts [--json] [--per-minute N] [--seconds N]`.

Detractors answer at a steady rate, all of whom may be called: each answer opens a case. `touchline worker` and `touchline care` run as
processes of their own. An answer is stored when a reader, who asks every 20 ms, can first see its record; as the answer may have been there
since the question before, that moment is taken: what is told is at most that much too long. It is published when a consumer of the alerts'
topic has it. Beside it a consumer that knows nothing sends each record of the customer topic on to another topic: what Kafka alone costs,
from its acknowledgement until a consumer has the copy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
from kafka import KafkaConsumer, KafkaProducer

from bench.against import HERE, OURS, stack_for
from bench.cpu import read, wait_stored
from bench.events import WireEvent, person_key, wire_event
from bench.latency import Sight, cores, offsets_after, send_on_schedule, summarize
from bench.pipeline import process_of_worker, running
from touchline.care.cases import case_id
from touchline.clickhouse.connect import connect
from touchline.kafka.partitioning import partition_of
from touchline.kafka.topic import ensure_topic
from touchline.local.parts import settings_environment
from touchline.settings import Settings

RATES: Final = (100, 1_000)
SECONDS: Final = 60
PARTITIONS: Final = 4
READ_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 120.0
WARM: Final = 20
"""Answers before those that count: connections are there, and code is loaded."""
ALERTS: Final = "alerts"
COPIES: Final = "copies"
RULES: Final = f"""
version: 1
rules:
  - {{id: detractor, answer: {{kpi: nps, scored: bad}}, contact_within_hours: 24}}
sinks:
  - {{id: desk, kafka: {{topic: {ALERTS}}}}}
"""
SINCE: Final = "2026-01-01T00:00:00Z"
"""Before all events, which are of long ago."""
_SOURCES: Final = """
  bench: {legal_basis: contract}
  care: {legal_basis: legitimate_interests}
"""
_STORED: Final = """
SELECT toInt32(splitByChar('/', toString(stream))[-1]), max(offset) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"""


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    result: dict[str, object] = {"seconds": arguments.seconds}
    for rate in [arguments.per_minute] if arguments.per_minute else RATES:
        figures = measure(rate, arguments.seconds)
        result |= {f"{rate}_a_minute_{name}": value for name, value in figures.items()}
        print(f"{rate} a minute: {figures}", file=sys.stderr)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<48}{value}" for name, value in result.items()))


def measure(per_minute: int, seconds: int) -> dict[str, float]:
    """One rate on a stack of its own: seconds of latency, and cores of care and engine."""
    answers = WARM + per_minute * seconds // 60
    with ExitStack() as within:
        folder = Path(within.enter_context(tempfile.TemporaryDirectory(prefix="touchline-alerts-")))
        stack = within.enter_context(stack_for(HERE, PARTITIONS))
        settings = _prepared(stack.settings, folder)
        within.enter_context(process_of_worker(settings))
        environment = settings_environment(settings)
        care = within.enter_context(
            running([sys.executable, "-m", "touchline", "care"], environment, folder / "care.log")
        )
        processes = [psutil.Process(care), psutil.Process(stack.clickhouse.pid)]
        producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=0, enable_idempotence=True)
        events = [*map(_consent, range(answers)), *map(_answer, range(answers))]
        first, rest = events[: answers + WARM], events[answers + WARM :]
        alerts = within.enter_context(_heard(settings, ALERTS))
        for one in first:
            producer.send(settings.topic, one.value, key=one.key, headers=one.headers, partition=one.partition)
        client = connect(settings)
        wait_stored(client, processes, OURS, len(first), len(first))
        _wait(lambda: len(alerts) >= WARM)
        within.enter_context(_copied(settings))
        copies = within.enter_context(_heard(settings, COPIES))
        sights = within.enter_context(_sights(settings))
        time.sleep(2)
        before = read(0, processes)
        sent = send_on_schedule(producer, stack, rest, per_minute / 60, offsets_after(first))
        after = read(0, processes)
        wanted = [case_id("detractor", 1, "bench", _id(number)) for number in range(WARM, answers)]
        _wait(
            lambda: alerts.keys() >= set(wanted) and copies.keys() >= {_id(number) for number in range(WARM, answers)}
        )
        _wait(lambda: all(sights[-1].offsets.get(one.partition, -1) >= one.offset for one in sent))
        client.disconnect()
        producer.close()
    stored = [_stored_at(sights, one.partition, one.offset) for one in sent]
    published = [alerts[case] for case in wanted]
    copied = [copies[_id(number)] for number in range(WARM, answers)]
    return {
        **summarize("stored_to_published", [at - since for at, since in zip(published, stored, strict=True)]),
        **summarize("accepted_to_published", [at - one.accepted_at for at, one in zip(published, sent, strict=True)]),
        **summarize("accepted_to_copied", [at - one.accepted_at for at, one in zip(copied, sent, strict=True)]),
        "care_cores": cores(before, after)[0],
        "engine_cores": cores(before, after)[1],
    }


def _prepared(settings: Settings, folder: Path) -> Settings:
    (folder / "care.yaml").write_text(RULES)
    sources = folder / "sources.yaml"
    sources.write_text(f"sources:{_SOURCES}")
    for topic in (ALERTS, COPIES):
        ensure_topic(settings.with_changes(topic=topic, partitions=1), 1)
    return settings.with_changes(
        sources_file=sources, care_rules_file=folder / "care.yaml", care_dir=folder / "care", care_since=SINCE
    )


def _id(number: int) -> str:
    return f"a{number}"


def _consent(number: int) -> WireEvent:
    granted = {
        "consent_id": f"g{number}",
        "purposes": ["contact_me"],
        "state": "granted",
        "effective_at": "2026-01-01T00:00:00Z",
    }
    return _wire(number, {"type": "touchline.consent.v1", "id": f"c{number}", **granted})


def _answer(number: int) -> WireEvent:
    asked = {"about": {"touchpoint": "store_purchase"}, "survey": "relation", "question": "recommend", "kpi": "nps"}
    given = {"scope": "relational", "scale_min": 0, "scale_max": 10, "score": number % 7, "disposition": "complete"}
    return _wire(number, {"type": "touchline.answer.v1", "id": _id(number), **asked, **given})


def _wire(number: int, fields: Mapping[str, Any]) -> WireEvent:
    key, at = person_key(number), "2026-03-01T10:00:00.000Z"
    event = {
        "source": "bench",
        "time": at,
        "received_at": at,
        "persons": [{"type": "loyalty", "key": key}],
        "simulated": True,
    }
    return wire_event({**fields, **event}, key, partition_of(key.encode(), PARTITIONS))


@contextmanager
def _heard(settings: Settings, topic: str) -> Iterator[dict[str, float]]:
    """Case, or id of the event -> when a consumer first had the record, while the block runs."""
    heard: dict[str, float] = {}

    def hear(consumer: KafkaConsumer) -> None:
        for record in _records(consumer):
            said = json.loads(record.value)
            heard.setdefault(said.get("case") or said["id"], time.monotonic())

    with _consuming(settings, topic, hear):
        yield heard


@contextmanager
def _copied(settings: Settings) -> Iterator[None]:
    """A consumer that only sends on."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=0)

    def copy(consumer: KafkaConsumer) -> None:
        for record in _records(consumer):
            if b"touchline.case" not in record.value:
                producer.send(COPIES, record.value)

    with _consuming(settings, settings.topic, copy):
        yield
    producer.close()


@contextmanager
def _consuming(settings: Settings, topic: str, work: Any) -> Iterator[None]:
    consumer = KafkaConsumer(topic, bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="latest")
    while not consumer.poll(100) and not consumer.assignment():
        continue
    consumer.is_over = threading.Event()
    thread = threading.Thread(target=work, args=(consumer,))
    thread.start()
    try:
        yield
    finally:
        consumer.is_over.set()
        thread.join()
        consumer.close()


def _records(consumer: Any) -> Iterator[Any]:
    while not consumer.is_over.is_set():
        for records in consumer.poll(200).values():
            yield from records


@contextmanager
def _sights(settings: Settings) -> Iterator[list[Sight]]:
    """What a reader who asks again and again can see. Each sight has the moment at which the question before it was asked."""
    is_over, sights = threading.Event(), list[Sight]()

    def ask() -> None:
        client = connect(settings)
        asked_before = time.monotonic()
        while not is_over.wait(READ_SECONDS):
            asked = time.monotonic()
            sights.append(Sight(asked_before, dict(client.execute(_STORED))))
            asked_before = asked
        client.disconnect()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield sights
    finally:
        is_over.set()
        thread.join()


def _stored_at(sights: Sequence[Sight], partition: int, offset: int) -> float:
    return next(one.at for one in sights if one.offsets.get(partition, -1) >= offset)


def _wait(is_there: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise SystemExit(f"not all came within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench alerts", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--per-minute", type=int, help="answers a minute (default: each of 100 and 1,000)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long they are sent (default {SECONDS})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
