"""A file as a running service knows it: read again when it has changed, without a restart.

    every second, and whenever somebody asks ─▶ changed? ─▶ `taken` ─▶ log, metric, health

A file that cannot be read leaves what held. Why: docs/decisions/0183.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sized
from pathlib import Path
from typing import Final, Generic, TypeVar

from touchline.metrics.kinds import Metric
from touchline.metrics.meter import Meter
from touchline.schemas.file_watch import FileWatch

LOOK_SECONDS: Final = 1.0
Held = TypeVar("Held", bound=Sized)


class LiveFile(Generic[Held]):
    """What a file says. Any thread may ask and look.

    `name` is what it is called in log (`<name>_read`, `<name>_kept`) and health, `stale` the gauge that is 1 while what stands in it cannot
    be read.
    """

    def __init__(self, name: str, stale: Metric, meter: Meter, log: logging.Logger) -> None:
        self.name = name
        self._stale = stale
        self._meter = meter
        self._log = log
        self._watch: FileWatch[Held] | None = None
        self._taken: Callable[[Held], None] = lambda _held: None

    def open(self, path: Path, read: Callable[[Path], Held], beside: Collection[Path] = ()) -> Held:
        """Read it for the first time; before that nothing is looked at. See FileWatch. Raises as `read` does."""
        watch = self._watch = FileWatch(path, read, beside=beside)
        self._meter.set(self._stale, 0)
        return watch.held

    def then(self, taken: Callable[[Held], None]) -> None:
        """Whom to tell what the file says now, before the log does."""
        self._taken = taken

    @property
    def held(self) -> Held | None:
        """What holds since the last look; None before `open`."""
        return None if self._watch is None else self._watch.held

    @property
    def is_stale(self) -> bool:
        """Whether the file cannot be read as it stands, so that what it said before holds."""
        return self._watch is not None and self._watch.problem is not None

    def look(self) -> bool:
        """Take the file over if it has changed; whether it had."""
        watch = self._watch
        if watch is None or not watch.look():
            return False
        problem = watch.problem
        self._meter.set(self._stale, int(problem is not None))
        if problem is not None:
            self._say(logging.ERROR, f"{self.name}_kept", because=problem.what, hint=problem.hint)
        else:
            self._taken(watch.held)
            self._say(logging.INFO, f"{self.name}_read", **{self.name: len(watch.held)})
        return True

    async def keep_looking(self) -> None:
        """Look every second until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)

    def _say(self, level: int, event: str, **fields: object) -> None:
        self._log.log(level, event, extra={"fields": fields})
