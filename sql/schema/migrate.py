"""Brings ClickHouse's schema to what this release knows: numbered SQL files for tables, projections and indexes, run by the library
clickhouse-migrations; then the views (view_files.py).

ClickHouse has no transaction over DDL, so each statement may run twice, and a migration that was cut off is simply run again. The
library remembers number, checksum and text of what was applied in `journey_raw.schema_versions`.

An upgrade expands the schema, rolls the workers, and contracts it a release later. So a release works with any schema that is newer
than its own, unless a migration that it does not know has a line `-- breaks: <what earlier releases do that no longer works>`:
such a one begins a new major schema.

Why: docs/decisions/0050.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from clickhouse_driver import Client
from clickhouse_driver.errors import ErrorCodes, ServerException
from clickhouse_migrations.connection import ClickhouseDriverConnection
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import Migration, MigrationStorage
from clickhouse_migrations.migrator import STATUS_APPLIED, STATUS_MD5_MISMATCH, STATUS_UNKNOWN, Migrator

from touchline.errors import WrongUsage
from touchline.sql.schema.view_files import ViewStep, apply_views, pending_views

VERSIONS_TABLE = "journey_raw.schema_versions"
BREAKS = "(?m)^-- breaks: ."
"""The line of a migration with which earlier releases cannot work."""
_MISSING = {ErrorCodes.UNKNOWN_TABLE, ErrorCodes.UNKNOWN_DATABASE}


class MigrationStep(NamedTuple):
    """One migration: its number, the name of its file, and its statements as they are sent."""

    number: int
    name: str
    statements: tuple[str, ...]


def migrations_dir() -> Path:
    """Where the SQL files of this release stand."""
    return Path(str(files("touchline.sql") / "schema" / "migrations"))


def expected_schema_version(folder: Path | None = None) -> int:
    """Number of the newest migration that this release knows."""
    return int(max(_storage(folder).migration_filenames()))


def schema_version(client: Client) -> int:
    """Number of the newest migration that the database has; 0 when it has none."""
    try:
        rows = client.execute(f"SELECT max(version) FROM {VERSIONS_TABLE}")
    except ServerException as error:
        if error.code in _MISSING:
            return 0
        raise
    return int(rows[0][0])


def major_schema_version(client: Client) -> int:
    """Number of the newest migration that earlier releases cannot work with; 0 when there is none. The database has a schema."""
    rows = client.execute(
        f"SELECT max(version) FROM {VERSIONS_TABLE} WHERE match(script, %(breaks)s)", {"breaks": BREAKS}
    )
    return int(rows[0][0])


def require_schema(client: Client) -> None:
    """Raises WrongUsage, with what to mend, unless the database has the schema of this release, or a newer one of the same major."""
    found, expected = schema_version(client), expected_schema_version()
    if found < expected:
        raise WrongUsage(
            f"ClickHouse has schema version {found}, this release needs {expected}", "run `touchline migrate` first"
        )
    if found > expected:
        _require_same_major(client, expected)
    if views := pending_views(client):
        raise WrongUsage(
            f"{len(views)} views of ClickHouse are not those of this release, {views[0].view} among them",
            "run `touchline migrate` first",
        )


class Pending(NamedTuple):
    """What `migrate` applies: the migrations first, then the views."""

    migrations: list[MigrationStep]
    views: list[ViewStep]


def pending(client: Client) -> Pending:
    """What `migrate` would apply. Reads only. Raises as `pending_migrations` does."""
    return Pending(pending_migrations(client), pending_views(client))


def migrate(client: Client) -> Pending:
    """Apply what is pending and return it. Idempotent. Raises as `pending_migrations` does."""
    return Pending(apply_migrations(client), apply_views(client))


def pending_migrations(client: Client, folder: Path | None = None) -> list[MigrationStep]:
    """The migrations that the database has not. Reads only.

    Raises WrongUsage when the database has a newer major schema than this release, or an applied file has changed since.
    """
    storage = _storage(folder)
    local = storage.migrations()
    names = storage.migration_filenames()
    if schema_version(client) == 0:
        return [_step(migration, names) for migration in local]
    states = {row.version: row.state for row in _migrator(client).migration_status(local)}
    if any(state == STATUS_UNKNOWN for state in states.values()):
        _require_same_major(client, max(names))
    changed = [names[version] for version, state in states.items() if state == STATUS_MD5_MISMATCH]
    if changed:
        raise WrongUsage(
            f"{', '.join(changed)} changed after it was applied to this database",
            "restore the file as it was applied and put the change into a migration of the next number",
        )
    return [_step(migration, names) for migration in local if states[migration.version] != STATUS_APPLIED]


def apply_migrations(client: Client, folder: Path | None = None) -> list[MigrationStep]:
    """Apply the pending ones and return them. Idempotent. Raises as `pending_migrations` does."""
    steps = pending_migrations(client, folder)
    if steps:
        client.execute(
            "CREATE DATABASE IF NOT EXISTS journey_raw COMMENT 'The pipeline''s own tables; not granted to readers'"
        )
        migrator = _migrator(client)
        migrator.init_schema()
        migrator.apply_migration(_storage(folder).migrations(), multi_statement=True)
    return steps


def roll_back(client: Client, to_version: int = 0, folder: Path | None = None) -> list[int]:
    """Take migrations back, newest first, down to `to_version`. For tests: everything in the dropped tables is gone."""
    storage = _storage(folder)
    try:
        return list(_migrator(client).rollback_migration(storage.down_scripts(), to_version=to_version))
    except MigrationException as error:
        raise WrongUsage(f"the schema cannot be taken back: {error}") from error


def _storage(folder: Path | None) -> MigrationStorage:
    return MigrationStorage(folder or migrations_dir())


def _migrator(client: Client) -> Migrator:
    return Migrator(ClickhouseDriverConnection(client), migrations_table=VERSIONS_TABLE)


def _step(migration: Migration, names: dict[int, str]) -> MigrationStep:
    return MigrationStep(
        migration.version, names[migration.version], tuple(Migrator.script_to_statements(migration.script, True))
    )


def _require_same_major(client: Client, known: int) -> None:
    major = major_schema_version(client)
    if major > known:
        raise WrongUsage(
            f"ClickHouse has schema version {schema_version(client)}, and since version {major} releases that know versions up to "
            f"{known} cannot work with it",
            "run a release of touchline that is at least as new as the one that migrated the database",
        )
