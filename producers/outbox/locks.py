"""A lock between processes that ends with the process that holds it.

Python's own `fcntl.flock` lets other threads run meanwhile; in a program whose threads are busy it then waits for its
turn for longer than the whole rest of an emit takes. So what cannot block is called without that.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from pathlib import Path

from touchline.producers.outbox import forks

_flock = ctypes.PyDLL(None).flock
_EXCLUSIVE_OR_FAIL = fcntl.LOCK_EX | fcntl.LOCK_NB


class FileLock:
    """Not a lock between threads: those of a process share it, and take turns by a lock of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        forks.watch(self)

    def take(self) -> None:
        """Wait until no other process has it."""
        file = self._file if self._file >= 0 else self._open()
        if _flock(file, _EXCLUSIVE_OR_FAIL):
            fcntl.flock(file, fcntl.LOCK_EX)

    def try_to_take(self) -> bool:
        """Take it unless another process has it."""
        return not _flock(self._file if self._file >= 0 else self._open(), _EXCLUSIVE_OR_FAIL)

    def give_back(self) -> None:
        """Let others take it."""
        if self._file >= 0:
            _flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give it back and close its file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def forget_parent(self) -> None:
        """The child's copy must go: it would keep the parent's lock."""
        self.close()

    def _open(self) -> int:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file
