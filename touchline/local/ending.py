"""Ending a stack: whoever started it, whether it is whole, and also while its `up` is still under way."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Literal

import psutil

from touchline.local.folder import make_usable
from touchline.local.identity import ProcessIdentity, end_processes
from touchline.local.ports import stack_of
from touchline.local.process import TERM_SECONDS, read_record

LOCK_POLL_SECONDS = 0.1
# Workers first, then the shim: a worker that stops still stores what it has. Then the brokers, together.
STOP_ORDER = ("worker", "clickhouse", "kafka")


def stop_all(local_dir: Path) -> list[str]:
    """End every part that has a record in this folder, then whatever else carries its mark; returns the names (or
    pids).
    """
    with exclusive(local_dir, "down"):
        ended: list[str] = []
        for kind in STOP_ORDER:
            ended += _end_records(sorted((local_dir / "run").glob(f"{kind}*.json")))
        strays = stray_processes(local_dir)
        end_processes(strays, TERM_SECONDS)
        return ended + [f"process {stray.pid}" for stray in strays]


def recorded_workers(local_dir: Path) -> int:
    """How many workers were started and not ended on purpose."""
    return len(_worker_records(local_dir))


def stop_workers_after(local_dir: Path, count: int) -> list[str]:
    """End the workers beyond the first `count`; returns their names. Call it under the lock."""
    return _end_records(_worker_records(local_dir)[count:])


def _worker_records(local_dir: Path) -> list[Path]:
    return sorted((local_dir / "run").glob("worker*.json"), key=lambda path: (len(path.stem), path.stem))


def _end_records(paths: Sequence[Path]) -> list[str]:
    """End, all at once, what these records name; returns the names of those that ran."""
    records = {path: read_record(path) for path in paths}
    alive = {path: found for path, found in records.items() if found is not None and found.is_alive()}
    end_processes(alive.values(), TERM_SECONDS)
    for path in paths:
        path.unlink(missing_ok=True)
    return [path.stem for path in alive]


def stray_processes(local_dir: Path) -> list[ProcessIdentity]:
    """Processes that carry this stack's mark but have no record: their `up` was killed in the instant of starting them.

    This process and its ancestors are never among them. Call it under the lock, or a part that is just being started
    looks stray.
    """
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    recorded = {found.pid for path in (local_dir / "run").glob("*.json") if (found := read_record(path)) is not None}
    mark = str(local_dir.resolve())
    strays = []
    for pid in set(psutil.pids()) - spared - recorded:
        if stack_of(pid) == mark:
            try:
                strays.append(ProcessIdentity.of(pid))
            except ProcessLookupError:
                continue
    return strays


@contextmanager
def exclusive(local_dir: Path, operation: Literal["up", "down"]) -> Iterator[None]:
    """One `up` or `down` at a time in a folder: an `up` waits for either, a `down` ends an `up` (which ends what it
    started).
    """
    make_usable(local_dir)
    with (local_dir / "run" / "lock").open("a+", encoding="utf-8") as lock:
        while not _try_lock(lock):
            if operation == "down":
                _end_holder(lock)
            time.sleep(LOCK_POLL_SECONDS)
        _write_holder(lock, {"operation": operation, "process": asdict(ProcessIdentity.of(os.getpid()))})
        try:
            yield
        finally:
            _write_holder(lock, {})


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_holder(lock: IO[str]) -> None:
    lock.seek(0)
    try:
        holder = json.loads(lock.read())
        process = ProcessIdentity(**holder["process"])
    except (ValueError, KeyError):
        return  # between two writes, or already done
    if holder["operation"] == "up" and process.pid != os.getpid():
        end_processes([process], 2 * TERM_SECONDS)


def _write_holder(lock: IO[str], holder: dict[str, object]) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(json.dumps(holder))
    lock.flush()
