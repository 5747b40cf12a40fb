"""Migrations: up, down, up; what they refuse; and the schema that they make, against the committed snapshot."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.plans import LEDGER, tables_read
from tests.contract.sql.rows import attached, received, write
from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect
from touchline.errors import WrongUsage
from touchline.sql.schema.migrate import (
    BREAKS,
    Pending,
    apply_migrations,
    expected_schema_version,
    major_schema_version,
    migrate,
    migrations_dir,
    pending,
    pending_migrations,
    require_schema,
    roll_back,
    schema_version,
)
from touchline.sql.schema.view_files import read_views

SNAPSHOT = Path(__file__).parent / "tables.sql"


@pytest.fixture(scope="module")
def bare_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An engine without any of our databases."""
    with running_engine(tmp_path_factory.mktemp("migrations"), migrated=False) as settings:
        client = connect(settings)
        yield client
        client.disconnect()


def schema_of(client: Client) -> dict[str, str]:
    """DDL of everything by name, as text that does not depend on who migrated."""
    rows = client.execute(
        "SELECT concat(database, '.', name), create_table_query FROM system.tables "
        "WHERE database IN ('journey', 'journey_raw', 'journey_api') AND name != 'schema_versions' ORDER BY database, name"
    )
    formatted = {name: client.execute("SELECT formatQuery(%(sql)s)", {"sql": ddl})[0][0] for name, ddl in rows}
    return {name: re.sub(r"DEFINER = \S+", "DEFINER = owner", ddl) for name, ddl in formatted.items()}


def tables_of(client: Client) -> str:
    """DDL of the tables: views have files of their own."""
    own = read_views()
    kept = (ddl for name, ddl in schema_of(client).items() if name.startswith("journey_raw.") and name not in own)
    return "\n\n".join(kept) + "\n"


def test_pending_reads_only_and_an_old_schema_is_refused(bare_client: Client) -> None:
    assert len(pending(bare_client).migrations) == expected_schema_version()
    assert [step.view for step in pending(bare_client).views] == list(read_views())
    assert bare_client.execute("SELECT count() FROM system.databases WHERE name LIKE 'journey%'") == [(0,)]
    with pytest.raises(WrongUsage, match="schema version 0") as caught:
        require_schema(bare_client)
    assert "touchline migrate" in caught.value.hint


def test_up_down_up_gives_the_same_schema_and_its_tables_are_the_committed_ones(bare_client: Client) -> None:
    for statement in pending(bare_client).migrations[0].statements[:2]:
        bare_client.execute(statement)  # as a run leaves it that was cut off
    steps = migrate(bare_client).migrations
    first = schema_of(bare_client)
    assert [step.number for step in steps] == list(range(1, expected_schema_version() + 1))
    assert roll_back(bare_client) == [step.number for step in reversed(steps)]
    assert schema_version(bare_client) == 0
    left = bare_client.execute("SELECT name FROM system.tables WHERE database LIKE 'journey%'")
    assert left == [("schema_versions",)]
    migrate(bare_client)
    assert schema_of(bare_client) == first
    if not SNAPSHOT.exists():  # to renew it, delete it and run this test
        SNAPSHOT.write_text(tables_of(bare_client), encoding="utf-8")
    assert tables_of(bare_client) == SNAPSHOT.read_text(encoding="utf-8")


def test_a_ledger_with_rows_keeps_its_sums_when_a_column_is_widened(bare_client: Client, tmp_path: Path) -> None:
    """Such a migration rewrites a column in every part; rows, sums kept by projections and the column's comment stay."""
    folder = Path(shutil.copytree(migrations_dir(), tmp_path / "migrations"))
    next_number = expected_schema_version() + 1
    (folder / f"{next_number:04}_widen.sql").write_text(
        "ALTER TABLE journey_raw.ledger MODIFY COLUMN sampling_probability Float64;\n"
    )
    bare_client.execute("ALTER TABLE journey_raw.ledger MODIFY COLUMN sampling_probability Float32")
    row = attached(1, is_mapped=1) | {"sampling_probability": 0.25}
    write(bare_client, [row, attached(2) | {"sampling_probability": 1e-300}])
    apply_migrations(bare_client, folder)
    write(bare_client, [attached(3) | {"sampling_probability": 1e-300}])
    query = "SELECT row_id, sampling_probability FROM journey_raw.ledger ORDER BY row_id"
    assert bare_client.execute(query) == [(1, 0.25), (2, 0.0), (3, 1e-300)]
    volume = "SELECT sum(events) FROM journey.kpi_volume_1h"
    assert LEDGER not in tables_read(bare_client, volume)
    for settings in ({}, {"optimize_use_projections": 0}):
        assert bare_client.execute(volume, settings=settings) == [(3,)]
    by_event = "SELECT row_id FROM journey_raw.ledger WHERE source = 'shop' AND event_id = 'e2'"
    assert bare_client.execute(by_event, settings={"min_table_rows_to_use_projection_index": 0}) == [(2,)]
    bare_client.execute("DELETE FROM journey_raw.schema_versions WHERE version = %(number)s", {"number": next_number})
    assert tables_of(bare_client) == SNAPSHOT.read_text(encoding="utf-8")


def test_migrating_again_does_nothing(engine_client: Client) -> None:
    assert migrate(engine_client) == Pending([], [])
    require_schema(engine_client)


def test_a_newer_schema_is_refused_only_if_it_breaks_what_this_release_does(
    bare_client: Client, tmp_path: Path
) -> None:
    """The next release expands, a later one contracts: this release works with the first schema and not with the second."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations_dir(), folder)
    known = expected_schema_version()
    migrate(bare_client)
    add = "ALTER TABLE journey_raw.ledger ADD COLUMN IF NOT EXISTS weather String COMMENT 'Weather';\n"
    drop = "-- breaks: releases before fill weather\nALTER TABLE journey_raw.ledger DROP COLUMN IF EXISTS weather;\n"
    (folder / f"{known + 1:04}_add_weather.sql").write_text(add)
    assert [step.number for step in apply_migrations(bare_client, folder)] == [known + 1]
    require_schema(bare_client)
    assert pending(bare_client) == migrate(bare_client) == Pending([], [])

    (folder / f"{known + 2:04}_drop_weather.sql").write_text(drop)
    apply_migrations(bare_client, folder)
    assert pending_migrations(bare_client, folder) == []
    assert major_schema_version(bare_client) == expected_schema_version(folder) == known + 2
    refusal = f"since version {known + 2} releases that know versions up to {known} cannot work with it"
    for refuses in (migrate, pending, require_schema):
        with pytest.raises(WrongUsage, match=refusal):
            refuses(bare_client)
    bare_client.execute("DELETE FROM journey_raw.schema_versions WHERE version > %(known)s", {"known": known})
    assert tables_of(bare_client) == SNAPSHOT.read_text(encoding="utf-8")


def test_no_migration_of_this_release_breaks_an_earlier_one() -> None:
    """Such a line is for a release of its own."""
    assert [path.name for path in migrations_dir().glob("*.sql") if re.search(BREAKS, path.read_text())] == []


def test_a_file_that_changed_after_it_was_applied_is_refused(engine_client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations_dir(), folder)
    changed = folder / "0002_create_reference_tables.sql"
    changed.write_text(changed.read_text() + "\n-- changed\n")
    with pytest.raises(WrongUsage, match=re.escape(changed.name)):
        apply_migrations(engine_client, folder)


def test_every_table_view_and_column_has_a_comment(engine_client: Client) -> None:
    condition = "database IN ('journey', 'journey_raw', 'journey_api') AND {} != 'schema_versions' AND comment = ''"
    databases = "SELECT name FROM system.databases WHERE name LIKE 'journey%' AND comment = ''"
    assert engine_client.execute(databases) == []
    assert engine_client.execute(f"SELECT name FROM system.tables WHERE {condition.format('name')}") == []
    assert engine_client.execute(f"SELECT table, name FROM system.columns WHERE {condition.format('table')}") == []


def test_every_migration_has_a_down_step() -> None:
    ups = {
        path.name.removesuffix(".sql") for path in migrations_dir().glob("*.sql") if not path.name.endswith(".down.sql")
    }
    downs = {path.name.removesuffix(".down.sql") for path in migrations_dir().glob("*.down.sql")}
    assert ups == downs


def test_a_payload_leaves_after_90_days_and_its_row_and_the_sums_stay(empty_client: Client) -> None:
    old = datetime.now(UTC) - timedelta(days=91)
    rows = [
        received(1, "quarantined", 0, reason="not_json"),
        received(2, "quarantined", 1, reason="not_json"),
        attached(3),
    ]
    for row, stored_time in zip(rows, (old, datetime.now(UTC), old), strict=True):
        write(empty_client, [row | {"stored_time": stored_time, "payload": "bytes"}])
    empty_client.execute("OPTIMIZE TABLE journey_raw.ledger FINAL")
    payloads = empty_client.execute(
        "SELECT row_id, payload FROM journey_raw.ledger WHERE kind = 'received' ORDER BY row_id"
    )
    assert payloads == [(1, ""), (2, "bytes")]
    assert empty_client.execute("SELECT count() FROM journey.quarantine") == [(2,)]
    volume = "SELECT sum(events) FROM journey.kpi_volume_1h"
    assert LEDGER not in tables_read(empty_client, volume)
    for settings in ({}, {"optimize_use_projections": 0}):
        assert empty_client.execute(volume, settings=settings) == [(1,)]
