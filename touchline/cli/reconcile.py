"""`touchline reconcile`: proves that nothing is lost, doubled or miscounted, or says what is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.account.page import as_object, reconciliation_lines
from touchline.account.reconcile import reconcile as run_checks
from touchline.cli.ledger import open_ledger
from touchline.errors import NotClean
from touchline.settings import load_settings


def reconcile(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: checks and differences.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a worker that is behind.")] = 0.0,
) -> int:
    """Compare the account with Kafka's offsets and with the rows, every sum with a recount, the signs of every row, and each version of a
    map with the events that it takes.

    Exit status 4 when anything differs; each difference is named. A worker that is behind Kafka is a difference too.

    Examples:

        touchline reconcile

        touchline reconcile --wait 30 --json
    """
    settings = load_settings()
    with open_ledger(settings) as client:
        found = run_checks(client, settings, wait)
    print(json.dumps(as_object(found)) if as_json else "\n".join(reconciliation_lines(found)))
    return 0 if found.is_clean else NotClean.exit_status
