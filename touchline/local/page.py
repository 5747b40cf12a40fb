"""What `status` and `doctor` print for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console

from touchline.terminal import whole_table
from touchline.wording import counted

if TYPE_CHECKING:
    from touchline.local.doctor import DoctorFinding
    from touchline.local.status import StackStatus
    from touchline.settings import Settings
    from touchline.settings.engines import ClickHouseSettings

WIDTH_WHEN_PIPED = 160
STATE_STYLES = {"ready": "green", "not answering": "yellow", "not ready": "yellow", "crashed": "red", "stopped": "dim"}
GRADE_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


def print_status(status: StackStatus, settings: Settings) -> None:
    """One line a part, then where to connect when all of it is ready."""
    heads = ("part", "state", "pid", "ports", "memory", "up", "version")
    table = whole_table(*heads, right=("pid", "memory", "up"))
    for part in status.parts:
        ports = ", ".join(map(str, part.ports.values()))
        running = (str(part.pid), ports, f"{part.memory_mib} MiB", duration(part.up_seconds))
        shown = running if part.pid else ("", ports, "", "")
        state = f"[{STATE_STYLES[part.state]}]{part.state}[/]"
        table.add_row(part.name, state, *shown, part.version)
    console = _console()
    console.print(table)
    for name, trouble in ((part.name, trouble) for part in status.parts for trouble in part.troubles):
        console.print(f"\n{name}: {trouble.what}", markup=False, soft_wrap=True)
        if trouble.hint:
            console.print(f"hint: {trouble.hint}", markup=False, soft_wrap=True)
    if status.sources is not None:
        console.print(f"\n{status.sources.what}; workers go by what it said before", markup=False, soft_wrap=True)
        console.print(f"hint: {status.sources.hint}", markup=False, soft_wrap=True)
    if status.lag is not None:
        console.print(
            f"\n{counted(status.lag, 'record')} of {settings.topic} {'waits' if status.lag == 1 else 'wait'} to be stored"
        )
    for sentence in (*status.maps, *(one.sentence for one in status.erasures)):
        console.print(sentence, markup=False, soft_wrap=True)
    if status.is_ready:
        console.print(f"Kafka {settings.kafka_bootstrap}, ClickHouse {_clickhouse(settings)}", markup=False)


def print_findings(findings: Iterable[DoctorFinding]) -> None:
    """One line a check; below it, what mends it."""
    console = _console()
    for finding in findings:
        style = GRADE_STYLES[finding.grade]
        console.print(f"[{style}]{finding.grade:<8}[/] {finding.check:<11} ", end="")
        console.print(finding.fact, markup=False, soft_wrap=True)
        if finding.hint:
            console.print(f"{'':<20} hint: {finding.hint}", markup=False, soft_wrap=True)


def duration(seconds: int) -> str:
    """Days, hours, minutes or seconds: the two largest that are not zero."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _clickhouse(settings: ClickHouseSettings) -> str:
    host, user = settings.clickhouse_host, settings.clickhouse_user
    native, http = f"{host}:{settings.clickhouse_port}", f"http://{host}:{settings.clickhouse_http_port}"
    return f"{native} and {http} (user {user}, password in {settings.clickhouse_password_file})"


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_WHEN_PIPED
    return console
