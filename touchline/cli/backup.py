"""`touchline backup FOLDER` and `touchline restore FOLDER`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_driver import Client

from touchline.backup.behind import Behind, behind_kafka
from touchline.backup.page import behind_lines, manifest_object, totals_line
from touchline.backup.restore import restore_backup
from touchline.backup.take import take_backup
from touchline.cli.ledger import open_clickhouse
from touchline.errors import EngineUnreachable, NotClean, WrongUsage
from touchline.settings import Settings, load_settings
from touchline.terminal import progress_lines

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
    with open_clickhouse(load_settings()) as client:
        manifest = take_backup(client, folder.absolute(), progress_lines())
    if as_json:
        print(json.dumps({"folder": str(folder.absolute()), **manifest_object(manifest)}))
        return
    print(f"{totals_line(manifest)} in {folder}")
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
    with open_clickhouse(settings) as client:
        manifest = restore_backup(client, folder.absolute(), progress_lines())
        behind = _behind(client, settings)
    lost = sum(one.lost for one in behind or ())
    if as_json:
        partitions = None if behind is None else [one._asdict() for one in behind]
        print(json.dumps({"folder": str(folder.absolute()), **manifest_object(manifest), "behind_kafka": partitions}))
    else:
        print(f"{totals_line(manifest)}, as of {manifest.taken_at}")
        print("\n".join(behind_lines(behind)))
    return NotClean.exit_status if lost else 0


def _behind(client: Client, settings: Settings) -> list[Behind] | None:
    try:
        return behind_kafka(client, settings)
    except (EngineUnreachable, WrongUsage):
        return None
