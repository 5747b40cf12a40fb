"""The processes of a run: a collector under more load than it carries, the senders, and a look at its memory all the while."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition

from tests.support.collectors import CollectorProcess, event
from tests.support.overload.sender import Order
from tests.support.overload.shapes import Shapes
from touchline.settings import Settings

SAMPLE_SECONDS = 0.1


class Sent(NamedTuple):
    """What one process sent and heard; see Sender."""

    order: Order
    seconds: float
    due: int
    sent: int
    crowded_out: int
    statuses: Counter[str]
    wrong: list[str]
    accepted: list[tuple[int, float]]
    refused_seconds: list[float]

    @property
    def accepted_ids(self) -> list[str]:
        """Of all events that were acknowledged."""
        shapes = Shapes(self.order.prefix, self.order.write_key, self.order.events)
        return [one for number, _ in self.accepted for one in shapes.ids(number)]


class Senders:
    """Processes that send together. They are started and connected when this is made."""

    def __init__(self, folder: Path, orders: Sequence[Order]) -> None:
        self._orders = orders
        self._results = [folder / f"{order.prefix}.result.json" for order in orders]
        self._processes = []
        for order in orders:
            order.write(folder / f"{order.prefix}.order.json")
        began_s = time.monotonic()
        for order, result in zip(orders, self._results, strict=True):
            command = [sys.executable, "-m", "tests.support.overload.sender"]
            self._processes.append(
                subprocess.Popen(
                    [*command, str(folder / f"{order.prefix}.order.json"), str(result)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        self._expect("connected")
        self.connecting_seconds = time.monotonic() - began_s

    def run(self) -> list[Sent]:
        """Send, and wait for the last answers. The connections stay open."""
        self._tell()
        self._expect("sent")
        return [
            _sent(order, json.loads(file.read_text())) for order, file in zip(self._orders, self._results, strict=True)
        ]

    def end(self) -> None:
        """Close all connections."""
        for process in self._processes:
            process.communicate()

    def _tell(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def _expect(self, word: str) -> None:
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == word, f"a sending process ended before it was {word}"


class MemoryWatch:
    """The highest resident memory of a process while the block runs, in bytes."""

    def __init__(self, running: CollectorProcess) -> None:
        self._running = running
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-watch")
        self.highest_bytes = running.memory_bytes

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.highest_bytes = max(self.highest_bytes, self._running.memory_bytes)


def seconds_until_well(running: CollectorProcess, patience_seconds: float) -> float:
    """Until /readyz says ready and a request of an honest sender is taken. Raises AssertionError."""
    began_s = time.monotonic()
    while True:
        ready, answer = running.get("/readyz").status, running.post_json(event(f"after-{time.time_ns()}")).status
        took_s = time.monotonic() - began_s
        if (ready, answer) == (200, 202):
            return took_s
        assert took_s < patience_seconds, f"after the flood /readyz says {ready}, a request is answered {answer}"


def ids_in_kafka(settings: Settings) -> Counter[str]:
    """How often each id is in the topic."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    found: Counter[str] = Counter()
    try:
        partitions = [TopicPartition(settings.topic, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        while any(consumer.position(one) < end for one, end in ends.items()):
            for records in consumer.poll(timeout_ms=1_000, max_records=10_000).values():
                found.update(orjson.loads(record.value)["id"] for record in records)
    finally:
        consumer.close()
    return found


def _sent(order: Order, found: dict[str, Any]) -> Sent:
    accepted = [(int(number), float(seconds)) for number, seconds in found.pop("accepted")]
    return Sent(order=order, accepted=accepted, statuses=Counter(found.pop("statuses")), **found)
