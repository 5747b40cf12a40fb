"""A folder of state for one process at a time.

LMDB shares a file between processes by a lock that a stopped process keeps: a worker that takes over the partitions of a
sleeping one would wait for it for ever. So each worker process claims a folder of its own, the lowest free number, and a
restarted one finds its old state.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

_LOCK_NAME = "owner.lock"


class StateSlot:
    """The claimed folder `path`. The claim ends with `release` or with the process, however that ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the folder back; the state in it stays."""
        os.close(self._descriptor)


def claim_others(slot: Path) -> Iterator[StateSlot]:
    """The folders beside this one that no living process holds, each claimed until it is given back."""
    for path in sorted(slot.parent.iterdir()):
        lock = path / _LOCK_NAME
        if path != slot and lock.is_file():
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            yield StateSlot(path, descriptor)


def claim_slot(state_dir: Path) -> StateSlot:
    """Claim the folder with the lowest number that no living process holds. Raises OSError where the folder cannot be written."""
    for number in count():
        path = state_dir / str(number)
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return StateSlot(path, descriptor)
    raise AssertionError("count() does not end")
