"""The report as text: tables that fit a terminal and survive a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.reporting.report import Account, Kpi, Report, TouchpointLine

SIMULATED = "simulated"


def render(report: Report) -> RenderableType:
    """All parts of the report, empty ones left out. Every number that rests on made-up events says so."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    totals = report.totals
    named = f"map {report.map_name} version {report.map_version}" if report.map_name else "no map is registered yet"
    span = f", {totals.first:%Y-%m-%d} to {totals.last:%Y-%m-%d}" if totals.first and totals.last else ""
    yield Text(f"{named}{span}")
    yield Text(
        f"{totals.events:,} events of {totals.persons:,} persons at {totals.places:,} places, {totals.answers:,} answers"
    )
    if report.is_simulated:
        yield Text(f"Lines marked `{SIMULATED}` count made-up events: no evidence about real customers.")
    yield _touchpoints(report)
    if report.unmapped:
        yield Text(f"\nunmapped: {report.unmapped_events:,} events (`touchline map check` shows what the map knows)")
        yield _plain(
            ("source", "touchpoint", "action", "events"), [(*row[:3], f"{row[3]:,}") for row in report.unmapped]
        )
    if report.quarantine:
        yield Text("\nquarantine")
        yield _plain(("reason", "records"), [(reason, f"{count:,}") for reason, count in report.quarantine])
    yield Text(f"\n{account_line(report.account)}")


def account_line(account: Account) -> str:
    """The account in one line."""
    fates = " + ".join(
        f"{count:,} {name}"
        for name, count in account._asdict().items()
        if name not in ("received", "gaps", "is_balanced")
    )
    verdict = "balanced" if account.is_balanced else "NOT BALANCED: see `touchline reconcile`"
    return f"account: {account.received:,} received = {fates}; {account.gaps:,} gaps; {verdict}"


def _touchpoints(report: Report) -> Table:
    table = Table("touchpoint", "stage", "channel", box=None, pad_edge=False)
    for name in ("events", "persons"):
        table.add_column(name, justify="right")
    table.add_column("KPI")
    for name in ("value", "n"):
        table.add_column(name, justify="right")
    table.add_column("95 % interval")
    for line in report.touchpoints:
        for index, kpi in enumerate(line.kpis or (None,)):
            table.add_row(*(_head(line) if index == 0 else [""] * 5), *(_kpi(kpi) if kpi else ["-"] * 4))
    return table


def _head(line: TouchpointLine) -> list[str]:
    name = f"{line.touchpoint} ({SIMULATED})" if line.is_simulated else line.touchpoint
    stages, channels = (" ".join(one or "-" for one in names) or "-" for names in (line.stages, line.channels))
    return [name, stages, channels, f"{line.events:,}", f"{line.persons:,}"]


def _kpi(kpi: Kpi) -> list[str]:
    label = f"{kpi.kpi} {kpi.variant}, {kpi.scope}"
    return [label, f"{kpi.value:.1f}", f"{kpi.n:,}", f"{kpi.ci_low:.1f} to {kpi.ci_high:.1f} ({kpi.ci_method})"]


def _plain(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for index, name in enumerate(head):
        table.add_column(name, justify="right" if index == len(head) - 1 else "left")
    for row in rows:
        table.add_row(*row)
    return table
