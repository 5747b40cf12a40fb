"""One part of the stack: a process with a name, a log, a record on disk and a way to tell that it is ready.

It runs in a session of its own, away from the terminal, with its output in the log; its record in `run/` lets any later
command find it again. Starting is idempotent, ending is by identity (see `identity.py`), and a process that dies before
it is ready says why.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from touchline.errors import EngineUnreachable
from touchline.local.identity import ProcessIdentity, end_processes
from touchline.local.ports import require_free

# Between SIGTERM and SIGKILL. A quorum that loses its last voters waits for them in vain, so a broker may need the
# latter; its log is safe.
TERM_SECONDS = 8.0
LOG_LIMIT_BYTES = 16 << 20
LOG_TAIL_LINES = 8
READY_POLL_SECONDS = 0.05
STOP_POLL_SECONDS = 0.002
MIB = 1 << 20


@dataclass(frozen=True)
class ListeningPort:
    """A port a part listens on, what it is for, and the setting that changes it."""

    number: int
    purpose: str
    setting: str


@dataclass(frozen=True)
class PartSpec:
    """How one part is started and known to be ready."""

    name: str
    command: Callable[[], Sequence[str]]
    environment: Mapping[str, str]
    ports: Sequence[ListeningPort]
    is_ready: Callable[[], bool]
    ready_seconds: float
    prepare: Callable[[], None] = field(default=lambda: None)
    troubles: Callable[[], Sequence[tuple[str, str]]] = field(default=lambda: ())
    """Why it is not ready, each with what to do, where the part says so."""


class Part:
    """A part of the stack, running or not. Two `Part`s with the same name and folder are views of the same process."""

    def __init__(self, spec: PartSpec, local_dir: Path) -> None:
        self.spec = spec
        self.record_path = local_dir / "run" / f"{spec.name}.json"
        self.log_path = local_dir / "log" / f"{spec.name}.log"
        self.on_start: Callable[[ProcessIdentity], None] = lambda _identity: None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_child(self) -> bool:
        """This object started the process, and it has not ended."""
        self._reap()
        return self._child is not None

    @property
    def identity(self) -> ProcessIdentity | None:
        """The process that was last started under this name, alive or not; None after it was ended on purpose."""
        return read_record(self.record_path)

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            EngineUnreachable: the part does not run.
        """
        identity = self.identity
        if identity is None or not identity.is_alive():
            raise EngineUnreachable(f"{self.name} does not run", "start it with `touchline up`")
        return identity.pid

    def is_running(self) -> bool:
        """The process is there; it need not be ready."""
        self._reap()
        identity = self.identity
        return identity is not None and identity.is_alive()

    def is_ready(self) -> bool:
        """It runs and answers."""
        return self.is_running() and self.spec.is_ready()

    def memory_bytes(self) -> int:
        """Resident memory; 0 when it does not run."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except (psutil.Error, EngineUnreachable):
            return 0

    def start(self, *, wait: bool = True) -> bool:
        """Start unless it runs already, then wait until it is ready; returns whether a process was started.

        Raises:
            WrongUsage: a port is taken.
            EngineUnreachable: it ended, or was not ready in time; says what the log's end says.
        """
        is_new = not self.is_running()
        if is_new:
            self._spawn()
        if wait:
            self.wait_ready()
        return is_new

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            EngineUnreachable: it ended, or was not ready in time.
        """
        deadline = time.monotonic() + self.spec.ready_seconds
        while time.monotonic() < deadline:
            if not self.is_running():
                raise EngineUnreachable(
                    f"{self.name} ended before it was ready; its log ends with:\n{self.log_tail()}",
                    f"see `touchline logs {self.name}` and `touchline doctor`",
                )
            if self.spec.is_ready():
                return
            time.sleep(READY_POLL_SECONDS)
        raise EngineUnreachable(
            f"{self.name} was not ready within {self.spec.ready_seconds:.0f} s; its log ends with:\n{self.log_tail()}",
            f"see `touchline logs {self.name}`; on a busy machine try again",
        )

    def require_ports(self) -> None:
        """Check that every port is free.

        Raises:
            WrongUsage: one is taken; says by whom and which setting changes it.
        """
        for port in self.spec.ports:
            require_free(port.number, f"{self.name} ({port.purpose})", port.setting)

    def terminate(self) -> None:
        """SIGTERM, and SIGKILL after a term; returns when it has ended."""
        if (identity := self.identity) is not None:
            end_processes([identity], TERM_SECONDS)
            self._reap()
            self.record_path.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL; returns when it has ended. The record stays: `status` calls this a crash."""
        if (identity := self.identity) is not None:
            end_processes([identity], term_seconds=0)
            self._reap()

    def pause(self) -> None:
        """SIGSTOP: alive but silent, as on a machine that swaps or sleeps. Returns when its last thread has stopped: on a
        busy machine one that has not yet heard of it may still answer."""
        self._send(signal.SIGSTOP)
        deadline = time.monotonic() + TERM_SECONDS
        while (identity := self.identity) is not None and not _is_stopped(identity.pid):
            if time.monotonic() > deadline:
                raise EngineUnreachable(f"{self.name} does not stop", "look at the machine's load and try again")
            time.sleep(STOP_POLL_SECONDS)

    def resume(self) -> None:
        """SIGCONT after `pause`."""
        self._send(signal.SIGCONT)

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """The log's last lines."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - (lines + 1) * 1000))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _spawn(self) -> None:
        self.require_ports()
        self.spec.prepare()
        for folder in (self.record_path.parent, self.log_path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as log:
            self._child = subprocess.Popen(
                self.spec.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.spec.environment),
                start_new_session=True,
            )
        identity = ProcessIdentity.of(self._child.pid)
        self.on_start(identity)
        write_record(self.record_path, identity, self.spec)

    def _send(self, signal_number: int) -> None:
        if (identity := self.identity) is not None:
            identity.send(signal_number)

    def _reap(self) -> None:
        """Take the exit status of an own child, so that no zombie stays."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def release(self) -> None:
        """The process is to outlive this one; Python shall not complain of a child it has not waited for."""
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0
        self._child = None


def read_record(path: Path) -> ProcessIdentity | None:
    """The identity in a record; None without a (whole) record."""
    record = read_record_fields(path)
    return ProcessIdentity(**record["process"]) if record else None


def read_record_fields(path: Path) -> dict[str, Any]:
    """All of a record: `process`, `ports`, `started_at` (Unix seconds); empty without one."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record


def write_record(path: Path, identity: ProcessIdentity, spec: PartSpec) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.draft")
    record = {
        "process": asdict(identity),
        "ports": [asdict(port) for port in spec.ports],
        "started_at": time.time(),
    }
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(path)


def _is_stopped(pid: int) -> bool:
    """Whether every thread is stopped, or none is left."""
    try:
        states = [
            (task / "stat").read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").iterdir()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return not Path(f"/proc/{pid}").exists()
    return all(state in "TtZX" for state in states)
