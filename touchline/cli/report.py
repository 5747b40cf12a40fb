"""`touchline report`: every touchpoint at a glance."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.cli.pages import print_page
from touchline.clickhouse import connect, explained
from touchline.reporting.page import render
from touchline.reporting.report import Report, build_report
from touchline.settings import load_settings
from touchline.sql.migrate import require_schema

WIDTH_WHEN_PIPED = 160


def report(as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with all digits.")] = False) -> None:
    """Show each touchpoint with stage, channel, volume, persons and KPIs (with n and 95 % interval), how far journeys came, then which
    answers enter no KPI, what is unmapped, what is in quarantine, and the account.

    Examples:

        touchline report

        touchline report --json
    """
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            require_schema(client)
            found = build_report(client)
    finally:
        client.disconnect()
    if as_json:
        print(json.dumps(as_object(found)))
        return
    print_page(render(found), WIDTH_WHEN_PIPED)


def as_object(found: Report) -> dict[str, object]:
    """The report as JSON-ready values."""
    totals = found.totals._asdict()
    return {
        "map": found.map_name,
        "map_version": found.map_version,
        "is_simulated": found.is_simulated,
        "totals": totals | {name: totals[name].isoformat() if totals[name] else None for name in ("first", "last")},
        "touchpoints": [line._asdict() | {"kpis": [kpi._asdict() for kpi in line.kpis]} for line in found.touchpoints],
        "stages": [line._asdict() for line in found.stages],
        "answers_in_no_kpi": [{"why": why, "answers": count} for why, count in found.uncounted],
        "unmapped_events": found.unmapped_events,
        "unmapped": [
            dict(zip(("source", "touchpoint", "action", "events"), row, strict=True)) for row in found.unmapped
        ],
        "quarantine": dict(found.quarantine),
        "account": found.account._asdict(),
    }
