"""The sources as a running service knows them: read again when sources.yaml has changed, without a restart.

    look (before each batch, and every second) ─▶ changed? ─▶ `declare` ─▶ log, metric, health
    register (every second) ─▶ `write`: whoever else must know of them, once it answers

Why: docs/decisions/0183.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from touchline.errors import TouchlineError
from touchline.metrics.declared import SOURCES_STALE
from touchline.metrics.meter import Meter
from touchline.schemas.sources import Sources
from touchline.schemas.sources_watch import SourcesWatch

LOOK_SECONDS: Final = 1.0


class LiveSources:
    """`open` reads them for the first time; before it nothing is looked at. Any thread may look."""

    def __init__(self, path: Path, meter: Meter, log: logging.Logger) -> None:
        self._path = path
        self._meter = meter
        self._log = log
        self._watch: SourcesWatch | None = None
        self._declare: Callable[[Sources], None] = lambda _sources: None
        self._write: Callable[[Sources], None] = lambda _sources: None
        self._written: Sources | None = None

    @property
    def is_stale(self) -> bool:
        """Whether the file cannot be read as it stands, so that what it said before holds."""
        return self._watch is not None and self._watch.problem is not None

    def open(self) -> Sources:
        """Read the file. Raises WrongUsage where it cannot be read."""
        watch = self._watch = SourcesWatch(self._path)
        self._written = watch.sources
        self._meter.set(SOURCES_STALE, 0)
        return watch.sources

    @property
    def held(self) -> Sources:
        """What holds since the last look; nothing before `open`."""
        return {} if self._watch is None else self._watch.sources

    def now(self) -> Sources:
        """Look, and what holds then."""
        self.look()
        return self.held

    def then(
        self, declare: Callable[[Sources], None], write: Callable[[Sources], None] = lambda _sources: None
    ) -> None:
        """What is to be done with other sources: `declare` at once, and `write`, which may raise TouchlineError and is then tried again."""
        self._declare, self._write = declare, write

    def look(self) -> None:
        """Take the file over if it has changed."""
        watch = self._watch
        if watch is None or not watch.look():
            return
        problem = watch.problem
        self._meter.set(SOURCES_STALE, int(problem is not None))
        if problem is not None:
            self._say(logging.ERROR, "sources_kept", because=problem.what, hint=problem.hint)
            return
        self._declare(watch.sources)
        self._say(logging.INFO, "sources_read", sources=len(watch.sources))

    def register(self) -> None:
        """Look, and hand on what was not written yet."""
        self.look()
        if self._watch is None or self._written is self._watch.sources:
            return
        sources = self._watch.sources
        try:
            self._write(sources)
        except TouchlineError as error:
            self._say(logging.WARNING, "sources_not_registered", what=error.what, hint=error.hint)
        else:
            self._written = sources

    async def keep_looking(self) -> None:
        """Register every second until cancelled: what is wrong with the file is said at once, also while nothing comes in."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.register)

    def _say(self, level: int, event: str, **fields: object) -> None:
        self._log.log(level, event, extra={"fields": fields})
