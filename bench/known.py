"""A worker that knows many persons: what the benchmarks of size and of a lost state begin with.

Every person is made known by a real event of its own, sent through Kafka and stored by the worker itself. Confluent's client sends them,
since kafka-python needs longer for an event than the worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import psutil
from clickhouse_driver import Client
from confluent_kafka import Producer

from bench.against import OURS
from bench.cpu import Reading, wait_stored
from bench.events import WireEvent, events_of
from bench.pipeline import PARTITIONS, process_of_worker
from touchline.local.stack import LocalStack

SECONDS_FOR: Final = 1 / 1_000
"""A worker stores at least a thousand events a second, whatever else the machine does."""
_QUEUE_EVENTS: Final = 100_000
_ERRORS_ONLY: Final = 3


def send(stack: LocalStack, events: Iterable[WireEvent]) -> None:
    """Write events to the topic."""
    settings = {"bootstrap.servers": stack.settings.kafka_bootstrap, "enable.idempotence": True, "linger.ms": 20}
    # A broker that has just started is asked twice for the producer's number, which is no news.
    producer = Producer({**settings, "queue.buffering.max.messages": _QUEUE_EVENTS, "log_level": _ERRORS_ONLY})
    for number, event in enumerate(events):
        while len(producer) >= _QUEUE_EVENTS:
            producer.poll(0.1)
        producer.produce(stack.settings.topic, event.value, event.key, event.partition, headers=[*event.headers])
        if not number % 1_000:
            producer.poll(0)
    if left := producer.flush(60):
        raise SystemExit(f"Kafka did not take {left} events")


def make_known(stack: LocalStack, client: Client, persons: int) -> None:
    """Send an event of each person and let a worker store it, which ends in good order then."""
    with process_of_worker(stack.settings) as pid:
        send(stack, events_of(range(persons), 0, PARTITIONS))
        reading(stack, client, pid, persons)


def reading(stack: LocalStack, client: Client, pid: int, stored: int) -> Reading:
    """CPU time of worker and engine when so many events are stored."""
    processes = [psutil.Process(pid), psutil.Process(stack.clickhouse.pid)]
    return wait_stored(client, processes, OURS, stored, stored, patience_seconds=60 + stored * SECONDS_FOR)
