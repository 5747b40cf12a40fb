"""The way back: an empty ClickHouse gets what a backup holds, and workers go on from its marks.

Workers may run meanwhile. A writer that met the empty ledger would begin at Kafka's first record beside what is attached. So the ledger
has another name until it is whole: inserts under way are waited for, new ones fail, and workers wait. The fence is emptied before the
ledger gets its own name back: whoever took possession of the empty one is refused then (469), and reads the mark anew.

Where the backup holds persons who were erased since, the views go before the ledger gets its name back, and come when workers have
erased them again: no reader sees them, as long as workers run.

Why: docs/decisions/0167, 0191.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from touchline.backup.again import Again, ask_again, require_secret, wait_followed
from touchline.backup.manifest import Manifest
from touchline.backup.register import Register
from touchline.backup.tables import DATABASE, LEDGER, DataTable, data_tables, require_shared_disk
from touchline.errors import NotClean, TouchlineError, WrongUsage
from touchline.schemas.erasure import ErasureSecret
from touchline.sql.schema.migrate import apply_migrations, expected_schema_version, migrations_dir, schema_version
from touchline.sql.schema.view_files import apply_views, read_views
from touchline.wording import counted

ASIDE = "ledger_restoring"
INSERT_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.05
_INSERTING = f"SELECT query_id FROM system.processes WHERE startsWith(query, 'INSERT INTO {DATABASE}.{LEDGER} ')"
_AGAIN = "what was attached so far is not in use: mend the cause and run the same command again"


class Erased(NamedTuple):
    """What a restore needs to know of those who were erased: the register, and the secret of its digests; None where there is none."""

    register: Register
    secret: ErasureSecret | None


class Restored(NamedTuple):
    """What was restored, what was done about requests to erase, and whether workers have followed these already."""

    manifest: Manifest
    again: Again
    is_followed: bool


def restore_backup(client: Client, folder: Path, progress: Callable[[str], None], erased: Erased | None) -> Restored:
    """Make ClickHouse hold what the backup holds, under this release's schema, and have erased again whom it holds and who was erased
    since; without `erased` those are back.

    Raises WrongUsage (no backup, data already there, another schema, no way to ClickHouse's disk) before anything is changed, and
    TouchlineError or NotClean when a part cannot be copied or attached, or is damaged; then it can be run again. Raises WrongUsage, too,
    where there are requests to erase and not their secret.
    """
    manifest = Manifest.read(folder)
    if erased is not None and erased.register.erasures:
        require_secret(erased.register, erased.secret)
    was_cut_off = _was_cut_off(client)
    if not was_cut_off:
        _require_empty(client)
    _migrate_as_backed_up(client, manifest, progress)
    require_shared_disk(data_tables(client), os.W_OK)
    if not was_cut_off:
        client.execute(f"RENAME TABLE {DATABASE}.{LEDGER} TO {DATABASE}.{ASIDE}")
    _wait_for_inserts(client)
    for table in data_tables(client):  # of a worker that was quick, or of a restore that was cut off
        client.execute(f"TRUNCATE TABLE {DATABASE}.{table.name}")
    _attach_all(client, folder, manifest, progress)
    again = Again() if erased is None else erase_again(client, erased)
    if again.identifiers:
        found = counted(again.identifiers, "identifier")
        progress(
            f"{found} of persons who were erased stand in this backup: asked for again; no views until workers have followed"
        )
        for view in read_views():
            client.execute(f"DROP VIEW IF EXISTS {view}")
    client.execute(f"TRUNCATE TABLE {DATABASE}.fence")
    client.execute(f"RENAME TABLE {DATABASE}.{ASIDE} TO {DATABASE}.{LEDGER}")
    for step in apply_migrations(client):
        progress(f"applied {step.name}")
    is_followed = not again.identifiers or wait_followed(client, again.newest)
    if views := apply_views(client):
        progress(f"made {len(views)} views")
    return Restored(manifest, again, is_followed)


def _attach_all(client: Client, folder: Path, manifest: Manifest, progress: Callable[[str], None]) -> None:
    tables = {LEDGER if table.name == ASIDE else table.name: table for table in data_tables(client)}
    for name, backup in manifest.tables.items():
        if name not in tables:
            raise WrongUsage(
                f"the backup has a table {name}, this release's schema has not", "restore it with its own release"
            )
        for part in backup.parts:
            _attach(client, tables[name], folder / name / part)
        _check(client, tables[name], backup.rows)
        progress(f"attached {name}: {counted(backup.rows, 'row')} in {counted(len(backup.parts), 'part')}")


def erase_again(client: Client, erased: Erased) -> Again:
    """The part of a restore that is about requests to erase, for a ledger that ClickHouse's own RESTORE has filled; under its own name or
    under that of a ledger that is not whole yet. Raises as `restore_backup` does."""
    ledger = ASIDE if _was_cut_off(client) else LEDGER
    return ask_again(client, erased.register, erased.secret, datetime.now(UTC), ledger)


def _was_cut_off(client: Client) -> bool:
    """Whether an earlier restore has not ended: what it attached came from a backup into empty tables, and nobody reads it."""
    rows = client.execute("SELECT name FROM system.tables WHERE database = %(database)s", {"database": DATABASE})
    names = {name for (name,) in rows}
    if {LEDGER, ASIDE} <= names:
        raise WrongUsage(
            f"{DATABASE} has both {LEDGER} and {ASIDE}",
            f"look at them, and drop the one that is not wanted: {ASIDE} is of a restore that was cut off",
        )
    return ASIDE in names


def _require_empty(client: Client) -> None:
    for table in data_tables(client):
        ((count,),) = client.execute(f"SELECT count() FROM {DATABASE}.{table.name}")
        if count:
            raise WrongUsage(
                f"ClickHouse holds data already: {DATABASE}.{table.name} has {counted(count, 'row')}",
                "nothing is overwritten: restore into an empty ClickHouse, or stop the workers and drop the databases journey_raw, "
                "journey_api and journey first",
            )


def _migrate_as_backed_up(client: Client, manifest: Manifest, progress: Callable[[str], None]) -> None:
    """Rows go back under the schema that they were stored under: a later migration may rewrite them."""
    found, wanted = schema_version(client), manifest.schema_version
    if wanted > expected_schema_version():
        raise WrongUsage(
            f"the backup has schema version {wanted}, this release knows versions up to {expected_schema_version()}",
            "restore it with a release that is at least as new as the one that took it",
        )
    if found not in (0, wanted):
        raise WrongUsage(
            f"ClickHouse has schema version {found}, the backup {wanted}",
            "drop the empty databases journey_raw, journey_api and journey: restoring makes them as they were",
        )
    with tempfile.TemporaryDirectory(prefix="touchline-") as known:
        for path in migrations_dir().glob("*.sql"):
            if int(path.name.partition("_")[0]) <= wanted:
                shutil.copy(path, known)
        steps = apply_migrations(client, Path(known))
    if steps:
        progress(f"made the schema of version {wanted}")


def _wait_for_inserts(client: Client) -> None:
    """Of workers that met the ledger under its own name: they write into it under the other one, too."""
    deadline = time.monotonic() + INSERT_WAIT_SECONDS
    while query_ids := [query_id for (query_id,) in client.execute(_INSERTING)]:
        if time.monotonic() > deadline:
            client.execute("KILL QUERY WHERE query_id IN %(query_ids)s SYNC", {"query_ids": query_ids})
        time.sleep(_POLL_SECONDS)


def _attach(client: Client, table: DataTable, part: Path) -> None:
    target = table.detached / part.name
    try:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(part, target)
        _give_to_server(target)
    except OSError as error:  # shutil.Error is one
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise TouchlineError(f"a part cannot be copied to {target} ({reason})", _AGAIN) from None
    try:
        client.execute(f"ALTER TABLE {DATABASE}.{table.name} ATTACH PART '{part.name}'")
    except ServerException as error:
        raise NotClean(f"ClickHouse does not take the part {part} (code {error.code})", _AGAIN) from None


def _give_to_server(target: Path) -> None:
    """Root may write the folder, but the server must be able to."""
    owner = target.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in [target, *target.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)


def _check(client: Client, table: DataTable, rows: int) -> None:
    """Every checksum holds, and the rows are those of the backup."""
    checked = client.execute(f"CHECK TABLE {DATABASE}.{table.name} SETTINGS check_query_single_value_result = 0")
    damaged = [part for part, is_whole, *_ in checked if not is_whole]
    if damaged:
        raise NotClean(
            f"{len(damaged)} parts of {table.name} are damaged in the backup", "take another backup's folder"
        )
    ((count,),) = client.execute(f"SELECT count() FROM {DATABASE}.{table.name}")
    if count != rows:
        raise NotClean(f"{table.name} has {count:,} rows, the backup {rows:,}: somebody else writes there", _AGAIN)
