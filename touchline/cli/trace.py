"""`touchline trace`: what became of one event."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from touchline.cli.pages import print_page
from touchline.clickhouse.connect import connect, explained
from touchline.errors import WrongUsage
from touchline.settings import load_settings
from touchline.sql.schema.migrate import require_schema
from touchline.trace.page import render_trace, verdict
from touchline.trace.read import Trace, trace_event

WIDTH_WHEN_PIPED = 200


def trace(
    source: Annotated[str, typer.Argument(help="Source that sent the event.")],
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event within its source.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Show what became of one event: every record that brought it and its fate, the version that counts, where each journey map put it and
    by which rule, and the KPI cells that it counts in, with what it adds to them.

    Exit status 1 when no version of the event counts: it is in quarantine, was suppressed, or was never seen. Person keys are shortened.

    Examples:

        touchline trace shop visit-4711

        touchline trace till receipt-1 --json
    """
    if not source or not event_id:
        raise WrongUsage("the source or the id is empty", "records without an id stand in the view journey.quarantine")
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            require_schema(client)
            found = trace_event(client, source, event_id)
    finally:
        client.disconnect()
    if as_json:
        print(json.dumps(as_object(found), default=plain, ensure_ascii=False))
    else:
        print_page(render_trace(found), WIDTH_WHEN_PIPED)
    return 0 if found.counts else 1


def as_object(found: Trace) -> dict[str, object]:
    """The trace as values for JSON."""
    return {
        "source": found.source,
        "event_id": found.event_id,
        "counts": found.counts,
        "verdict": verdict(found),
        "versions": [
            version._asdict()
            | {"counts": version.counts}
            | {"history": [{"since": since, "fate": fate} for since, fate in version.history]}
            for version in found.versions
        ],
        "event": found.event._asdict() if found.event else None,
        "placements": [placement._asdict() for placement in found.placements],
        "counted": [one._asdict() for one in found.counted],
        "unseen": found.unseen._asdict() if found.unseen else None,
    }


def plain(value: object) -> str:
    """Times, days and money as text: what JSON has no form for."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
