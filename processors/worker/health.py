"""How the worker is: set in one place by the worker's life, read by the ready file, `/readyz` and the metric touchline_ready.

The file is for supervisors that can look at files only. It is there from the first assignment to the end of the worker, and begins with a
line such as `pid=7 generation=3 partitions=4 state=ready`. A partition that stands at a batch which cannot be read has a line of its own,
such as `unreadable partition=2 offset=1042 reason=codec_missing`. The other states are the watchdog's, `stalled_in_store` and
`stalled_in_reading`; `unreadable` while a partition stands at a batch that cannot be read (the others go on); `rejoining` after the
worker has left its group to join it anew, and `stopping`. Before the first assignment the state is `starting`, and there is no file.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from touchline.log import log_event
from touchline.metrics.declared import READY, WORKER
from touchline.metrics.meter import Meter

STARTING, STOPPING = "starting", "stopping"


HINTS: Final = {
    "codec_missing": "install the package cramjam (extra `worker` brings it), then start the worker again",
    "damaged": "read the offset with Kafka's own tools; restore it from a replica, or delete records up to it (kafka-delete-records)",
    "not_unpacked": "read the offset with Kafka's own tools, and compare the sender's codec and client version",
    "stalled_in_store": "ClickHouse takes nothing: `store_waits` in its log has the reason",
    "stalled_in_reading": "it joins its group anew by itself; if that goes on, look at Kafka (`touchline logs kafka`)",
    "rejoining": "it joins its group anew: wait some seconds",
}
"""What to do, by the reason why a batch cannot be read, and by the state of a worker that is not ready for long."""


class UnreadablePartition(NamedTuple):
    """A partition that stands; the others go on. `reason` is one of HINTS."""

    partition: int
    offset: int
    """Of the batch that cannot be read."""
    reason: str


class WorkerState(NamedTuple):
    """What the worker's life says of the worker."""

    generation: int
    partition_count: int
    state: str
    unreadable: tuple[UnreadablePartition, ...] = ()

    @property
    def is_ready(self) -> bool:
        """It has joined its group and does not stand still."""
        return self.state == "ready"


def says_ready(path: Path) -> bool:
    """Whether the file of a worker is there and says that it is ready."""
    try:
        return "state=ready" in path.read_text().split()
    except OSError:
        return False


_LINE: Final = re.compile(r"unreadable partition=(\d+) offset=(\d+) reason=(\w+)")


def troubles_said(path: Path) -> list[tuple[str, str]]:
    """Why the worker of a ready file is not ready, each with what to do; empty where it is, or has no file."""
    try:
        text = path.read_text()
    except OSError:
        return []
    said = [
        (
            f"partition {partition} stands at offset {offset}: its next batch cannot be read ({reason}); the others go on",
            HINTS.get(reason, ""),
        )
        for partition, offset, reason in _LINE.findall(text)
    ]
    state = re.search(r"\bstate=(\w+)", text)
    if said or state is None or state[1] == "ready":
        return said
    return [(f"its state is {state[1]}", HINTS.get(state[1], ""))]


class Health:
    """Keeps what was told last, and writes it to the file whole or not at all; a disk without space does not stop the worker. Without a
    path there is no file."""

    def __init__(self, path: Path | None, meter: Meter | None = None) -> None:
        self._path = path
        self._meter = meter or Meter(WORKER)
        self.told = WorkerState(0, 0, STARTING)

    def tell(
        self, generation: int, partition_count: int, state: str, unreadable: tuple[UnreadablePartition, ...] = ()
    ) -> None:
        """This holds from now on, unless the worker was told to stop."""
        if self.told.state == STOPPING:
            return
        self._note(WorkerState(generation, partition_count, state, unreadable))
        if self._path is None:
            return
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"pid={os.getpid()} generation={generation} partitions={partition_count} state={state}"]
            lines += [
                f"unreadable partition={one.partition} offset={one.offset} reason={one.reason}" for one in unreadable
            ]
            part.write_text("\n".join(lines) + "\n")
            part.replace(self._path)
        except OSError as error:
            log_event(logging.WARNING, "health_not_written", error=type(error).__name__, reason=error.strerror)

    def begin(self) -> None:
        """The worker starts: a process that was killed leaves its file."""
        self._note(WorkerState(0, 0, STARTING))
        self._remove()

    def end(self) -> None:
        """The worker has ended its work."""
        self._note(WorkerState(0, 0, STOPPING))
        self._remove()

    def stop(self) -> None:
        """The worker was told to stop: it takes nothing new, and leaves its group."""
        told = self.told
        if told.state == STARTING:
            self._note(told._replace(state=STOPPING))
        else:
            self.tell(told.generation, told.partition_count, STOPPING)

    def _note(self, told: WorkerState) -> None:
        self.told = told
        self._meter.set(READY, int(told.is_ready))

    def _remove(self) -> None:
        try:
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            log_event(logging.WARNING, "health_not_written", error=type(error).__name__, reason=error.strerror)
