"""The report as text: tables that fit a terminal and survive a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.report.report import Account, Report
from touchline.report.tables import whole_table
from touchline.report.touchpoint_page import SIMULATED, MapPage
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES

NO_MAP = "no map is registered yet: a worker registers its maps when it starts (`touchline up`, or `touchline worker`)"
NOTHING_YET = "nothing is stored yet: send an event (`touchline emit --help`), then `touchline reconcile --wait 30`"


def render(report: Report) -> RenderableType:
    """All parts of the report; of empty ones what is good news. Every number that rests on simulated events says so."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    totals = report.totals
    named = ", ".join(f"map {part.map} version {part.map_version}" for part in report.maps) or NO_MAP
    span = f", {totals.first:%Y-%m-%d} to {totals.last:%Y-%m-%d}" if totals.first and totals.last else ""
    yield Text(f"{named}{span}")
    yield Text(
        f"{totals.events:,} events of {totals.persons:,} persons at {totals.places:,} places, {totals.answers:,} answers"
    )
    if report.is_simulated:
        named = ", ".join(f"{source} ({name})" if name else source for source, name in report.simulated_sources)
        yield Text(
            f"Lines marked `{SIMULATED}` count simulated events: no evidence about real customers. They come from {named}."
        )
    for part in report.maps:
        if len(report.maps) > 1:
            yield Text(f"\nmap {part.map}: {part.title}")
        yield MapPage(part, report.is_simulated)
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
    if report.quarantine:
        yield Text(
            "\nquarantine (`touchline quarantine list` has each record, `touchline quarantine replay` sends again what is fixed)"
        )
        rows = [(reason, REMEDIES[Reason(reason)], f"{count:,}") for reason, count in report.quarantine]
        yield _plain(("reason", "remedy", "records"), rows)
    elif report.account.received:
        yield Text("\nquarantine: nothing is kept out")
    yield Text(f"\n{account_line(report.account)}")


def _unmapped_share(report: Report) -> str:
    events = report.totals.events
    by = "" if len(report.maps) < 2 else " by any map"
    return (
        f"unmapped{by}: {report.unmapped_events:,} of {events:,} events ({report.unmapped_events / max(events, 1):.1%})"
    )


def account_line(account: Account) -> str:
    """The account in one line."""
    fates = " + ".join(
        f"{count:,} {name}"
        for name, count in account._asdict().items()
        if name not in ("received", "gaps", "is_balanced")
    )
    verdict = "balanced" if account.is_balanced else "NOT BALANCED: see `touchline reconcile`"
    return f"account: {account.received:,} received = {fates}; {account.gaps:,} gaps; {verdict}"


def _plain(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = whole_table(*head, right=head[-1:])
    for row in rows:
        table.add_row(*row)
    return table
