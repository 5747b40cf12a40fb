"""The write keys as a running collector knows them: read again when the file has changed, without a restart.

    every second, and at a key that is not known ─▶ changed? ─▶ log, metric, health

A key that was taken out of the file opens nothing a second later. A file that cannot be read leaves the keys that held. The decision is
that of live sources: docs/decisions/0183.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from touchline.metrics.declared import WRITE_KEYS_STALE
from touchline.metrics.meter import Meter
from touchline.producers.collector.access import WriteKey, WriteKeys
from touchline.schemas.file_watch import FileWatch
from touchline.schemas.sources import Sources

LOOK_SECONDS: Final = 1.0
_UNDECLARED_HINT: Final = "declare them in sources.yaml, or correct the lines: until then their events are refused"


class LiveWriteKeys:
    """`open` reads them for the first time. Any thread may ask and look."""

    def __init__(self, path: Path, meter: Meter, log: logging.Logger) -> None:
        self._path = path
        self._meter = meter
        self._log = log
        self._watch: FileWatch[WriteKeys] | None = None
        self._declared: Callable[[], Sources] = dict

    def open(self, sources: Sources) -> None:
        """Read the file. Raises WrongUsage where it cannot be read, or has no key; later a file of comments alone means that nobody may
        send. Lines of sources that are not among `sources` hold as well, and are said in the log."""
        WriteKeys.from_file(self._path)
        self._watch = FileWatch(self._path, lambda path: WriteKeys.from_file(path, may_have_none=True))
        self._meter.set(WRITE_KEYS_STALE, 0)
        self._tell_undeclared(self._watch.held, sources)

    def then(self, declared: Callable[[], Sources]) -> None:
        """Whom to ask for the sources of now whenever the file was read anew."""
        self._declared = declared

    def __len__(self) -> int:
        return 0 if self._watch is None else len(self._watch.held)

    @property
    def is_stale(self) -> bool:
        """Whether the file cannot be read as it stands, so that the keys of before hold."""
        return self._watch is not None and self._watch.problem is not None

    def find(self, presented: str) -> WriteKey | None:
        """See WriteKeys.find. A key that is not known may have been added just now: for it the file is looked at, which is one `stat`, and
        a twentieth of a second where it did change."""
        if self._watch is None:
            return None
        found = self._watch.held.find(presented)
        if found is None and self.look():
            found = self._watch.held.find(presented)
        return found

    def look(self) -> bool:
        """Take the file over if it has changed; whether it had."""
        watch = self._watch
        if watch is None or not watch.look():
            return False
        problem = watch.problem
        self._meter.set(WRITE_KEYS_STALE, int(problem is not None))
        if problem is not None:
            self._say(logging.ERROR, "write_keys_kept", because=problem.what, hint=problem.hint)
        else:
            self._say(logging.INFO, "write_keys_read", write_keys=len(watch.held))
            self._tell_undeclared(watch.held, self._declared())
        return True

    async def keep_looking(self) -> None:
        """Look every second until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)

    def _tell_undeclared(self, keys: WriteKeys, declared: Sources) -> None:
        named = {source for sources in keys.sources.values() for source in sources or ()}
        if unknown := sorted(named - {*declared}):
            self._say(logging.WARNING, "write_keys_undeclared", sources=",".join(unknown), hint=_UNDECLARED_HINT)

    def _say(self, level: int, event: str, **fields: object) -> None:
        self._log.log(level, event, extra={"fields": fields})
