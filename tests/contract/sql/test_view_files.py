"""View files: what ClickHouse holds is what they say; when they are applied, and when they are left alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.test_migrations import schema_of
from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect
from touchline.errors import WrongUsage
from touchline.sql.all_views import ALL_VIEWS, EVENT_VIEWS, KEPT_APART, VIEWS
from touchline.sql.schema.migrate import Pending, migrate, require_schema
from touchline.sql.schema.view_files import (
    VIEW_FILES_TABLE,
    apply_views,
    pending_views,
    read_views,
    this_release,
    views_dir,
)

PLAIN = [*VIEWS, *(one.view for one in EVENT_VIEWS), *KEPT_APART]
SMALL = (
    "CREATE OR REPLACE VIEW journey.{} (`one` UInt8 COMMENT 'One') SQL SECURITY DEFINER COMMENT 'Small' AS SELECT {};\n"
)


@pytest.fixture(scope="module")
def own_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An engine whose views may be changed."""
    with running_engine(tmp_path_factory.mktemp("views")) as settings:
        client = connect(settings)
        yield client
        client.disconnect()


@pytest.fixture
def client(own_client: Client) -> Client:
    """With the views of this release, and no memory of another."""
    own_client.execute(f"TRUNCATE TABLE {VIEW_FILES_TABLE}")
    for extra in ("first", "second"):
        own_client.execute(f"DROP VIEW IF EXISTS journey.{extra}")
    apply_views(own_client)
    return own_client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of this release's view files."""
    return Path(shutil.copytree(views_dir(), tmp_path / "views"))


def test_what_the_engine_holds_is_what_each_file_gives_when_it_is_applied_fresh(client: Client) -> None:
    held = schema_of(client)
    for view in reversed(read_views()):
        client.execute(f"DROP VIEW {view}")
    for text in read_views().values():
        client.execute(text)
    assert schema_of(client) == held


def test_every_view_has_one_file_and_no_other_is_there(client: Client) -> None:
    assert sorted(read_views()) == sorted(view.full_name for view in (*ALL_VIEWS, *KEPT_APART))
    views = client.execute(
        "SELECT concat(database, '.', name) FROM system.tables WHERE database LIKE 'journey%' AND engine = 'View'"
    )
    # Views of readers stand on one of the tables' own, which comes with its tables.
    assert sorted(name for (name,) in views) == sorted(["journey_raw.hidden_maps", *read_views()])


@pytest.mark.parametrize("view", PLAIN, ids=lambda view: view.full_name)
def test_columns_stand_in_the_order_and_with_the_types_and_comments_that_are_declared(
    engine_client: Client, view: object
) -> None:
    (declared,) = [one for one in PLAIN if one is view]
    rows = engine_client.execute(
        "SELECT name, type, comment FROM system.columns WHERE database = %(database)s AND table = %(table)s ORDER BY position",
        {"database": declared.schema, "table": declared.name},
    )
    assert rows == [(name, column.type, column.comment) for name, (column, _) in declared.columns.items()]


def test_a_view_stands_behind_those_that_it_reads() -> None:
    order = list(read_views())
    for read in ("journey.map_days", "journey_api.survey_by_touchpoint", "journey_api.persons_by_touchpoint"):
        assert order.index(read) < order.index("journey.touchpoint_glance")


def test_a_file_that_changed_is_applied_and_no_other(client: Client, folder: Path) -> None:
    path = folder / "journey" / "map_days.sql"
    path.write_text(path.read_text().replace("Which local days", "Which days"))
    assert [step.view for step in pending_views(client, folder)] == ["journey.map_days"]
    assert "Which local days" in schema_of(client)["journey.map_days"]
    assert [step.view for step in apply_views(client, folder)] == ["journey.map_days"]
    assert "Which days" in schema_of(client)["journey.map_days"]
    assert apply_views(client, folder) == []
    assert [step.view for step in apply_views(client)] == ["journey.map_days"]


def test_a_view_whose_file_is_gone_is_dropped_and_comes_back_with_it(client: Client, folder: Path) -> None:
    (folder / "journey" / "first.sql").write_text(SMALL.format("first", "1 AS one"))
    assert [step.view for step in apply_views(client, folder)] == ["journey.first"]
    (step,) = apply_views(client)
    assert step.statement == "DROP VIEW IF EXISTS journey.first"
    assert apply_views(client) == []
    assert client.execute("EXISTS VIEW journey.first") == [(0,)]
    assert [step.view for step in apply_views(client, folder)] == ["journey.first"]
    assert client.execute("SELECT one FROM journey.first") == [(1,)]


def test_a_view_that_someone_dropped_is_made_again(client: Client) -> None:
    client.execute("DROP VIEW journey.map_days")
    with pytest.raises(WrongUsage, match=r"1 views of ClickHouse are not those of this release, journey\.map_days"):
        require_schema(client)
    assert [step.view for step in migrate(client).views] == ["journey.map_days"]
    require_schema(client)


def test_views_of_a_newer_release_are_left_alone_and_one_that_is_as_new_changes_them(
    client: Client, folder: Path
) -> None:
    (folder / "journey" / "first.sql").write_text(SMALL.format("first", "1 AS one"))
    assert len(apply_views(client, folder, release="999.10.0")) == 1
    assert migrate(client) == Pending([], [])
    require_schema(client)
    assert pending_views(client, release="999.9.1") == []
    assert [step.view for step in apply_views(client, release="999.10.0")] == ["journey.first"]


def test_a_run_that_failed_is_repeated_whole(client: Client, folder: Path) -> None:
    (folder / "journey" / "first.sql").write_text(SMALL.format("first", "1 AS one"))
    (folder / "journey" / "second.sql").write_text(SMALL.format("second", "one FROM (journey.first"))
    with pytest.raises(ServerException, match="Syntax error"):
        apply_views(client, folder)
    assert [step.view for step in pending_views(client, folder)] == ["journey.first", "journey.second"]
    (folder / "journey" / "second.sql").write_text(SMALL.format("second", "one FROM journey.first"))
    assert len(apply_views(client, folder)) == 2
    assert client.execute("SELECT one FROM journey.second") == [(1,)]
    apply_views(client)


def test_the_release_that_applies_is_the_one_that_runs(client: Client) -> None:
    assert client.execute(f"SELECT DISTINCT release FROM {VIEW_FILES_TABLE}") == [(this_release(),)]
