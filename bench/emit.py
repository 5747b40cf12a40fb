"""What a sender's process spends on an event, ours against bare kafka-python: `./run bench emit [--json] [--events N]
[--rounds N]`.

Each round has a Kafka of its own in a temporary folder, and three runs over the same events, in changing order, each in
a process of its own:

- bare: `KafkaProducer.send(topic, value, key=, headers=)` with idempotence, and records that are ready as bytes: nothing
  is checked, no person key made, no JSON written, nothing kept on disk;
- emit: `TouchpointProducer.emit` with raw identifiers, through an outbox;
- emit_many: the same with all events at once.

The same records arrive in Kafka. Counted is the whole process, its draining thread and the waiting for the last
acknowledgement included: CPU time, user and system. Throughput by the clock is reported beside it; on a busy machine it
says more about the machine. Ratios are of events per CPU second; the spread is the lowest and highest of a round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.events import make_events
from bench.rounds import rounds_within
from touchline.kafka.topic import ensure_topic
from touchline.local.stack import LocalStack
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.record import RecordMaker
from touchline.schemas.identifiers import PersonKeys

EVENTS = 40_000
WARM_UP_EVENTS = 2_000
ROUNDS = 3
PARTITIONS = 4
BUDGET_SECONDS = 420.0
SIDES = ("bare", "emit", "emit_many")
KEYS = PersonKeys("bench", bytes(32))
LINGER_MS = 20
BATCH_BYTES = 256 << 10
MOMENT_US = 1_800_000_000_000_000
"""The clock of both sides stands still, so that both send the same bytes."""


class Measured(NamedTuple):
    """One side's run over the events."""

    cpu_us_per_event: float
    events_per_second: float


def main() -> None:
    """Run the benchmark, or as a child one side of it; the last line of --json is one object."""
    arguments = _arguments()
    if arguments.side:
        measured = measure(arguments.side, arguments.kafka, arguments.topic, Path(arguments.folder), arguments.events)
        print(json.dumps(measured))
        return
    rounds: list[dict[str, Measured]] = []
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        order = [*SIDES[number % 3 :], *SIDES[: number % 3]]
        rounds.append(run_round(arguments.events, order))
        shown = ", ".join(f"{side} {rounds[-1][side].cpu_us_per_event:.1f}" for side in SIDES)
        print(f"round {number + 1}: us of CPU an event: {shown}", file=sys.stderr)
    result = summarize(rounds, arguments.events)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def summarize(rounds: Sequence[dict[str, Measured]], events: int) -> dict[str, object]:
    """Medians over the rounds."""
    result: dict[str, object] = {}
    for side in SIDES[1:]:
        ratios = [found["bare"].cpu_us_per_event / found[side].cpu_us_per_event for found in rounds]
        by_clock = [found[side].events_per_second / found["bare"].events_per_second for found in rounds]
        result |= {
            f"{side}_ratio_to_kafka_python": round(statistics.median(ratios), 2),
            f"{side}_ratio_min": round(min(ratios), 2),
            f"{side}_ratio_max": round(max(ratios), 2),
            f"{side}_ratio_by_clock": round(statistics.median(by_clock), 2),
        }
    for side in SIDES:
        result[f"{side}_cpu_us_per_event"] = round(
            statistics.median(found[side].cpu_us_per_event for found in rounds), 1
        )
        result[f"{side}_events_per_second"] = round(
            statistics.median(found[side].events_per_second for found in rounds)
        )
    return {**result, "events": events, "rounds": len(rounds)}


def run_round(events: int, order: Sequence[str]) -> dict[str, Measured]:
    """All sides on one broker, each with a topic and an outbox of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS, migrate=False) as stack,
    ):
        found = {}
        for side in order:
            settings = stack.settings.with_changes(topic=f"bench-{side}", partitions=PARTITIONS)
            ensure_topic(settings, stack.cluster.replication)
            command = [sys.executable, "-m", "bench.emit", "--side", side, "--kafka", settings.kafka_bootstrap]
            command += ["--topic", settings.topic, "--folder", f"{folder}/outbox-{side}", "--events", str(events)]
            outcome = subprocess.run(command, capture_output=True, text=True, check=False)
            if outcome.returncode:
                raise SystemExit(outcome.stderr)
            found[side] = Measured(*json.loads(outcome.stdout.splitlines()[-1]))
            arrived = _count(settings.kafka_bootstrap, settings.topic)
            if arrived != events + WARM_UP_EVENTS:
                raise SystemExit(f"{side}: {arrived} records arrived of {events + WARM_UP_EVENTS}")
        return found


def measure(side: str, bootstrap: str, topic: str, outbox: Path, events: int) -> Measured:
    """One side, in this process, after a warm-up that connects it."""
    everything = _events(events + WARM_UP_EVENTS)
    if side == "bare":
        send_all, flush = _bare(bootstrap, topic)
        maker = RecordMaker(KEYS, None, lambda: MOMENT_US)
        ready: list[Any] = [
            (record.key, record.value, record.headers) for record in (maker.make(event) for event in everything)
        ]
    else:
        send_all, flush = _ours(side, bootstrap, topic, outbox)
        ready = everything
    send_all(ready[:WARM_UP_EVENTS])
    flush()
    rest = ready[WARM_UP_EVENTS:]
    began_s, cpu_s = time.perf_counter(), time.process_time()
    send_all(rest)
    flush()
    cpu_s, seconds = time.process_time() - cpu_s, time.perf_counter() - began_s
    return Measured(cpu_s / events * 1e6, events / seconds)


Send = Callable[[Sequence[Any]], object]


def _bare(bootstrap: str, topic: str) -> tuple[Send, Callable[[], object]]:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=LINGER_MS, batch_size=BATCH_BYTES
    )

    def send_all(records: Sequence[Any]) -> None:
        for key, value, headers in records:
            producer.send(topic, value, key=key, headers=headers)

    return send_all, producer.flush


def _ours(side: str, bootstrap: str, topic: str, outbox: Path) -> tuple[Send, Callable[[], object]]:
    producer = TouchpointProducer(bootstrap, topic, outbox=outbox, person_keys=KEYS, clock_us=lambda: MOMENT_US)

    def emit_all(events: Sequence[Any]) -> None:
        for event in events:
            producer.emit(event)

    return (emit_all if side == "emit" else producer.emit_many), producer.flush


def _events(count: int) -> list[dict[str, Any]]:
    """Events as a program has them: dictionaries with raw identifiers."""
    events = []
    for wire in make_events(count, PARTITIONS):
        event = json.loads(wire.value)
        person = event.pop("persons")[0]["key"]
        del event["received_at"]
        events.append({**event, "identifiers": [("loyalty", person[-16:])]})
    return events


def _count(bootstrap: str, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        return sum(consumer.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)]).values())
    finally:
        consumer.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench emit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events a run (default {EVENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default {ROUNDS})")
    for name in ("side", "kafka", "topic", "folder"):
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
