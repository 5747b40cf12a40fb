"""Take a backup while everything runs: nothing waits for it, and a folder is a whole backup or none.

Why: docs/decisions/0167.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from clickhouse_driver import Client

from touchline.backup.manifest import FORMAT, Manifest, TableBackup
from touchline.backup.tables import DATABASE, DataTable, data_tables, require_shared_disk, shadow_folders
from touchline.errors import TouchlineError, WrongUsage
from touchline.sql.schema.migrate import schema_version
from touchline.wording import counted

_COUNT_FILE = "count.txt"
"""ClickHouse writes the number of its rows into each part."""


def take_backup(client: Client, folder: Path, progress: Callable[[str], None]) -> Manifest:
    """Copy a snapshot of the ledger and the reference tables into a new folder.

    Raises WrongUsage (the folder is not empty, no schema, no way to ClickHouse's disk) and TouchlineError (it cannot be written).
    """
    _require_new(folder)
    tables = data_tables(client)
    if not tables:
        raise WrongUsage("ClickHouse has no ledger to take a backup of", "see clickhouse_host and `touchline status`")
    require_shared_disk(tables)
    taken_at = datetime.now(UTC)
    snapshot = f"touchline_{taken_at:%Y%m%dT%H%M%S}_{secrets.token_hex(4)}"
    draft = folder.with_name(f"{folder.name}.part")
    try:
        # The ledger first: what the others tell of (maps, settlements) is older than the rows that they tell it of, or comes again.
        for table in tables:
            client.execute(f"ALTER TABLE {DATABASE}.{table.name} FREEZE WITH NAME '{snapshot}'")
        progress(f"froze {len(tables)} tables as {snapshot}")
        shutil.rmtree(draft, ignore_errors=True)
        copied = {table.name: _copy(client, table, snapshot, draft / table.name, progress) for table in tables}
    except OSError as error:
        raise TouchlineError(
            f"the backup cannot be written: {error.filename or draft} ({error.strerror or type(error).__name__})",
            "free space there or mend its rights, then take it again; nothing is left of this one but a folder that ends in .part",
        ) from None
    finally:
        for table in tables:
            client.execute(f"ALTER TABLE {DATABASE}.{table.name} UNFREEZE WITH NAME '{snapshot}'")
    manifest = Manifest(
        format=FORMAT,
        taken_at=taken_at.isoformat(timespec="seconds"),
        touchline=version("touchline"),
        clickhouse=str(client.execute("SELECT version()")[0][0]),
        schema_version=schema_version(client),
        tables=copied,
    )
    manifest.write(draft)
    os.sync()
    if folder.exists():
        folder.rmdir()
    draft.replace(folder)
    return manifest


def _require_new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUsage(f"{folder} is there and not empty", "name a folder that is not there yet")


def _copy(
    client: Client, table: DataTable, snapshot: str, target: Path, progress: Callable[[str], None]
) -> TableBackup:
    target.mkdir(parents=True)
    parts: dict[str, int] = {}
    for shadow in shadow_folders(client, table, snapshot):
        for part in sorted(shadow.iterdir()):
            shutil.copytree(part, target / part.name)
            parts[part.name] = int((part / _COUNT_FILE).read_text())
    size_bytes = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    copied = TableBackup(parts=parts, size_bytes=size_bytes)
    progress(
        f"copied {table.name}: {counted(copied.rows, 'row')} in {counted(len(parts), 'part')}, {size_bytes / 1e6:,.1f} MB"
    )
    return copied
