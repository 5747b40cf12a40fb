"""`touchline trace`: what became of one event."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.cli.ledger import open_ledger
from touchline.errors import WrongUsage
from touchline.kafka.offsets import lag
from touchline.settings import load_settings
from touchline.terminal import plain, print_page
from touchline.trace.page import render_trace
from touchline.trace.read import trace_event
from touchline.trace.values import as_object

WIDTH_WHEN_PIPED = 200


def trace(
    source: Annotated[str, typer.Argument(help="Source that sent the event.")],
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event within its source.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Show what became of one event: every record that brought it and its fate, the version that counts, where each journey map put it and
    by which rule, and the KPI cells that it counts in, with what it adds to them.

    Exit status 1 when no version of the event counts: it is in quarantine, was suppressed, or was never seen. Of a suppressed event no
    id is kept: of its source the trace says how many there are. Person keys are shortened.

    Examples:

        touchline trace shop visit-4711

        touchline trace till receipt-1 --json
    """
    if not source or not event_id:
        raise WrongUsage("the source or the id is empty", "records without an id stand in the view journey.quarantine")
    settings = load_settings()
    with open_ledger(settings) as client:
        found = trace_event(client, source, event_id, lambda: lag(settings))
    if as_json:
        print(json.dumps(as_object(found), default=plain, ensure_ascii=False))
    else:
        print_page(render_trace(found), WIDTH_WHEN_PIPED)
    return 0 if found.counts else 1
