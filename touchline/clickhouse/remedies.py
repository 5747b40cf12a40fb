"""What a worker that waits says of the reason: the fact, and what mends it. It goes on by itself then, so each text ends there.

Why: docs/decisions/0082.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_DISK = "free space under its data folder"
REMEDIES = {
    243: f"its disk is full: {_DISK}",
    75: f"it cannot write to its disk: {_DISK}, check its limits",
    76: "it cannot open a file: check its data folder, its rights and its limit of open files",
    241: "its memory limit is reached: raise max_server_memory_usage, or set a lower batch_rows",
    252: "too many parts: its merges are behind, look for full disks and other writers",
    202: "too many queries at once: raise max_concurrent_queries",
    242: "the table is read-only: look for a lost Keeper or a damaged disk",
    60: "a table is missing: run `touchline migrate`",
    497: "the right is missing: grant the pipeline's user SELECT and INSERT on journey_raw",
    516: "it refuses the user or the password: see clickhouse_user and clickhouse_password_file",
}
"""By ClickHouse's error code, where an operator can do something."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refusal_of(what: str, code: int) -> str:
    """`ClickHouse refused an insert, code 243: its disk is full: …`. The server's own text may quote values, so it is left out."""
    remedy = REMEDIES.get(code)
    return f"ClickHouse {what}, code {code}" + (f": {remedy}" if remedy else "")


def is_full(error: BaseException) -> bool:
    """Whether the error says that a file cannot grow: LMDB's errors have the system's text, not its number."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return any(str(error).endswith(os.strerror(number)) for number in _FULL)


def reason_of(error: BaseException, state_dir: Path) -> str:
    """Why the store waits, for the log: an error of the ledger speaks for itself, one of the state is about its folder."""
    if is_full(error):
        return f"the disk of the worker's state is full: free space for {state_dir}, or set state_dir"
    return str(error) or type(error).__name__
