"""Progress on stderr, so that stdout is left to the outcome: a bar on a terminal, else a line with the count every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 5.0

Advance = Callable[[int], None]
"""Called with the number of further units that are done."""


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
