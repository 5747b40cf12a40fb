"""`touchline report`: every touchpoint at a glance."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from touchline.cli.pages import print_page
from touchline.clickhouse.connect import connect, explained
from touchline.errors import WrongUsage
from touchline.report.page import render
from touchline.report.report import Report, build_report
from touchline.report.touchpoints import MapPart, TouchpointLine
from touchline.settings import load_settings
from touchline.sql.language.usual import PERIOD_DAYS
from touchline.sql.schema.migrate import require_schema

WIDTH_WHEN_PIPED = 176


def report(
    days: Annotated[int, typer.Option(min=1, help="Trends compare so many days with as many before.")] = PERIOD_DAYS,
    until: Annotated[str | None, typer.Option(help="Last day of the last period; each map's last one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with all digits.")] = False,
) -> None:
    """Show, by map, each touchpoint with stage, channel, volume, persons and KPIs (with n, 95 % interval and trend) and how far journeys
    came, then which answers enter no KPI, what no map places, what is in quarantine, and the account.

    Examples:

        touchline report

        touchline report --days 7 --until 2017-12-24

        touchline report --json
    """
    last = None if until is None else _day(until)
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            require_schema(client)
            found = build_report(client, days, last)
    finally:
        client.disconnect()
    if as_json:
        print(json.dumps(as_object(found)))
        return
    print_page(render(found), WIDTH_WHEN_PIPED)


def as_object(found: Report) -> dict[str, object]:
    """The report as JSON-ready values."""
    totals = found.totals._asdict()
    default = next(((part.map, part.map_version) for part in found.maps if part.is_default), ("", 0))
    return {
        "map": default[0],
        "map_version": default[1],
        "is_simulated": found.is_simulated,
        "simulated_sources": dict(found.simulated_sources),
        "totals": totals | {name: totals[name].isoformat() if totals[name] else None for name in ("first", "last")},
        "maps": [_map(part) for part in found.maps],
        "touchpoints": [{"map": part.map, **_touchpoint(line)} for part in found.maps for line in part.touchpoints],
        "stages": [{"map": part.map, **line._asdict()} for part in found.maps for line in part.stages],
        "answers_in_no_kpi": [{"why": why, "answers": count} for why, count in found.uncounted],
        "unmapped_events": found.unmapped_events,
        "unmapped": [
            dict(zip(("source", "touchpoint", "action", "events"), row, strict=True)) for row in found.unmapped
        ],
        "quarantine": dict(found.quarantine),
        "account": found.account._asdict(),
    }


def _map(part: MapPart) -> dict[str, Any]:
    named = {"map": part.map, "map_version": part.map_version, "title": part.title, "is_default": part.is_default}
    periods = None
    if part.periods is not None:
        days = part.periods
        periods = {
            "from": days.from_.isoformat(),
            "to": days.to.isoformat(),
            "before_from": days.before_from.isoformat(),
            "before_to": days.before_to.isoformat(),
        }
    return {**named, "periods": periods}


def _touchpoint(line: TouchpointLine) -> dict[str, Any]:
    kpis = [kpi._asdict() | {"trend": kpi.trend._asdict()} for kpi in line.kpis]
    return line._asdict() | {"kpis": kpis}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage("--until is not a day", "write it as YYYY-MM-DD, for example --until 2017-12-24") from None
