"""`touchline doctor`: one check after the other, each a fact and, where it is not well, what mends it.

A check never raises for what it looks for. What needs a running stack is skipped, not failed, while the stack is down.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from touchline.errors import TouchlineError
from touchline.kafka.admin import admin_client
from touchline.kafka.topic import find_topic
from touchline.local.ending import stray_processes
from touchline.local.folder import bytes_in
from touchline.local.java import INSTALL_MAVEN, find_java, has_jars, java_version, kafka_version
from touchline.local.preflight import check_worker_files
from touchline.local.process import MIB
from touchline.local.secrets import is_private, secret_files
from touchline.local.stack import LocalStack
from touchline.local.status import clickhouse_version
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES
from touchline.wording import counted

GIB = 1 << 30
# Measured for Kafka, the shim and one worker: 0.8 GiB at rest; queries over some million rows take as much again.
LEAST_MEMORY_BYTES = 2 * GIB
LEAST_DISK_BYTES = 2 * GIB
PINNED_CLICKHOUSE = "26.9"
PACKAGES = ("chdb", "clickhouse_driver", "faust", "lmdb", "orjson")
# A clock before this day has lost its battery; times of events would be refused as lying in the future.
EARLIEST_NOW_SECONDS = 1_767_225_600  # 2026-01-01
CLOCK_TOLERANCE_SECONDS = 5.0


class Grade(StrEnum):
    """How a check came out. Closed set, also in `doctor --json`."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class DoctorFinding:
    """What one check found; `hint` is empty when there is nothing to mend."""

    check: str
    grade: Grade
    fact: str
    hint: str = ""


Outcome = tuple[Grade, str, str]
NEEDS_STACK: Outcome = (Grade.SKIPPED, "the stack does not run", "start it with `touchline up`")


def _ok(fact: str) -> Outcome:
    return Grade.OK, fact, ""


def examine(stack: LocalStack) -> Iterator[DoctorFinding]:
    """Run all checks, in the order in which things are needed."""
    checks: list[tuple[str, Callable[[LocalStack], Outcome]]] = [
        ("python", _python),
        ("packages", _packages),
        ("java", _java),
        ("kafka jars", _jars),
        ("memory", _memory),
        ("disk", _disk),
        ("folder", _folder),
        ("worker files", _worker_files),
        ("secrets", _secrets),
        ("ports", _ports),
        ("processes", _processes),
        ("clock", _clock),
        ("topic", _topic),
        ("clickhouse", _clickhouse),
        ("schema", _schema),
    ]
    grades = {}
    for name, check in checks:
        found = _examined(name, check, stack)
        grades[name] = found.grade
        yield found
    if grades["schema"] is Grade.OK:
        yield _examined("quarantine", _quarantine, stack)


def _examined(name: str, check: Callable[[LocalStack], Outcome], stack: LocalStack) -> DoctorFinding:
    try:
        return DoctorFinding(name, *check(stack))
    except TouchlineError as error:
        return DoctorFinding(name, Grade.FAILED, error.what, error.hint)


def _python(_stack: LocalStack) -> Outcome:
    return _ok(f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages(_stack: LocalStack) -> Outcome:
    # Faust replaces its own module, which then has no spec; what is imported is installed.
    missing = [name for name in PACKAGES if name not in sys.modules and importlib.util.find_spec(name) is None]
    if missing:
        return Grade.FAILED, f"not installed: {', '.join(missing)}", "pip install 'touchline[local]'"
    return _ok("all that the local stack needs is installed")


def _java(_stack: LocalStack) -> Outcome:
    program = find_java()
    return _ok(f"Java {java_version(program)} ({program})")


def _jars(stack: LocalStack) -> Outcome:
    if has_jars(stack.jars):
        return _ok(f"Kafka {kafka_version()}, whole")
    if shutil.which("mvn") is None:
        return Grade.FAILED, "Kafka's jars are not here, and there is no Maven to fetch them", INSTALL_MAVEN
    return Grade.WARNING, "Kafka's jars are not here yet", "`touchline up` fetches them (44 MB)"


def _memory(stack: LocalStack) -> Outcome:
    available = psutil.virtual_memory().available + sum(part.memory_bytes() for part in stack.parts)
    fact = f"{available / GIB:.1f} GiB for the stack"
    if available < LEAST_MEMORY_BYTES:
        return Grade.WARNING, fact, f"the stack wants {LEAST_MEMORY_BYTES // GIB} GiB: end other programs"
    return _ok(fact)


def _disk(stack: LocalStack) -> Outcome:
    folder = stack.settings.local_dir
    free = shutil.disk_usage(_existing(folder)).free
    used = bytes_in(folder)
    fact = f"{free / GIB:.1f} GiB free, {used / MIB:.0f} MiB in use by {folder}"
    if free < LEAST_DISK_BYTES:
        return Grade.FAILED, fact, "free some space; `./run clean` removes everything local of this project"
    return _ok(fact)


def _folder(stack: LocalStack) -> Outcome:
    folder = _existing(stack.settings.local_dir)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Grade.FAILED, f"{folder} is not writable for this user", "change its owner, or set local_dir"
    return _ok(f"{stack.settings.local_dir} is writable")


def _worker_files(stack: LocalStack) -> Outcome:
    return _ok(check_worker_files(stack.settings))


def _secrets(stack: LocalStack) -> Outcome:
    files = [path for path in secret_files(stack.settings) if path.exists()]
    exposed = [str(path) for path in files if not is_private(path)]
    if exposed:
        return Grade.FAILED, f"others can read {', '.join(exposed)}", f"chmod 600 {' '.join(exposed)}"
    if not files:
        return Grade.SKIPPED, "none yet", "`touchline up` makes them"
    return _ok(f"{len(files)} files, readable by their owner only")


def _ports(stack: LocalStack) -> Outcome:
    for part in stack.parts:
        if not part.is_running():
            part.require_ports()
    numbers = sorted(port.number for part in stack.parts for port in part.spec.ports)
    return _ok(f"{', '.join(map(str, numbers))}: free or held by this stack")


def _processes(stack: LocalStack) -> Outcome:
    crashed = [part.name for part in stack.parts if part.identity is not None and not part.is_running()]
    if crashed:
        logs = ", ".join(f"`touchline logs {name}`" for name in crashed)
        return (
            Grade.FAILED,
            f"ended unexpectedly: {', '.join(crashed)}",
            f"{logs} may say why; `touchline up` starts again",
        )
    behind = [part for part in stack.parts if part.is_running() and not part.is_ready()]
    if said := [(part.name, *trouble) for part in behind for trouble in part.spec.troubles()]:
        facts = "; ".join(f"{name}: {what}" for name, what, _ in said)
        return Grade.FAILED, facts, "; ".join(dict.fromkeys(hint for _, _, hint in said if hint))
    if silent := [part.name for part in behind]:
        return Grade.FAILED, f"running but not answering: {', '.join(silent)}", "`touchline down`, then `touchline up`"
    if strays := stray_processes(stack.settings.local_dir):
        pids = ", ".join(str(stray.pid) for stray in strays)
        return Grade.WARNING, f"left over from an interrupted start: {pids}", "`touchline down` ends them"
    return _ok(f"{sum(part.is_running() for part in stack.parts)} of {len(stack.parts)} parts run")


def _clock(stack: LocalStack) -> Outcome:
    now = time.time()
    stamps = [path.stat().st_mtime for path in stack.settings.local_dir.glob("*/*") if path.is_file()]
    newest = max(stamps, default=EARLIEST_NOW_SECONDS)
    if now < EARLIEST_NOW_SECONDS or newest > now + CLOCK_TOLERANCE_SECONDS:
        behind = max(newest, EARLIEST_NOW_SECONDS) - now
        return Grade.FAILED, f"the clock is at least {behind:.0f} s behind", "set it (`timedatectl set-ntp true`)"
    return _ok(time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now)))


def _topic(stack: LocalStack) -> Outcome:
    if not stack.kafka.is_running():
        return NEEDS_STACK
    with admin_client(stack.settings.kafka_bootstrap) as admin:
        described = find_topic(admin, stack.settings.topic)
    wanted = stack.settings.partitions
    if described is None:
        return Grade.FAILED, f"there is no topic {stack.settings.topic}", "`touchline up` creates it"
    found = described.partition_count
    if found != wanted:
        hint = f"set partitions to {found}; another number means a new topic and a rebuild"
        return Grade.FAILED, f"{stack.settings.topic} has {found} partitions, not {wanted}", hint
    return _ok(f"{stack.settings.topic} with {found} partitions")


def _clickhouse(stack: LocalStack) -> Outcome:
    if not stack.clickhouse.is_running():
        return NEEDS_STACK
    if not (version := clickhouse_version(stack.settings)):
        return Grade.FAILED, "it does not answer, or refuses the password", "`touchline down`, then `touchline up`"
    if not version.startswith(f"{PINNED_CLICKHOUSE}."):
        return Grade.WARNING, f"version {version}, tested with {PINNED_CLICKHOUSE}", "pip install 'touchline[local]'"
    return _ok(f"version {version}")


def _schema(stack: LocalStack) -> Outcome:
    from touchline.clickhouse.connect import connect, explained
    from touchline.sql.schema.migrate import require_schema, schema_version

    if not stack.clickhouse.is_ready():
        return NEEDS_STACK
    client = connect(stack.settings)
    try:
        with explained(stack.settings):
            require_schema(client)
            return _ok(f"version {schema_version(client)}, which this release can work with")
    finally:
        client.disconnect()


def _quarantine(stack: LocalStack) -> Outcome:
    from touchline.clickhouse.connect import connect, explained

    client = connect(stack.settings)
    try:
        with explained(stack.settings):
            kept_out = client.execute(
                "SELECT reason, count() FROM journey.quarantine GROUP BY reason ORDER BY count() DESC, reason"
            )
    finally:
        client.disconnect()
    if not kept_out:
        return _ok("nothing is kept out")
    counts = ", ".join(f"{reason} {count:,}" for reason, count in kept_out)
    hint = f"{REMEDIES[Reason(kept_out[0][0])]}; `touchline quarantine list` has each"
    return Grade.WARNING, f"{counted(sum(count for _, count in kept_out), 'record')} kept out: {counts}", hint


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
