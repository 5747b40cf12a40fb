"""A lock between processes that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from touchline.producers.outbox import forks


class FileLock:
    """Not a lock between threads: those of a process share it, and take turns by a lock of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        forks.watch(self)

    def take(self) -> None:
        """Wait until no other process has it."""
        fcntl.flock(self._file if self._file >= 0 else self._open(), fcntl.LOCK_EX)

    def try_to_take(self) -> bool:
        """Take it unless another process has it."""
        try:
            fcntl.flock(self._file if self._file >= 0 else self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give_back(self) -> None:
        """Let others take it."""
        if self._file >= 0:
            fcntl.flock(self._file, fcntl.LOCK_UN)

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
