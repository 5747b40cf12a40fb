"""`touchline migrate`: bring ClickHouse's schema to what this release needs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.clickhouse.connect import connect, explained
from touchline.settings import load_settings
from touchline.sql.schema.migrate import Step, migrate as apply, pending, schema_version


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL that would run; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: versions and migrations.")] = False,
) -> None:
    """Apply the migrations that ClickHouse does not have yet. Running it again changes nothing.

    A database that is newer is left as it is; status 2 where this release cannot work with it, and where it was migrated by files that
    have changed since.

    Examples:

        touchline migrate

        touchline migrate --dry-run
    """
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            before = schema_version(client)
            steps = pending(client) if dry_run else apply(client)
    finally:
        client.disconnect()
    after = max([before, *(step.number for step in steps)])
    if as_json:
        names = [{"number": step.number, "name": step.name, "statements": list(step.statements)} for step in steps]
        print(json.dumps({"dry_run": dry_run, "version_before": before, "version_after": after, "migrations": names}))
        return
    for step in steps:
        print(_described(step) if dry_run else f"applied {step.name}")
    if not steps:
        print(f"schema version {before}: nothing to do")
    elif dry_run:
        print(f"-- would bring the schema from version {before} to {after}; nothing was changed")
    else:
        print(f"schema version {before} -> {after}")


def _described(step: Step) -> str:
    return f"-- {step.name}\n" + "\n".join(step.statements) + "\n"
