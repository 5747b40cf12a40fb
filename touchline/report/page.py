"""The report as text: tables that fit a terminal and survive a pipe; side by side where it is wide, one below the other where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from touchline.report.values import Account, Kpi, MapPart, Report, StageLine, TouchpointLine, Trend
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES
from touchline.sql.language.trends import NOT_KNOWN, NOT_SIGNIFICANT
from touchline.terminal import whole_table
from touchline.wording import counted, one_digit, percent_of

NO_MAP = "no map is registered yet: a worker registers its maps when it starts (`touchline up`, or `touchline worker`)"
NOTHING_YET = "nothing is stored yet: send an event (`touchline emit --help`), then `touchline reconcile --wait 30`"
SIMULATED = "simulated"
WIDE_COLUMNS = 130
_UNITS = {"percent": "%", "score": "", "points": "points"}
_LONGEST_NAME_KEPT = 40
_HEADS = ("touchpoint", "stage", "channel", "events", "persons")
_KPI_HEADS = ("KPI", "value", "n", "95 % interval", "trend")
_MODES = {"in_order": "reached in order", "any": "reached in any order (with it or a later one)"}
_NUMBERS = ("events", "persons", "value", "n")


def render(report: Report) -> RenderableType:
    """All parts of the report; of empty ones what is good news. Every number that rests on simulated events says so."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    totals = report.totals
    named = ", ".join(f"map {part.map} version {part.map_version}" for part in report.maps) or NO_MAP
    span = f", {totals.first:%Y-%m-%d} to {totals.last:%Y-%m-%d}" if totals.first and totals.last else ""
    yield Text(f"{named}{span}")
    yield Text(
        f"{counted(totals.events, 'event')} of {counted(totals.persons, 'person')} at {counted(totals.places, 'place')}, "
        f"{counted(totals.answers, 'answer')}"
    )
    yield from map(Text, report.under_way)
    if report.is_simulated:
        named = ", ".join(f"{source} ({name})" if name else source for source, name in report.simulated_sources)
        yield Text(
            f"Lines marked `{SIMULATED}` count simulated events: no evidence about real customers. They come from {named}."
        )
    for part in report.maps:
        if len(report.maps) > 1:
            yield Text(f"\nmap {part.map}: {part.title}")
        yield MapPage(part, report.is_simulated, report.mode)
    if not report.touchpoints and not report.account.received:
        yield Text(NOTHING_YET)
    if report.uncounted:
        yield Text("\nanswers that enter no KPI")
        yield _plain(("why", "answers"), [(why, f"{count:,}") for why, count in report.uncounted])
    if report.touchpoints or report.unmapped:
        yield Text(f"\n{_unmapped_share(report)}; `touchline map check` shows what a map knows")
    if report.unmapped:
        yield _plain(
            ("source", "touchpoint", "action", "events"), [(*row[:3], f"{row[3]:,}") for row in report.unmapped]
        )
    if report.withheld:
        yield Text(
            "\nwithheld: stored, and counted nowhere, since a consent was withdrawn (`touchline trace` says it of one event)"
        )
        yield _plain(("source", "events"), [(source, f"{count:,}") for source, count in report.withheld])
    if report.quarantine:
        yield Text(
            "\nquarantine (`touchline quarantine list` has each record, `touchline quarantine replay` sends again what is fixed)"
        )
        rows = [(reason, _remedy(Reason(reason), report), f"{count:,}") for reason, count in report.quarantine]
        yield _plain(("reason", "remedy", "records"), rows)
    elif report.account.received:
        yield Text("\nquarantine: nothing is kept out")
    yield Text(f"\n{account_line(report.account)}")


def _remedy(reason: Reason, report: Report) -> str:
    if reason is not Reason.UNKNOWN_SOURCE or not report.undeclared:
        return REMEDIES[reason]
    named = ", ".join(f"{source} ({count:,})" for source, count in report.undeclared)
    return f"declare in sources.yaml, with its legal basis: {named}"


def _unmapped_share(report: Report) -> str:
    events = report.totals.events
    by = "" if len(report.maps) < 2 else " by any map"
    return f"unmapped{by}: {report.unmapped_events:,} of {counted(events, 'event')} ({report.unmapped_events / max(events, 1):.1%})"


def account_line(account: Account) -> str:
    """The account in one line."""
    fates = " + ".join(
        f"{count:,} {name}"
        for name, count in account._asdict().items()
        if name not in ("received", "gaps", "is_balanced")
    )
    verdict = "balanced" if account.is_balanced else "NOT BALANCED: see `touchline reconcile`"
    return f"account: {account.received:,} received = {fates}; {counted(account.gaps, 'gap')}; {verdict}"


def _plain(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = whole_table(*head, right=head[-1:])
    for row in rows:
        table.add_row(*row)
    return table


class MapPage:
    """The part of one map."""

    def __init__(self, part: MapPart, is_simulated: bool, mode: str) -> None:
        self._part = part
        self._mode = mode
        self._is_simulated = is_simulated

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_wide = options.max_width >= WIDE_COLUMNS
        yield from self._touchpoints(is_wide)
        if self._part.touchpoints and self._part.stages:
            simulated = f" ({SIMULATED} ones included)" if self._is_simulated else ""
            yield Text(
                f"\nstages, {_MODES[self._mode]}: what became of all journeys{simulated} that reached each; the rate (stage_rate) is of "
                "the n whose window is over: the map's churn term has passed since they began"
            )
            yield from _stages(self._part.stages, is_wide)

    def _touchpoints(self, is_wide: bool) -> Iterator[RenderableType]:
        lines = self._part.touchpoints
        if not lines:
            return
        if is_wide:
            yield self._wide(lines)
        else:
            yield self._volumes(lines)
            if any(line.kpis for line in lines):
                yield Text("\nKPIs, with 95 % intervals and trends")
                yield from self._kpis(lines)
        if any(line.kpis for line in lines):
            yield Text(_footnote(self._part))
        if (later := self._part.later) and (periods := self._part.periods):
            yield Text(
                f"{counted(later.events, 'event')} after a gap, up to {later.last_day}: the trends end with {periods.to}, before the gap "
                f"(`--until {later.last_day}` takes the last days)"
            )

    def _wide(self, lines: Sequence[TouchpointLine]) -> Table:
        longest = max(len(_name(line)) for line in lines)
        table = self._table(*_HEADS, *_KPI_HEADS, keeps=min(longest, _LONGEST_NAME_KEPT))
        for line in lines:
            for index, cells in enumerate(_kpis(line) or [["-"] * 5]):
                table.add_row(*(_head(line) if index == 0 else [""] * 5), *cells)
        return table

    def _volumes(self, lines: Sequence[TouchpointLine]) -> Table:
        table = self._table(*_HEADS)
        for line in lines:
            table.add_row(*_head(line))
        return table

    def _kpis(self, lines: Sequence[TouchpointLine]) -> Iterator[Text]:
        """In sentences, which any width holds."""
        for line in lines:
            if line.kpis:
                yield Text(f"{_name(line)} at {line.stage or 'no stage'}")
            for label, value, n, interval, trend in _kpis(line):
                compared = "" if trend == "-" else f"\n    {trend}"
                yield Text(f"  {label}: {value} ({interval}), n {n}{compared}")

    def _table(self, *heads: str, keeps: int = len(SIMULATED) + 2) -> Table:
        """`keeps`: so wide the first column remains; the label of simulated events stays in one piece on any terminal."""
        table = whole_table(*heads, right=[head for head in heads if head in _NUMBERS])
        table.columns[0].min_width = keeps
        return table


def _name(line: TouchpointLine) -> str:
    return f"{line.touchpoint} ({SIMULATED})" if line.is_simulated else line.touchpoint


def _head(line: TouchpointLine) -> list[str]:
    if not line.events:  # answers only: their touchpoint's events stand in a line of their own, or nowhere
        return [_name(line), line.stage or "-", "-", "-", "-"]
    channels = " ".join(one or "-" for one in line.channels) or "-"
    return [_name(line), line.stage or "-", channels, f"{line.events:,}", f"{line.persons:,}"]


def _kpis(line: TouchpointLine) -> list[list[str]]:
    """The KPIs of a touchpoint at its stage."""
    return [_kpi(kpi) for kpi in line.kpis]


def _kpi(kpi: Kpi) -> list[str]:
    value = f"{one_digit(kpi.value)} {_UNITS[kpi.unit]}".rstrip()
    interval = f"{one_digit(kpi.ci_low)} to {one_digit(kpi.ci_high)}"
    return [f"{kpi.kpi} {kpi.variant}, {kpi.scope}", value, f"{kpi.n:,}", interval, _trend(kpi.trend)]


def _trend(trend: Trend) -> str:
    if trend.verdict == NOT_KNOWN or trend.change is None:
        return "-"
    if trend.verdict == NOT_SIGNIFICANT:
        return NOT_SIGNIFICANT
    change, low, high = (one_digit(one or 0, "+") for one in (trend.change, trend.ci_low, trend.ci_high))
    return f"{trend.verdict} {change} ({low} to {high})"


def _footnote(part: MapPart) -> str:
    """How intervals are made, and what a trend compares."""
    methods: dict[str, set[str]] = {}
    for kpi in (kpi for line in part.touchpoints for kpi in line.kpis):
        methods.setdefault(kpi.ci_method, set()).add(f"{kpi.kpi} {kpi.variant}")
    made = "; ".join(f"{method}: {', '.join(sorted(names))}" for method, names in sorted(methods.items()))
    if part.periods is None:
        return f"intervals by {made}. Trend: the map places no event, so there is no period"
    days = part.periods
    return (
        f"intervals by {made}. Trend: {days.from_} to {days.to} against {days.before_from} to {days.before_to}, with the 95 % interval of "
        "the change (of twenty KPIs that did not change one seems to); - where a period has no answer"
    )


def _stages(stages: Sequence[StageLine], is_wide: bool) -> Iterator[Table]:
    counts = ("reached", "continued", "completed", "dropped", "open")
    rates = ("rate", "95 % interval (wilson)", "n")
    rows = [
        (one.stage, _counts(one), (*_rate(one.rate, one.ci_low, one.ci_high), f"{one.denominator:,}")) for one in stages
    ]
    if is_wide:
        table = whole_table("stage", *counts, *rates, right=(*counts, *rates))
        for stage, counted, rated in rows:
            table.add_row(stage, *counted, *rated)
        yield table
        return
    for part, heads in enumerate((counts, rates)):
        table = whole_table("stage", *heads, right=heads)
        for stage, *cells in rows:
            table.add_row(stage, *cells[part])
        yield table


def _counts(one: StageLine) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in (one.reached, one.advanced, one.completed, one.dropped, one.open))


def _rate(rate: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if rate is None or low is None or high is None:
        return "-", "-"
    return percent_of(rate), f"{percent_of(low)} to {percent_of(high)}"
