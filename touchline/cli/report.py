"""`touchline report`: every touchpoint at a glance."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from touchline.cli.days import day_of
from touchline.cli.ledger import open_ledger
from touchline.report.page import render
from touchline.report.read import build_report
from touchline.report.values import as_object
from touchline.settings import load_settings
from touchline.sql.language.usual import PERIOD_DAYS
from touchline.sql.subjects.funnel.definition import MODE
from touchline.terminal import print_page

WIDTH_WHEN_PIPED = 176


class FunnelMode(StrEnum):
    """When a stage counts as reached: the modes of `funnel_stage`."""

    in_order = MODE.values[0]
    any = MODE.values[1]


def report(
    days: Annotated[int, typer.Option(min=1, help="Length of the periods that trends compare, in days.")] = PERIOD_DAYS,
    until: Annotated[str | None, typer.Option(help="Last day of the last period; each map's last one.")] = None,
    mode: Annotated[
        FunnelMode,
        typer.Option(help="When a stage counts as reached: by all stages up to it in order, or in any order."),
    ] = FunnelMode.in_order,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with all digits.")] = False,
) -> None:
    """Show, by map, each touchpoint with stage, channel, volume, persons and KPIs (with n, 95 % interval and trend) and how far journeys
    came, then which answers enter no KPI, what no map places, what is in quarantine, and the account.

    Examples:

        touchline report

        touchline report --days 7 --until 2017-12-24

        touchline report --mode any

        touchline report --json
    """
    last = None if until is None else day_of(until, "--until", "2017-12-24")
    with open_ledger(load_settings()) as client:
        found = build_report(client, days, last, mode.value)
    if as_json:
        print(json.dumps(as_object(found)))
        return
    print_page(render(found), WIDTH_WHEN_PIPED)
