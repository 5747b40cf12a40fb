"""The report as text: tables that fit a terminal and survive a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.reporting.report import Account, Kpi, Report, TouchpointLine
from touchline.reporting.stages import StageLine
from touchline.reporting.tables import whole_table
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES

SIMULATED = "simulated"
NO_MAP = "no map is registered yet: a worker registers its maps when it starts (`touchline up`, or `touchline worker`)"
NOTHING_YET = "nothing is stored yet: send an event (`touchline emit --help`), then `touchline reconcile --wait 30`"
_UNITS = {"percent": "%", "score": "", "points": "points"}


def render(report: Report) -> RenderableType:
    """All parts of the report, empty ones left out. Every number that rests on made-up events says so."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    totals = report.totals
    named = f"map {report.map_name} version {report.map_version}" if report.map_name else NO_MAP
    span = f", {totals.first:%Y-%m-%d} to {totals.last:%Y-%m-%d}" if totals.first and totals.last else ""
    yield Text(f"{named}{span}")
    yield Text(
        f"{totals.events:,} events of {totals.persons:,} persons at {totals.places:,} places, {totals.answers:,} answers"
    )
    if report.is_simulated:
        yield Text(f"Lines marked `{SIMULATED}` count made-up events: no evidence about real customers.")
    if report.touchpoints:
        yield _touchpoints(report)
    if report.touchpoints and report.stages:
        made_up = f" ({SIMULATED} ones included)" if report.is_simulated else ""
        yield Text(
            f"\nstages: journeys{made_up} that passed them in order, and that reached them or a later one in any order"
        )
        yield _stages(report.stages)
    elif not report.account.received:
        yield Text(NOTHING_YET)
    if report.uncounted:
        yield Text("\nanswers that enter no KPI")
        yield _plain(("why", "answers"), [(why, f"{count:,}") for why, count in report.uncounted])
    if report.unmapped:
        share = f"{report.unmapped_events:,} of {totals.events:,} events ({report.unmapped_events / totals.events:.1%})"
        yield Text(f"\nunmapped: {share}; `touchline map check` shows what the map knows")
        yield _plain(
            ("source", "touchpoint", "action", "events"), [(*row[:3], f"{row[3]:,}") for row in report.unmapped]
        )
    if report.quarantine:
        yield Text("\nquarantine (journey.quarantine has each record, `touchline trace SOURCE ID` one event)")
        rows = [(reason, REMEDIES[Reason(reason)], f"{count:,}") for reason, count in report.quarantine]
        yield _plain(("reason", "remedy", "records"), rows)
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
    heads = ("touchpoint", "stage", "channel", "events", "persons", "KPI", "value", "n", "95 % interval")
    table = whole_table(*heads, right=("events", "persons", "value", "n"))
    if report.is_simulated:
        table.columns[0].min_width = len(SIMULATED) + 2  # the label stays in one piece on any terminal
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
    value = f"{kpi.value:.1f} {_UNITS[kpi.unit]}".rstrip()
    return [label, value, f"{kpi.n:,}", f"{kpi.ci_low:.1f} to {kpi.ci_high:.1f} ({kpi.ci_method})"]


def _stages(stages: Sequence[StageLine]) -> Table:
    interval = "95 % interval (wilson)"
    numbers = ("in order", "to the next", interval, "any order", "to a later one", interval)
    table = whole_table("stage", *numbers, right=numbers)
    for one in stages:
        in_order = (f"{one.reached:,}", *_rate(one.rate, one.ci_low, one.ci_high))
        table.add_row(
            one.stage, *in_order, f"{one.reached_any:,}", *_rate(one.rate_any, one.ci_low_any, one.ci_high_any)
        )
    return table


def _rate(rate: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if rate is None or low is None or high is None:
        return "-", "-"
    return f"{rate:.1%}", f"{low:.1%} to {high:.1%}"


def _plain(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = whole_table(*head, right=head[-1:])
    for row in rows:
        table.add_row(*row)
    return table
