"""What the commands that send have in common: the configured producer, and progress on stderr."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from touchline.log import quiet_kafka_log
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.settings import Settings

CONNECT_TIMEOUT_SECONDS = 5.0
_SECONDS_BETWEEN_LINES = 5.0


class Advance(Protocol):
    """Tells the progress that so many more units are done."""

    def __call__(self, units: int) -> None: ...


def open_producer(settings: Settings, outbox: Path | None = None) -> TouchpointProducer:
    """The configured producer; `outbox` is the folder of one instead of `outbox_dir`. Raises EngineUnreachable,
    WrongUsage, OutboxUnusable."""
    quiet_sending_log()
    options = {} if outbox is None else {"outbox": OutboxConfig.from_settings(settings, outbox)}
    return TouchpointProducer.from_settings(settings, connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS, **options)


def quiet_sending_log() -> None:
    """A command says once that Kafka does not answer, with the remedy. What waits in the outbox it says, too."""
    quiet_kafka_log()
    logging.getLogger("touchline.producers.outbox").setLevel(logging.ERROR)


def waiting_note(waiting: int) -> str:
    """What to say of events that are in the outbox and not yet in Kafka; empty where there are none."""
    return f"; {waiting:,} wait in the outbox (touchline outbox show)" if waiting else ""


@contextmanager
def progress_on_stderr(what: str, total: int | None) -> Iterator[Advance]:
    """A bar on a terminal, else a line every few seconds, so that a log shows progress too."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _LineProgress(what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda units: progress.advance(task, units)


class _LineProgress:
    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._of_total = "" if total is None else f" of {total:,}"
        self._done = 0
        self._next_s = time.monotonic() + _SECONDS_BETWEEN_LINES

    def __call__(self, units: int) -> None:
        self._done += units
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _SECONDS_BETWEEN_LINES
            print(f"{self._what}: {self._done:,}{self._of_total}", file=sys.stderr)
