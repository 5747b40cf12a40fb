"""A disk that is full at a word, for one folder and the process that writes there.

With the right to mount it is a tmpfs that a ballast file fills, so that writes fail with ENOSPC; without it, the process's own limit on the
size of a file (RLIMIT_FSIZE), so that they fail with EFBIG.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

TMPFS_MIB = 512
_CAP_SYS_ADMIN = 21
_BALLAST = "ballast"


class SmallDisk(Protocol):
    """`fill` makes writes of the process fail, `free` lets them pass again."""

    path: Path

    def fill(self, pid: int) -> None: ...

    def free(self, pid: int) -> None: ...


def _free_bytes(path: Path) -> int:
    statistics = os.statvfs(path)
    return statistics.f_bavail * statistics.f_bsize


class Tmpfs:
    """A mounted file system of a fixed size."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, pid: int) -> None:
        with (self.path / _BALLAST).open("wb") as ballast:
            while (free_bytes := _free_bytes(self.path)) > 0:
                # What a server writes meanwhile takes its part of it.
                with suppress(OSError):
                    os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, free_bytes)

    def free(self, pid: int) -> None:
        (self.path / _BALLAST).unlink()


class LimitedFiles:
    """Any folder; no file of the process may grow, nor be made, beyond a few hundred bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, pid: int) -> None:
        _limit(pid, 300)

    def free(self, pid: int) -> None:
        _limit(pid, resource.RLIM_INFINITY)


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """A small disk at this path, which is made."""
    path.mkdir(parents=True)
    if not _may_mount():
        yield LimitedFiles(path)
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m", "tmpfs", str(path)], check=True)
    try:
        yield Tmpfs(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def _limit(pid: int, file_bytes: int) -> None:
    psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))


def _may_mount() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return bool(effective >> _CAP_SYS_ADMIN & 1) and os.geteuid() == 0
