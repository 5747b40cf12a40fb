"""Worker processes with fake stores, on real Kafka."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from touchline.local.parts import settings_environment
from touchline.settings import Settings

PATIENCE_SECONDS = 30.0
EVENT = b'{"type":"touchline.touchpoint.v1","id":"%d"}'


class Stored(NamedTuple):
    """One batch that a `NotingStore` took."""

    partition: int
    first: int
    last: int
    record_count: int
    generation: int


class WorkerProcess:
    """`python -m tests.integration.worker_program`, its notes and its log."""

    def __init__(self, settings: Settings, folder: Path, store: str = "NotingStore", name: str = "worker") -> None:
        self.notes = folder / "notes"
        self.ready_file = folder / f"{name}.ready"
        self.log_file = folder / f"{name}.log"
        arguments = [store, str(self.notes), str(self.ready_file)]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.worker_program", *arguments],
                env=settings_environment(settings),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parents[2],
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_ready(self) -> None:
        wait_for(self.ready_file.exists, lambda: f"worker not ready:\n{self.log}")

    def wait_log(self, part: str) -> None:
        wait_for(lambda: part in self.log, lambda: f"{part!r} not in the log:\n{self.log}")

    def wait_stored(self, count: int) -> None:
        wait_for(
            lambda: sum(one.record_count for one in stored(self.notes)) >= count,
            lambda: f"{sum(one.record_count for one in stored(self.notes))} of {count} stored:\n{self.log}",
        )

    def end(self, patience: float = 10.0) -> tuple[int, float]:
        """SIGTERM; returns exit status and seconds until the end."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(patience), time.monotonic() - began

    def wait(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def worker(
    settings: Settings, folder: Path, store: str = "NotingStore", name: str = "worker"
) -> Iterator[WorkerProcess]:
    """A worker that is ended with the block, whatever happens."""
    process = WorkerProcess(settings, folder, store, name)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.process.wait()


def wait_for(condition: Callable[[], bool], complaint: Callable[[], str], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.1)  # what is asked for mostly costs a connection, and others need the processor, too


def lines(notes: Path, kind: str) -> list[list[str]]:
    text = notes.read_text() if notes.exists() else ""
    return [line.split()[1:] for line in text.splitlines() if line.startswith(kind + " ")]


def stored(notes: Path) -> list[Stored]:
    return [Stored(*(int(number) for number in line)) for line in lines(notes, "stored")]


def assert_each_record_once(notes: Path, per_partition: int, partitions: int = 4) -> None:
    """Batches of each partition follow each other without hole or overlap."""
    for partition in range(partitions):
        batches = [one for one in stored(notes) if one.partition == partition]
        assert batches, f"nothing of partition {partition}"
        expected = 0
        for one in batches:
            assert one.first == expected, (partition, batches)
            expected = one.last + 1
        assert expected == per_partition


def send(settings: Settings, count: int, partitions: int = 4) -> None:
    """Send numbered events, the same number to each partition."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=5)
    for number in range(count):
        producer.send(settings.topic, EVENT % number, partition=number % partitions)
    producer.flush()
    producer.close()


def committed(settings: Settings) -> dict[int, int]:
    """What Kafka was told."""
    with KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap) as admin:
        groups = admin.list_group_offsets([settings.consumer_group])
    offsets = next(iter(groups.values()))
    return {tp.partition: one.offset for tp, one in offsets.items() if one.offset >= 0}
