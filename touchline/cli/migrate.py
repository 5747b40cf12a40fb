"""`touchline migrate`: bring ClickHouse's schema to what this release needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from touchline.cli.ledger import open_clickhouse
from touchline.settings import load_settings
from touchline.sql.schema.migrate import migrate as apply, pending, schema_version


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL that would run; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: versions, migrations and views.")] = False,
) -> None:
    """Apply the migrations that ClickHouse does not have yet, and make the views whose files have changed. Running it again does nothing.

    A database that is newer is left as it is; status 2 where this release cannot work with it, and where it was migrated by files that
    have changed since.

    Examples:

        touchline migrate

        touchline migrate --dry-run
    """
    with open_clickhouse(load_settings()) as client:
        before = schema_version(client)
        found = pending(client) if dry_run else apply(client)
    after = max([before, *(step.number for step in found.migrations)])
    if as_json:
        migrations = [
            {"number": step.number, "name": step.name, "statements": list(step.statements)} for step in found.migrations
        ]
        views = [{"view": step.view, "statement": step.statement} for step in found.views]
        versions = {"version_before": before, "version_after": after}
        print(json.dumps({"dry_run": dry_run, **versions, "migrations": migrations, "views": views}))
        return
    for step in found.migrations:
        print(_script(step.name, step.statements) if dry_run else f"applied {step.name}")
    for view in found.views:
        print(_script(view.view, [view.statement]) if dry_run else f"{_deed(view.statement)} {view.view}")
    if not (found.migrations or found.views):
        print(f"schema version {before}: nothing to do")
    elif dry_run:
        print(
            f"-- would bring the schema from version {before} to {after}, with {len(found.views)} views; nothing was changed"
        )
    else:
        print(f"schema version {before} -> {after}, with {len(found.views)} views")


def _script(name: str, statements: Sequence[str]) -> str:
    return f"-- {name}\n" + "".join(f"{statement};\n" for statement in statements)


def _deed(statement: str) -> str:
    return "dropped" if statement.startswith("DROP ") else "made"
