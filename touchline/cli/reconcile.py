"""`touchline reconcile`: proves that nothing is lost, doubled or miscounted, or says what is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.account.reconcile import MENDS, reconcile as run_checks
from touchline.clickhouse.connect import connect, explained
from touchline.errors import NotClean
from touchline.settings import load_settings
from touchline.sql.schema.migrate import require_schema

NOT_CLEAN = NotClean.exit_status


def reconcile(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: checks and differences.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a worker that is behind.")] = 0.0,
) -> int:
    """Compare the account with Kafka's offsets and with the rows, every sum with a recount, and the signs of every row.

    Exit status 4 when anything differs; each difference is named. A worker that is behind Kafka is a difference too.

    Examples:

        touchline reconcile

        touchline reconcile --wait 30 --json
    """
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            require_schema(client)
            outcome = run_checks(client, settings, wait)
    finally:
        client.disconnect()
    if as_json:
        differences = [one._asdict() | {"hint": MENDS[one.check]} for one in outcome.differences]
        print(json.dumps({"is_clean": outcome.is_clean, "checks": outcome.checks, "differences": differences}))
        return 0 if outcome.is_clean else NOT_CLEAN
    for check in outcome.checks:
        found = [difference for difference in outcome.differences if difference.check == check]
        print(f"{'NOT CLEAN' if found else 'ok':9}  {check}")
        for difference in found:
            print(f"{'':11}{difference.subject}: {difference.said}")
        if found:
            print(f"{'':11}hint: {MENDS[check]}")
    return 0 if outcome.is_clean else NOT_CLEAN
