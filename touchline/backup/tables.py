"""Where the tables of a backup stand on the server's disks, as this process sees them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.sql.schema.migrate import VERSIONS_TABLE
from touchline.sql.schema.view_files import VIEW_FILES_TABLE

LEDGER = "ledger"
DATABASE = "journey_raw"
_BY_MIGRATE = tuple(table.partition(".")[2] for table in (VERSIONS_TABLE, VIEW_FILES_TABLE))


class DataTable(NamedTuple):
    """A table that holds parts, and its folders, one on each disk."""

    name: str
    folders: tuple[Path, ...]

    @property
    def detached(self) -> Path:
        """Where a part stands that is to be attached."""
        return self.folders[0] / "detached"


def data_tables(client: Client) -> list[DataTable]:
    """The ledger first, then the reference tables. The fence is none of them: it says who writes now, which a backup cannot know; nor is
    the lists of migrations and views, which migrating makes."""
    rows = client.execute(
        "SELECT name, data_paths FROM system.tables WHERE database = %(database)s AND engine LIKE '%%MergeTree' "
        "AND name NOT IN %(by_migrate)s ORDER BY name != %(ledger)s, name",
        {"database": DATABASE, "by_migrate": _BY_MIGRATE, "ledger": LEDGER},
    )
    return [DataTable(name, tuple(map(Path, paths))) for name, paths in rows]


def shadow_folders(client: Client, table: DataTable, snapshot: str) -> list[Path]:
    """Where the frozen parts of the table stand; where a disk has none, no folder."""
    disks = [Path(path) for (path,) in client.execute("SELECT path FROM system.disks")]
    found = []
    for folder in table.folders:
        disk = max((one for one in disks if folder.is_relative_to(one)), key=lambda one: len(one.parts), default=None)
        if disk is not None:
            found.append(disk / "shadow" / snapshot / folder.relative_to(disk))
    return [folder for folder in found if folder.is_dir()]


def require_shared_disk(tables: list[DataTable], access: int = os.R_OK) -> None:
    """Raises WrongUsage where this process cannot get at the server's folders."""
    for table in tables:
        for folder in table.folders:
            if not os.access(folder, access | os.X_OK):
                raise WrongUsage(
                    f"the data folder of ClickHouse cannot be used from here: {folder}",
                    "run this on ClickHouse's machine as ClickHouse's user; for a server elsewhere see docs/operations.md, BACKUP",
                )
