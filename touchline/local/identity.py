"""Which process is meant: a pid alone is not enough, since the kernel gives it to another process later.

A process is its pid, the tick at which it started and the boot it started in; a signal goes through a pidfd that was
opened before that comparison, so it cannot reach a stranger. Run as a script (standard library only, so that it starts
quickly and stays small) this module is the *guard*: it reads the identities of started processes from standard input,
one JSON object a line. When its parent goes away without the word `keep`, even by kill -9, it ends every one of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

KEEP = "keep"
GUARD_TERM_SECONDS = 10.0
POLL_SECONDS = 0.02
STATE, THREADS, START_TIME = 0, 17, 19  # fields 3, 20 and 22 of /proc/PID/stat


def boot_id() -> str:
    """This boot of the kernel; start ticks count from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _stat_fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third (state) on; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()  # the name, field 2, may itself hold blanks and parentheses


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one boot."""

    pid: int
    start_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Identity of a process that runs now.

        Raises:
            ProcessLookupError: there is none.
        """
        fields = _stat_fields(pid)
        if not fields:
            raise ProcessLookupError(pid)
        return cls(pid, int(fields[START_TIME]), boot_id())

    def is_alive(self) -> bool:
        """Runs, or is stopped by a signal. A zombie has ended, but only when its last thread has: until then it may
        hold ports.
        """
        fields = _stat_fields(self.pid)
        if not fields or int(fields[START_TIME]) != self.start_ticks or boot_id() != self.boot:
            return False
        return fields[STATE] not in "ZX" or int(fields[THREADS]) > 1

    def send(self, signal_number: int) -> bool:
        """Send a signal to this process and no other; False when it has ended."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(descriptor, signal_number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def end_processes(identities: Iterable[ProcessIdentity], term_seconds: float) -> list[ProcessIdentity]:
    """SIGTERM (after SIGCONT, for the stopped) to all at once, SIGKILL after a term; returns those that had to be
    killed.

    Returns when all have ended. Who depends on an order calls this once per step; a term of 0 is SIGKILL at once.
    """
    gentle = signal.SIGTERM if term_seconds > 0 else signal.SIGKILL
    identities = list(identities)
    for identity in identities:
        # First, so that the main thread is there to take the next signal: any other thread may swallow it in a library.
        identity.send(signal.SIGCONT)
    alive = [identity for identity in identities if identity.send(gentle)]
    deadline = time.monotonic() + term_seconds
    while (alive := [identity for identity in alive if identity.is_alive()]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    killed = [identity for identity in alive if identity.send(signal.SIGKILL)]
    while any(identity.is_alive() for identity in killed):
        time.sleep(POLL_SECONDS)
    return killed


def guard() -> None:
    """Remember what the parent starts; end it when the parent is gone."""
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    started: list[ProcessIdentity] = []
    for line in sys.stdin:
        if line.strip() == KEEP:
            return
        started.append(ProcessIdentity(**json.loads(line)))
    end_processes(reversed(started), GUARD_TERM_SECONDS)


if __name__ == "__main__":
    guard()
