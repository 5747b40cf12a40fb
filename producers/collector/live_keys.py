"""The write keys as a running collector knows them. A key that was taken out of the file opens nothing a second later; the file is
looked at, too, when a key comes that is not known."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from touchline.metrics.declared import WRITE_KEYS_STALE
from touchline.metrics.meter import Meter
from touchline.producers.collector.access import WriteKey, WriteKeys
from touchline.schemas.sources import Sources
from touchline.service.live_file import LiveFile

_UNDECLARED_HINT: Final = "declare them in sources.yaml, or correct the lines: until then their events are refused"


class LiveWriteKeys(LiveFile[WriteKeys]):
    """`open_for` reads them for the first time."""

    def __init__(self, path: Path, meter: Meter, log: logging.Logger) -> None:
        super().__init__("write_keys", WRITE_KEYS_STALE, meter, log)
        self._path = path

    def open_for(self, sources: Sources) -> None:
        """Read the file. Raises WrongUsage where it cannot be read, or has no key; later a file of comments alone means that nobody may
        send. Lines of sources that are not among `sources` hold as well, and are said in the log."""
        WriteKeys.from_file(self._path)
        keys = self.open(self._path, lambda path: WriteKeys.from_file(path, may_have_none=True))
        self._tell_undeclared(keys, sources)

    def compare_with(self, declared: Callable[[], Sources]) -> None:
        """Whom to ask for the sources of now whenever the file was read anew."""
        self.then(lambda keys: self._tell_undeclared(keys, declared()))

    def __len__(self) -> int:
        return len(self.held or ())

    def find(self, presented: str) -> WriteKey | None:
        """See WriteKeys.find. A key that is not known may have been added just now: for it the file is looked at, which is one `stat`, and
        a twentieth of a second where it did change."""
        found = None if self.held is None else self.held.find(presented)
        if found is None and self.look() and self.held is not None:
            found = self.held.find(presented)
        return found

    def _tell_undeclared(self, keys: WriteKeys, declared: Sources) -> None:
        named = {source for sources in keys.sources.values() for source in sources or ()}
        if unknown := sorted(named - {*declared}):
            self._say(logging.WARNING, "write_keys_undeclared", sources=",".join(unknown), hint=_UNDECLARED_HINT)
