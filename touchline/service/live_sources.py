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
from touchline.schemas.sources import Sources, load_sources
from touchline.service.live_file import LiveFile

LOOK_SECONDS: Final = 1.0


class LiveSources:
    """`open` reads them for the first time; before it nothing is looked at. Any thread may look."""

    def __init__(self, path: Path, meter: Meter, log: logging.Logger) -> None:
        self._path = path
        self._log = log
        self._file: LiveFile[Sources] = LiveFile("sources", SOURCES_STALE, meter, log)
        self._write: Callable[[Sources], None] = lambda _sources: None
        self._written: Sources | None = None

    @property
    def is_stale(self) -> bool:
        """Whether the file cannot be read as it stands, so that what it said before holds."""
        return self._file.is_stale

    def open(self) -> Sources:
        """Read the file. Raises WrongUsage where it cannot be read."""
        self._written = self._file.open(self._path, load_sources)
        return self._written

    @property
    def held(self) -> Sources:
        """What holds since the last look; nothing before `open`."""
        return self._file.held or {}

    def now(self) -> Sources:
        """Look, and what holds then."""
        self.look()
        return self.held

    def then(
        self, declare: Callable[[Sources], None], write: Callable[[Sources], None] = lambda _sources: None
    ) -> None:
        """What is to be done with other sources: `declare` at once, and `write`, which may raise TouchlineError and is then tried again."""
        self._file.then(declare)
        self._write = write

    def look(self) -> None:
        """Take the file over if it has changed."""
        self._file.look()

    def register(self) -> None:
        """Look, and hand on what was not written yet."""
        self.look()
        sources = self._file.held
        if sources is None or self._written is sources:
            return
        try:
            self._write(sources)
        except TouchlineError as error:
            fields = {"what": error.what, "hint": error.hint}
            self._log.warning("sources_not_registered", extra={"fields": fields})
        else:
            self._written = sources

    async def keep_looking(self) -> None:
        """Register every second until cancelled: what is wrong with the file is said at once, also while nothing comes in."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.register)
