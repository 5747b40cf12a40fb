"""`touchline backup FOLDER` and `touchline restore FOLDER`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from touchline.backup.behind import Behind, behind_kafka
from touchline.backup.manifest import Manifest
from touchline.backup.restore import restore_backup
from touchline.backup.take import take_backup
from touchline.clickhouse.connect import connect, explained
from touchline.errors import EngineUnreachable, NotClean, WrongUsage
from touchline.settings import Settings, load_settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
SECRETS = "Secrets are not in it: keep the files of person_key_file and payload_key_file in another safe place."


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, on another disk than ClickHouse's data.")],
    as_json: AsJson = False,
) -> None:
    """Copy a snapshot of the ledger and the reference tables into a new folder, while workers store and readers read.

    Needs ClickHouse's data folder on this machine. Take one more often than Kafka's retention is long: Kafka fills what came after.

    Examples:

        touchline backup /var/backups/touchline-monday

        touchline backup /var/backups/touchline-monday --json
    """
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            manifest = take_backup(client, folder.absolute(), _progress())
    finally:
        client.disconnect()
    if as_json:
        print(json.dumps({"folder": str(folder.absolute()), **_described(manifest)}))
        return
    print(f"{_totals(manifest)} in {folder}")
    print(SECRETS)


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `touchline backup` has made.")], as_json: AsJson = False
) -> int:
    """Put a backup into an empty ClickHouse; workers then fill from Kafka what came after it.

    Overwrites nothing. Workers may run: they wait until the ledger is whole. Can be run again when it was cut off. Exit status 4 when a
    part is damaged, or Kafka no longer has all that came after the backup.

    Examples:

        touchline restore /var/backups/touchline-monday
    """
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            manifest = restore_backup(client, folder.absolute(), _progress())
            behind = _behind(client, settings)
    finally:
        client.disconnect()
    lost = sum(one.lost for one in behind or ())
    if as_json:
        partitions = None if behind is None else [one._asdict() for one in behind]
        print(json.dumps({"folder": str(folder.absolute()), **_described(manifest), "behind_kafka": partitions}))
    else:
        print(f"{_totals(manifest)}, as of {manifest.taken_at}")
        _say_behind(behind)
    return NotClean.exit_status if lost else 0


def _behind(client: object, settings: Settings) -> list[Behind] | None:
    try:
        return behind_kafka(client, settings)
    except (EngineUnreachable, WrongUsage):
        return None


def _say_behind(behind: list[Behind] | None) -> None:
    if behind is None:
        print(
            "Kafka does not answer: whether it has all that came after is not known; `touchline reconcile` tells later"
        )
        return
    print(f"{sum(one.waiting for one in behind):,} records wait in Kafka; workers store them now, or when they start")
    for one in behind:
        if one.lost:
            print(
                f"partition {one.partition}: {one.lost:,} records are lost, Kafka dropped them after the backup was taken: "
                "its retention must be longer than the time between backups"
            )


def _described(manifest: Manifest) -> dict[str, object]:
    tables = {
        name: {"rows": one.rows, "parts": len(one.parts), "bytes": one.size_bytes}
        for name, one in manifest.tables.items()
    }
    return {"taken_at": manifest.taken_at, "schema_version": manifest.schema_version, "tables": tables}


def _totals(manifest: Manifest) -> str:
    size = sum(one.size_bytes for one in manifest.tables.values()) / 1e6
    return f"{manifest.tables['ledger'].rows:,} rows of the ledger and {len(manifest.tables) - 1} more tables, {size:,.1f} MB"


def _progress() -> Callable[[str], None]:
    begun = monotonic()
    return lambda line: print(f"{monotonic() - begun:5.1f} s  {line}", file=sys.stderr, flush=True)
