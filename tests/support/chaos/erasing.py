"""`touchline erase` beside all else: begun when what the persons sent is stored, run again until it is done, as an operator would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from clickhouse_driver.errors import Error

from tests.support.chaos.sender import Sender
from tests.support.chaos.timeline import Timeline
from tests.support.engines import Ledger
from tests.support.real_worker import ask

MARKS: Final = (
    "SELECT toUInt32(splitByChar('/', toString(stream))[3]), max(offset) FROM journey_raw.ledger WHERE kind = 'mark' "
    "GROUP BY stream"
)
DONE, NOTHING_KEPT = 0, 1


def covers(marks: Mapping[int, int], last: Mapping[int, int]) -> bool:
    """Whether everything up to these offsets is stored."""
    return all(marks.get(partition, -1) >= offset for partition, offset in last.items())


class Erasing:
    """The groups of persons that leave; `done` says of which the command ended well."""

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        leaving: Sequence[Sequence[tuple[str, str]]],
        sent_at_first: Sequence[int],
        sender: Sender,
        timeline: Timeline,
    ) -> None:
        self._ledger = ledger
        self._folder = folder
        self._leaving = leaving
        self._sent_at_first = sent_at_first
        self._sender = sender
        self._timeline = timeline
        self._wanted: list[int] = []
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._statuses: dict[int, list[int]] = {}
        self.done: set[int] = set()

    def want(self, group: int) -> None:
        """These persons ask to be erased."""
        self._wanted.append(group)
        self.tend()

    @property
    def open(self) -> list[int]:
        """Groups that wait or are half done."""
        return [one for one in self._wanted if one not in self.done]

    def tend(self) -> None:
        """Look after the commands that run, and begin those whose time has come."""
        for group in self.open:
            process = self._running.get(group)
            if process is not None:
                self._look(group, process)
            elif self._statuses.get(group) or self._is_stored(group):
                self._begin(group)

    def _is_stored(self, group: int) -> bool:
        if self._sender.acknowledged_of(group) < self._sent_at_first[group]:
            return False
        with suppress(Error, EOFError, OSError):
            return covers(dict(ask(self._ledger.settings, MARKS)), self._sender.last_of(group))
        return False

    def _begin(self, group: int) -> None:
        file = self._folder / f"leaving-{group}.txt"
        file.write_text("".join(f"{kind}:{value}\n" for kind, value in self._leaving[group]))
        command = [sys.executable, "-m", "touchline", "erase", str(file), "--yes", "--json", "--timeout", "60"]
        with (self._folder / f"erase-{group}.log").open("ab") as log:
            self._running[group] = subprocess.Popen(
                command, env=self._ledger.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._timeline.note("note", f"touchline erase of group {group} begins")

    def _look(self, group: int, process: subprocess.Popen[bytes]) -> None:
        status = process.poll()
        if status is None:
            return
        del self._running[group]
        before = self._statuses.setdefault(group, [])
        # Nothing is kept any more where one before did all and died before it could say so.
        if status == DONE or (status == NOTHING_KEPT and any(one != NOTHING_KEPT for one in before)):
            self.done.add(group)
        before.append(status)
        self._timeline.note("note", f"touchline erase of group {group} ends with status {status}")

    def close(self) -> None:
        """End what still runs."""
        for process in self._running.values():
            process.kill()
            process.wait()
