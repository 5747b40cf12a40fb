"""How long it takes until an event can be seen: `./run bench latency [--json] [--rate N] [--seconds N] [--partitions N]`.

A producer sends events at a steady rate to a worker that has caught up; a reader asks the ledger ten times a second up to which offset of
each partition records stand there (rows of a record and of its journey come in one insert, so a view shows them from then on). An event is
seen when the reader has that answer, so up to a tenth of a second and the time of a question are part of every latency.

Two latencies are told of the same events: from Kafka's acknowledgement, and from the moment at which the event was to be sent by the
schedule. When something stalls, the producer included, events that should have been sent meanwhile wait in the second: nothing is left out
because the load paused. Told, too, are the cores that worker and engine were busy, what the reader's questions alone cost the engine, and
the longest time between two answers: where that is long, the machine was too busy for the figures to say much.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final, NamedTuple

import psutil
from kafka import KafkaProducer

from bench.against import HERE, OURS, stack_for
from bench.cpu import Reading, read, wait_stored
from bench.events import WireEvent, make_events
from bench.pipeline import PATIENCE_SECONDS, process_of_worker
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack
from touchline.settings import Settings

RATES: Final = (500, 5_000)
PARTITIONS: Final = (4, 1)
SECONDS: Final = 30
FIRST_EVENTS: Final = 200
"""Sent, and seen, before the schedule begins: the worker runs then and has its partitions."""
READ_SECONDS: Final = 0.1
"""The reader rests so long between an answer and the next question."""
IDLE_SECONDS: Final = 3.0
"""So long the reader asks before the schedule begins: what its questions cost the engine."""
SLICE_SECONDS: Final = 0.005
"""The producer looks so often which events are due."""
PERCENTILES: Final = (50, 95, 99)
_SEEN: Final = (
    "SELECT stream, max(offset) FROM journey_raw.ledger WHERE kind = 'received' GROUP BY stream "
    "SETTINGS optimize_use_projections = 0"  # which takes longer to plan than to read
)


class Sight(NamedTuple):
    """What one answer of the reader showed: when it had it, and the highest offset of each partition."""

    at: float
    offsets: Mapping[int, int]


class Sent(NamedTuple):
    """An event of the schedule: its place in Kafka, when it was to be sent, when Kafka had it."""

    partition: int
    offset: int
    intended_at: float
    accepted_at: float


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    result: dict[str, object] = {"seconds": arguments.seconds}
    for partitions in [arguments.partitions] if arguments.partitions else PARTITIONS:
        for rate in [arguments.rate] if arguments.rate else RATES:
            figures = measure(rate, arguments.seconds, partitions)
            result |= {f"{partitions}_partitions_{rate}_{name}": value for name, value in figures.items()}
            print(f"{partitions} partitions, {rate} a second: {figures}", file=sys.stderr)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<48}{value}" for name, value in result.items()))


def measure(rate: int, seconds: int, partitions: int) -> dict[str, float]:
    """One rate on a stack of its own: seconds of latency, and cores."""
    events = list(make_events(FIRST_EVENTS + rate * seconds, partitions))
    with stack_for(HERE, partitions) as stack, process_of_worker(stack.settings) as pid:
        processes = [psutil.Process(pid), psutil.Process(stack.clickhouse.pid)]
        producer = KafkaProducer(bootstrap_servers=stack.settings.kafka_bootstrap, linger_ms=5, enable_idempotence=True)
        first, rest = events[:FIRST_EVENTS], events[FIRST_EVENTS:]
        for event in first:
            _send(producer, stack, event)
        _wait_first(stack, processes)
        sights: list[Sight] = []
        with _reader(stack.settings, sights):
            idle = read(0, processes)
            time.sleep(IDLE_SECONDS)
            before = read(0, processes)
            sent = send_on_schedule(producer, stack, rest, rate, offsets_after(first))
            after = read(0, processes)
            _wait_seen(sights, sent)
        producer.close()
    seen = seen_at(sent, sights)
    return {
        **summarize("from_accepted", [at - one.accepted_at for one, at in zip(sent, seen, strict=True)]),
        **summarize("from_intended", [at - one.intended_at for one, at in zip(sent, seen, strict=True)]),
        "idle_engine_cores": cores(idle, before)[1],
        "worker_cores": cores(before, after)[0],
        "engine_cores": cores(before, after)[1],
        "reader_longest_gap": round(max(late.at - early.at for early, late in pairwise(sights)), 3),
    }


def cores(early: Reading, late: Reading) -> list[float]:
    """How busy worker and engine were between two readings."""
    seconds = late.at - early.at
    pairs = zip(early.cpu_seconds, late.cpu_seconds, strict=True)
    return [round((after - before) / seconds, 2) for before, after in pairs]


def offsets_after(events: Sequence[WireEvent]) -> dict[int, int]:
    """The next offset of each partition of a topic that holds these events."""
    offsets: dict[int, int] = {}
    for event in events:
        offsets[event.partition] = offsets.get(event.partition, 0) + 1
    return offsets


def send_on_schedule(
    producer: KafkaProducer, stack: LocalStack, events: Sequence[WireEvent], rate: float, offsets: dict[int, int]
) -> list[Sent]:
    """Send each event when it is due, or at once where that is past; returns when all are acknowledged."""
    accepted = [0.0] * len(events)
    places: list[tuple[int, int]] = []
    start = time.monotonic()

    def acknowledged(number: int, metadata: Any) -> None:
        accepted[number] = time.monotonic()
        if metadata is not None:  # others may write to the topic, too
            places[number] = (metadata.partition, metadata.offset)

    for number, event in enumerate(events):
        while time.monotonic() < start + number / rate:
            time.sleep(SLICE_SECONDS)
        offset = offsets.get(event.partition, 0)
        offsets[event.partition] = offset + 1
        places.append((event.partition, offset))
        future = _send(producer, stack, event)
        future.add_callback(lambda metadata, number=number: acknowledged(number, metadata))
    producer.flush()
    while not all(accepted):  # the last callbacks may still run
        time.sleep(SLICE_SECONDS)
    return [Sent(*place, start + number / rate, accepted[number]) for number, place in enumerate(places)]


def _send(producer: KafkaProducer, stack: LocalStack, event: WireEvent) -> Any:
    return producer.send(
        stack.settings.topic, event.value, key=event.key, headers=event.headers, partition=event.partition
    )


def _wait_first(stack: LocalStack, processes: Sequence[psutil.Process]) -> None:
    client = connect(stack.settings)
    try:
        wait_stored(client, processes, OURS, FIRST_EVENTS, FIRST_EVENTS)
    finally:
        client.disconnect()


@contextmanager
def _reader(settings: Settings, sights: list[Sight]) -> Iterator[None]:
    """Somebody who asks again and again while the block runs."""
    is_over = threading.Event()

    def ask() -> None:
        client = connect(settings)
        while not is_over.wait(READ_SECONDS):
            rows = client.execute(_SEEN)
            sights.append(Sight(time.monotonic(), {int(stream.rpartition("/")[2]): offset for stream, offset in rows}))
        client.disconnect()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _wait_seen(sights: Sequence[Sight], sent: Sequence[Sent]) -> None:
    last = {one.partition: one.offset for one in sent}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not sights or any(sights[-1].offsets.get(partition, -1) < offset for partition, offset in last.items()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not all events were seen within {PATIENCE_SECONDS:.0f} s")
        time.sleep(READ_SECONDS)


def seen_at(sent: Sequence[Sent], sights: Sequence[Sight]) -> list[float]:
    """When the reader first saw each event. The events of a partition come in the order of their offsets, all are seen in the end."""
    reached = dict[int, int]()
    found = []
    for one in sent:
        number = reached.get(one.partition, 0)
        while sights[number].offsets.get(one.partition, -1) < one.offset:
            number += 1
        reached[one.partition] = number
        found.append(sights[number].at)
    return found


def summarize(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles by the nearest rank, and the longest."""
    ordered = sorted(seconds)
    ranks = {f"{name}_p{one}": ordered[math.ceil(one / 100 * len(ordered)) - 1] for one in PERCENTILES}
    return {which: round(value, 3) for which, value in {**ranks, f"{name}_max": ordered[-1]}.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench latency", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--rate", type=int, help="events a second (default: each of 500 and 5,000)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long they are sent (default {SECONDS})")
    parser.add_argument("--partitions", type=int, help="partitions of the topic (default: each of 4 and 1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
