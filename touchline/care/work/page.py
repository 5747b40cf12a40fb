"""Cases as text, JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from touchline.care.work.read import SHOWN_DIGITS, Case, Said
from touchline.comments.page import csv_lines
from touchline.person.page import short
from touchline.terminal import whole_table
from touchline.wording import counted

_MARKS: Final = {True: "in time", False: "late", None: ""}


def cases_page(cases: Sequence[Case]) -> RenderableType:
    """One line a case."""
    if not cases:
        return Text("no case that this selects")
    table = whole_table(
        "case", "opened (UTC)", "due (UTC)", "rule", "severity", "state", "touchpoint", "person", "owner"
    )
    for one in cases:
        table.add_row(
            one.case_id[:SHOWN_DIGITS], _time(one.opened_at), _time(one.due_at), one.rule, one.severity, state_of(one), one.touchpoint,
            short(one.person) if one.person else "-", one.owner or "-",
        )  # fmt: skip
    return Group(table, Text(f"{counted(len(cases), 'case')}, {sum(one.is_open for one in cases):,} open"))


def case_page(case: Case, said: Sequence[Said]) -> RenderableType:
    """All that is known of one."""
    about = f"{case.touchpoint}" + (f", event {case.about_source} {case.about_event_id}" if case.about_event_id else "")
    facts = {
        "case": case.case_id, "rule": f"{case.rule} version {case.rule_version or '-'} ({case.kind}, {case.severity})",
        "state": state_of(case), "about": about, "kpi": _kpi(said), "person": case.person, "place": case.place, "brand": case.brand,
        "due": f"{_time(case.due_at)} UTC {_MARKS[case.is_in_sla]}".strip() if case.due_at else None, "owner": case.owner,
        "cause": case.cause, "simulated": "yes" if case.is_simulated else None,
    }  # fmt: skip
    lines = [Text(f"{name:<10}{value}") for name, value in facts.items() if value]
    table = whole_table("when (UTC)", "state", "owner", "cause", "source")
    for one in said:
        table.add_row(_time(one.at), one.state, one.owner or "-", one.cause or "-", one.source)
    return Group(*lines, Text(""), table)


def case_object(case: Case, said: Sequence[Said]) -> dict[str, Any]:
    """For JSON; without identifiers."""
    steps = [{"at": one.at, "state": one.state, "owner": one.owner or None, "cause": one.cause or None} for one in said]
    kpi = [dict(one.context) for one in said if one.context]
    return case._asdict() | {"events": steps} | ({"kpi": kpi[0]} if kpi else {})


def cases_csv(cases: Sequence[Case]) -> Iterator[str]:
    """A header row and a row a case; what is not known is empty."""
    yield from csv_lines(Case._fields, cases)


def state_of(case: Case) -> str:
    """The state, and whether its reason is gone."""
    return f"{case.state}, lapsed" if case.is_lapsed else case.state


def _kpi(said: Sequence[Said]) -> str:
    """Of a case of a KPI what it was opened by; else nothing."""
    context = next((one.context for one in said if one.context), {})
    return ", ".join(f"{name.removeprefix('kpi_')} {_short(value)}" for name, value in context.items())


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
