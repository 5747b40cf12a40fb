"""A disk of the worker's state that is full, and why the store waits: the fact, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full(error: BaseException) -> bool:
    """Whether the error says that a file cannot grow: LMDB's errors have the system's text, not its number."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return any(str(error).endswith(os.strerror(number)) for number in _FULL)


def reserve(path: Path, size_bytes: int) -> None:
    """Let the file, which is made where there is none, have its bytes on the disk: a mapped file that gets them no sooner than it is
    written to ends the process (SIGBUS) where the disk is full. Raises OSError: of a full disk, `is_full`."""
    with path.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, size_bytes)


def reason_of(error: BaseException, state_dir: Path) -> str:
    """Why the store waits, for the log: an error of the ledger speaks for itself, one of the state is about its folder."""
    if is_full(error):
        return f"the disk of the worker's state is full: free space for {state_dir}, or set state_dir"
    return str(error) or type(error).__name__
