"""Those who look on while everything breaks: a reader who must never see more than is true, and a sampler of memory and open files."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import psutil
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from tests.support.chaos.timeline import Timeline
from tests.support.invariance.reader import Reader, Truth
from touchline.clickhouse.connect import connect, is_away
from touchline.local.process import Part
from touchline.settings import Settings

LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 20.0
RECEIVED: Final = "SELECT toInt64(sum(received)), min(is_balanced) FROM journey.account"
PHANTOMS: Final = "SELECT count() FROM journey_raw.ledger WHERE kind != 'mark' AND startsWith(event_id, 'phantom')"


class Sample(NamedTuple):
    """One process at one moment. `memory_bytes` without the pages of mapped files."""

    at: float
    name: str
    pid: int
    memory_bytes: int
    files: int


class Looking:
    """Looks at the views until it is told to stop; ClickHouse may be away. `handed` says how many records were handed to Kafka."""

    def __init__(self, settings: Settings, truth: Truth, timeline: Timeline, handed: Callable[[], int]) -> None:
        self._settings = settings
        self._reader = Reader(settings, truth)
        self._timeline = timeline
        self._handed = handed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looking")
        self.looks = 0
        self.refused = 0
        self.stored = 0
        self.wrong: list[str] = []

    def __enter__(self) -> Looking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        client = connect(self._settings, timeout_seconds=ANSWER_SECONDS)
        took = 0.0
        while not self._stop.wait(max(LOOK_SECONDS, took)):
            began = time.monotonic()
            try:
                self._look(client)
                self.looks += 1
            except (Error, EOFError, OSError) as error:
                if is_away(error):
                    self.refused += 1
                else:
                    self._say(f"a reader was refused: {type(error).__name__}: {str(error)[:200]}")
                client.disconnect()
            took = time.monotonic() - began  # with many records the reader is to leave the engine some time for others
        client.disconnect()

    def _look(self, client: Client) -> None:
        for text in self._reader.look(client):
            self._say(text)
        ((received, is_balanced),) = client.execute(RECEIVED)
        self.stored = received
        handed = self._handed()
        if received > handed:
            self._say(f"{received} records are accounted for, {handed} were sent")
        if received and not is_balanced:
            self._say("the account does not balance")
        ((seen,),) = client.execute(PHANTOMS)
        if seen:
            self._say(f"{seen} rows of an aborted transaction")

    def _say(self, text: str) -> None:
        self.wrong.append(text)
        self._timeline.note("wrong", text)


class Sampling:
    """Memory and open files of each part that runs, once in a while."""

    def __init__(self, parts: Callable[[], list[Part]], timeline: Timeline, every_seconds: float = 2.0) -> None:
        self._parts = parts
        self._timeline = timeline
        self._every = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling")
        self.samples: list[Sample] = []

    def __enter__(self) -> Sampling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def take(self) -> list[Sample]:
        """All that run now."""
        found = []
        for part in self._parts():
            with suppress(psutil.Error):
                identity = part.identity
                if identity is not None and identity.is_alive():
                    process = psutil.Process(identity.pid)
                    memory = process.memory_info()
                    found.append(
                        Sample(
                            round(self._timeline.seconds, 1),
                            part.name,
                            identity.pid,
                            int(memory.rss - memory.shared),
                            int(process.num_fds()),
                        )
                    )
        self.samples += found
        return found

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            began = time.monotonic()
            taken = self.take()
            self._timeline.note(
                "sample",
                "memory and open files",
                is_told=False,
                parts={one.name: [one.pid, one.memory_bytes >> 20, one.files] for one in taken},
                took=round(time.monotonic() - began, 3),
            )
