"""`touchline worker` as a process of its own, on real engines: its log, its memory, its end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.support.workers import wait_for
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.settings import Settings

STORED = "SELECT toUInt64(sum(fate_counts['received'])) FROM journey_raw.ledger WHERE kind = 'mark'"
POLL_SECONDS = 0.25


class RealWorker:
    """One worker process over a pipeline that is built as in production."""

    def __init__(self, settings: Settings, folder: Path, name: str = "worker", prefix: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.ready_file = folder / f"{name}.ready"
        self.log_file = folder / f"{name}.log"
        command = [*prefix, sys.executable, "-m", "touchline", "worker", "--ready-file", str(self.ready_file)]
        with self.log_file.open("ab") as log:
            environment = settings_environment(settings)
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def memory_bytes(self) -> int:
        """Resident memory without the pages of mapped files, which the system takes back when it needs them."""
        memory = psutil.Process(self.process.pid).memory_info()
        return int(memory.rss - memory.shared)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_log(self, part: str, seconds: float = 30.0) -> None:
        wait_for(lambda: part in self.log, lambda: f"{part!r} not in the log:\n{self.log}", seconds)

    def wait_stored(self, count: int, seconds: float = 60.0) -> None:
        """Until that many records have a fate."""
        deadline = time.monotonic() + seconds
        while (stored := stored_count(self.settings)) < count:
            assert time.monotonic() < deadline, f"{stored} of {count} stored:\n{self.log}"
            time.sleep(POLL_SECONDS)

    def end(self, patience: float = 15.0) -> tuple[int, float]:
        """SIGTERM; returns exit status and seconds until the end."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(patience), time.monotonic() - began


@contextmanager
def real_worker(settings: Settings, folder: Path, name: str = "worker", *prefix: str) -> Iterator[RealWorker]:
    """A worker that is ended with the block, whatever happens."""
    worker = RealWorker(settings, folder, name, prefix)
    try:
        yield worker
    finally:
        if worker.is_alive:
            worker.process.kill()
        worker.process.wait()


def ask(settings: Settings, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Rows of one query."""
    client = connect(settings, timeout_seconds=30)
    try:
        rows: list[tuple[Any, ...]] = client.execute(sql, values)
        return rows
    finally:
        client.disconnect()


def stored_count(settings: Settings) -> int:
    """Records that have a fate."""
    return int(ask(settings, STORED)[0][0])


def seconds_of(action: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began
