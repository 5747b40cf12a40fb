"""A file while a process runs: read again when it has changed, kept as it was while what stands there cannot be read.

A look costs one `stat`, so a process may look before every batch: what was saved before an event was sent holds for that event. Nothing
is asked of the operating system (inotify and its like do not see changes on network disks and mounted volumes).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Lock
from typing import Final, Generic, NamedTuple, TypeVar

from touchline.errors import WrongUsage

SETTLE_SECONDS: Final = 0.05
"""A changed file is read when it looks the same twice, so long apart: an editor may be in the midst of writing."""
SETTLE_LOOKS: Final = 20
Held = TypeVar("Held")


class _Stamp(NamedTuple):
    """What tells that a file was written to, or replaced, or given other rights. A tool may set the time of the last writing back
    (`cp -p`, `rsync -t`); nobody sets `changed_ns`."""

    changed_ns: int
    size: int
    inode: int


class FileWatch(Generic[Held]):
    """What a file says. Threads may share one; `held` is replaced as a whole, never changed.

    `beside` is a collection that `read` keeps up to date: further files that it looks into, also those that it could not read.

    `problem` is why the file cannot be read as it stands now (what it said before is held), None where it can.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], Held],
        *,
        beside: Collection[Path] = (),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises WrongUsage where `read` does: without a first reading there is nothing to keep."""
        self._path = path
        self._read = read
        self._beside = beside
        self._pause = pause
        self._lock = Lock()
        self._seen = self._stamps()
        self.held: Held = read(path)
        self.problem: WrongUsage | None = None
        if self._names_others:
            self._take_over()

    def look(self) -> bool:
        """Read the file again if it has changed since the last look; whether it had."""
        with self._lock:
            if self._stamps() == self._seen:
                return False
            self._take_over()
            return True

    def _take_over(self) -> None:
        """Twice where it names other files than before: a change of one between reading it and first looking at it would be missed."""
        for _ in range(2):
            self._seen = self._settled()
            try:
                self.held = self._read(self._path)
                self.problem = None
            except WrongUsage as error:
                self.problem = error
            if not self._names_others:
                break

    @property
    def _names_others(self) -> bool:
        return self._seen.keys() != {self._path, *self._beside}

    def _settled(self) -> Mapping[Path, _Stamp | None]:
        found = self._stamps()
        for _ in range(SETTLE_LOOKS):
            before = found
            self._pause(SETTLE_SECONDS)
            found = self._stamps()
            if found == before:
                break
        return found

    def _stamps(self) -> Mapping[Path, _Stamp | None]:
        return {path: _stamp(path) for path in (self._path, *self._beside)}


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_ctime_ns, found.st_size, found.st_ino)
