"""Roles and limits of a real server, tried on the real engine: each role can do its work, and nothing else.

What this cannot show: that CREATE USER, quotas and network hosts work, which the engine in process does not have.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.rows import received, write
from tests.contract.sql.stored import answer, store
from tests.support.access import OWNER, ROOT, engine_as, read_access, statements
from tests.support.dashboards import dashboard
from tests.unit.processors.loop.world import CIPHER, MAP, SOURCES, event, person_key
from touchline.account.accounts import check_balance, check_rows, read_accounts
from touchline.account.recounts import check_projections, check_signs
from touchline.clickhouse.connect import connect, connect_as
from touchline.comments.read import persons_of, read_comments
from touchline.comments.readings import read_log
from touchline.comments.values import Selection
from touchline.erasure.blank import blank
from touchline.erasure.blank_quarantine import blank_quarantine
from touchline.erasure.blank_request import blank_requests
from touchline.erasure.count import count_rows
from touchline.erasure.tables import ask_to_read, rows_of, write_rows, write_states
from touchline.erasure.values import RETRACTED, Target
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.quarantine.entries import EntryFilter, read_open
from touchline.quarantine.settle import discarded, settle
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings
from touchline.sql.all_views import ALL_VIEWS, KEPT_APART
from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.views import View
from touchline.sql.schema.migrate import Pending, migrate, require_schema
from touchline.sql.schema.reference import Place, register_places
from touchline.sql.schema.viewers import viewer_views

READERS = ("touchline_reader", "touchline_viewer", "touchline_dashboard")
ACCESS_DENIED, READONLY, NOT_ALLOWED = 497, 164, 452
TABLES = ("ledger", "fence", "maps", "settlements", "schema_versions", "comments", "readings")
ARGUMENTS = {
    "map": "'rich'", "map_version": "1", "filter": "map()", "date_from": "'2025-01-01'", "date_to": "'2027-01-01'",
    "before_from": "'2024-01-01'", "before_to": "'2024-12-31'", "as_of": "'2027-01-01 00:00:00'", "grain": "'day'", "by": "'touchpoint'",
    "mode": "'in_order'", "steps": "3", "top": "3", "person": "''", "cycle": "1", "kpi": "''", "variant": "''", "scope": "''",
    "answers": "'all'", "grouped": "'all'", "days": "60",
}  # fmt: skip
"""Of every view with arguments."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some events, migrated by `touchline_migrator` and written by nobody else than `touchline_writer`."""
    folder = tmp_path_factory.mktemp("access")
    with engine_as(folder, None) as settings:
        client = connect(settings)
        migrate(client)
        # The session's user is called default; on a server the views are the migrator's.
        for view in (*ALL_VIEWS, *KEPT_APART):
            client.execute(view.ddl().replace("SQL SECURITY DEFINER", f"DEFINER = {OWNER} SQL SECURITY DEFINER"))
        client.disconnect()
    with engine_as(folder, "touchline_writer") as settings:
        work_as_writer(settings, folder / "worker")
    return folder


def work_as_writer(settings: Settings, folder: Path) -> None:
    """All that worker, report, reconcile, quarantine and importers ask of ClickHouse."""
    client = connect(settings)
    require_schema(client)
    register_configuration(client, [parse_map(MAP)], SOURCES)
    register_places(client, [Place("7", name="Station")])
    touchpoints = [event(number, number % 5, number) for number in range(40)]
    answers = [answer(number, number % 5, number) for number in range(39)]
    answers.append(answer(39, 1, 39) | {"comment": "The queue was long"})
    store(
        settings, folder, [*touchpoints, b"{", *touchpoints[:5], *answers, event(3, 1, 99) | {"revision": 1}], (20, 100)
    )
    assert not [*check_balance(accounts := read_accounts(client)), *check_rows(client, accounts)]
    assert not [*check_projections(client), *check_signs(client)]
    settle(client, discarded(read_open(client, EntryFilter()), "a test"))
    assert read_open(client, EntryFilter()) == []
    client.execute("KILL QUERY WHERE query_id IN ('nothing') SYNC")
    client.execute("SELECT query_id FROM system.processes")
    client.disconnect()


@pytest.fixture
def as_role(ledger: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client whose user has the role that the test names."""
    with engine_as(ledger, request.param) as settings:
        client = connect(settings)
        yield client
        client.disconnect()


def error_of(client: Client, sql: str) -> int:
    with pytest.raises(ServerException) as refused:
        client.execute(sql)
    return int(refused.value.code)


def reading(view: View | ParameterizedView) -> str:
    """A query of all its columns, analysed and not run: that is where rights are asked, the reader's and the views' owner's."""
    if isinstance(view, ParameterizedView):
        return f"EXPLAIN SELECT * FROM {view.called(**{key: ARGUMENTS[key] for key in view.parameters})}"
    return f"EXPLAIN SELECT * FROM {view.full_name}"


def test_every_statement_is_one_that_clickhouse_reads(empty_client: Client) -> None:
    for statement in statements():
        empty_client.execute("SELECT formatQuery(%(statement)s)", {"statement": statement})
    with pytest.raises(ServerException, match=r"[Ss]yntax error"):
        empty_client.execute("SELECT formatQuery('GRANT SELECT IN journey.* TO x')")


def test_users_are_made_of_password_files_and_no_password_is_sent_or_shown(
    empty_client: Client, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("admin", "writer", "grafana"):
        (secrets / f"clickhouse_{name}_password").write_text(f"the password of {name}\n")
    client = tmp_path / "clickhouse-client"
    client.write_text(f'#!/bin/sh\necho "$CLICKHOUSE_PASSWORD/$*" >{tmp_path}/login\ncat >{tmp_path}/sent\n')
    client.chmod(0o755)
    script = [str(ROOT / "scripts/clickhouse-access"), str(ROOT / "sql/access"), str(secrets)]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CLICKHOUSE_HOST": "clickhouse"}
    told = subprocess.run(script, env=environment, capture_output=True, text=True, check=True)
    assert (tmp_path / "login").read_text() == "the password of admin/--host clickhouse --user admin --multiquery\n"
    sent = (tmp_path / "sent").read_text()
    assert "the password" not in sent + told.stdout + told.stderr
    users = [
        statement.strip() for statement in sent.split(";") if " USER " in statement or "GRANT touchline" in statement
    ]
    assert [one for one in users if one.startswith("GRANT")] == [
        "GRANT touchline_writer TO touchline_writer", "GRANT touchline_reader TO touchline_grafana",
    ]  # fmt: skip
    for statement in users:
        empty_client.execute("SELECT formatQuery(%(statement)s)", {"statement": statement})
    ((digest,),) = empty_client.execute("SELECT lower(hex(SHA256('the password of writer')))")
    assert sent.count(digest) == 2
    assert len(statements()) == len([one for one in statements() if one in sent])


def test_readers_are_granted_nothing_but_select_on_journey_and_journey_api() -> None:
    rights = read_access().rights
    assert {*READERS, OWNER, "touchline_writer", "touchline_comments"} == rights.keys()
    for role in READERS:
        granted = [re.fullmatch(r"SELECT ON (\w+)\.(\w+|\*)", one.strip()) for one in rights[role].split(",")]
        assert {one[1] if one else None for one in granted} == {"journey", "journey_api"}, role


def test_no_grant_of_any_role_reaches_all_databases_or_can_be_passed_on() -> None:
    text = "\n".join(statements())
    assert "*.*" not in text
    assert re.search(r"GRANT OPTION|ADMIN OPTION|ACCESS MANAGEMENT|IDENTIFIED|readonly = 1", text) is None


def test_the_migrator_can_migrate_from_nothing_and_again(tmp_path: Path) -> None:
    with engine_as(tmp_path, OWNER) as settings:
        client = connect(settings)
        assert migrate(client).migrations
        assert migrate(client) == Pending([], [])
        assert client.execute("SELECT count() FROM journey.touchpoints") == [(0,)]
        assert error_of(client, "CREATE DATABASE other") == ACCESS_DENIED
        client.disconnect()


def test_the_migrator_may_do_what_erasing_takes(tmp_path: Path) -> None:
    with engine_as(tmp_path, OWNER) as settings:
        client = connect(settings)
        migrate(client)
        key, secret = person_key(1), ErasureSecret(bytes(32))
        erased = {"identifier": key, "identifier_type": "login", "source": "shop", "event_id": "e1"}
        write(client, [received(1, "erased", 1, **erased), received(2, "quarantined", 2, source="shop", event_id="e2")])
        write_rows(client, rows_of("r1", "erase", [Target(key, "login", 0, 2**51)], secret, datetime.now(UTC)))
        write_states(client, RETRACTED, {"r1": "{}"})
        assert count_rows(client, [[Target(key, "login", 0, 2**51)]])[0].rows
        assert ask_to_read(client, secret) == 2
        assert blank(client, secret, lambda _: None).records == 1
        blank_quarantine(client, CIPHER, [key], [])
        assert blank_requests(client, ["r1"]) == set()
        assert client.execute("SELECT count() FROM journey_raw.ledger WHERE identifier != ''") == [(0,)]
        assert client.execute("SELECT count() FROM journey_raw.erasures WHERE identifier != ''") == [(0,)]
        client.disconnect()


@pytest.mark.parametrize("as_role", ["touchline_writer"], indirect=True)
def test_the_writer_appends_and_reads_and_changes_nothing_else(as_role: Client) -> None:
    refused = (
        "ALTER TABLE journey_raw.ledger DELETE WHERE 1", "ALTER TABLE journey_raw.ledger UPDATE person = '' WHERE 1",
        "TRUNCATE TABLE journey_raw.ledger", "DROP TABLE journey_raw.ledger", "CREATE TABLE journey_raw.x (a UInt8) ENGINE = Memory",
        "DROP VIEW journey.touchpoints", "CREATE OR REPLACE VIEW journey.touchpoints AS SELECT 1", "OPTIMIZE TABLE journey_raw.ledger",
    )  # fmt: skip
    assert {sql: error_of(as_role, sql) for sql in refused} == dict.fromkeys(refused, ACCESS_DENIED)
    assert error_of(as_role, "SELECT 1 SETTINGS async_insert = 1") == NOT_ALLOWED
    assert as_role.execute("SELECT count() FROM journey.touchpoints")[0][0] == 40


@pytest.mark.parametrize("as_role", ["touchline_reader", "touchline_dashboard"], indirect=True)
def test_readers_and_the_dashboard_read_every_view_and_no_table_behind_it(as_role: Client) -> None:
    for view in ALL_VIEWS:
        as_role.execute(reading(view))
    assert as_role.execute("SELECT count() FROM journey.touchpoints")[0][0] == 40
    assert {name: error_of(as_role, f"SELECT 1 FROM journey_raw.{name}") for name in TABLES} == dict.fromkeys(
        TABLES, ACCESS_DENIED
    )
    assert error_of(as_role, "INSERT INTO journey_raw.places (place) VALUES") in (ACCESS_DENIED, READONLY)
    assert error_of(as_role, "CREATE TABLE journey.mine (a UInt8) ENGINE = Memory") in (ACCESS_DENIED, READONLY)
    as_role.execute("SELECT 1 SETTINGS max_execution_time = 300, date_time_output_format = 'iso'")
    assert error_of(as_role, "SELECT 1 SETTINGS max_execution_time = 601") == NOT_ALLOWED
    assert error_of(as_role, "SELECT 1 SETTINGS readonly = 0") == READONLY


@pytest.mark.parametrize("as_role", ["touchline_viewer"], indirect=True)
def test_a_viewer_reads_what_is_of_many_and_no_single_person_answer_or_order(as_role: Client) -> None:
    allowed = viewer_views()
    for view in ALL_VIEWS:
        if view.full_name in allowed:
            as_role.execute(reading(view))
        else:
            assert error_of(as_role, reading(view)) == ACCESS_DENIED, view.full_name
    kept_out = {"journey.touchpoints", "journey.answers", "journey.journeys", "journey.orders", "journey.kpi_survey_1d"}
    assert kept_out.isdisjoint(allowed)
    assert {"journey.kpi_volume_1d", "journey.funnel_stage", "journey_api.survey_total", "journey_api.waits"} <= set(
        allowed
    )
    assert {"journey.kpi_revenue_1d", "journey_api.revenue_by_touchpoint"}.isdisjoint(allowed)


@pytest.mark.parametrize("as_role", ["touchline_comments"], indirect=True)
def test_who_reads_comments_reads_them_appends_to_the_log_of_readings_and_can_do_nothing_else(as_role: Client) -> None:
    require_schema(as_role)
    before = read_log(as_role)
    found = read_comments(as_role, CIPHER, Selection(values={"touchpoint": ("till",)}), "comments", "ada")
    assert [one.text for one in found.comments] == ["The queue was long"]
    assert persons_of(as_role, [person_key(1)]) == (person_key(1),)
    (newest, *older) = read_log(as_role)
    assert older == before
    assert (newest.reader, newest.opened, newest.shown, newest.login) == ("ada", 1, 1, "default")
    refused = (
        "SELECT 1 FROM journey_raw.ledger", "SELECT 1 FROM journey.answers", "SELECT 1 FROM journey_raw.settlements",
        "INSERT INTO journey_raw.places (place) VALUES", "ALTER TABLE journey_raw.readings DELETE WHERE 1",
        "TRUNCATE TABLE journey_raw.readings", "DROP TABLE journey_raw.readings", "OPTIMIZE TABLE journey_raw.readings",
    )  # fmt: skip
    assert {sql: error_of(as_role, sql) for sql in refused} == dict.fromkeys(refused, ACCESS_DENIED)
    # A column that the server fills: nobody writes down a reading under another's name.
    login = "SELECT default_kind FROM system.columns WHERE database = 'journey_raw' AND table = 'readings' AND name = 'login'"
    assert as_role.execute(login) == [("MATERIALIZED",)]
    assert error_of(as_role, "SELECT 1 SETTINGS max_execution_time = 601") == NOT_ALLOWED


def test_the_dashboards_server_needs_no_more_than_its_role(ledger: Path, tmp_path: Path) -> None:
    with engine_as(ledger, "touchline_dashboard") as settings, dashboard(settings, tmp_path) as server:
        server.wait_ready()
        (known,) = server.get("/api/maps").json()
        rows = server.rows("kpi-volume-1d", map=known["map"])
        assert sum(row["events"] for row in rows) == 40


def test_a_bi_tools_client_sets_its_settings_and_reads_with_a_readers_rights(ledger: Path) -> None:
    """Superset's driver: with `readonly = 1` it could not set any."""
    with engine_as(ledger, "touchline_reader") as settings:
        client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=settings.clickhouse_http_port,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password_file.read_text().strip(),
            settings={"max_execution_time": 120, "date_time_output_format": "iso"},
        )
        try:
            assert client.query("SELECT sum(events) FROM journey.kpi_volume_1d").first_row == (40,)
            with pytest.raises(ClickHouseError, match="Not enough privileges"):
                client.query("SELECT count() FROM journey_raw.ledger")
        finally:
            client.close()


def test_the_ways_to_look_work_with_the_writers_rights(ledger: Path) -> None:
    with engine_as(ledger, "touchline_writer") as settings:
        for words in (("report",), ("quarantine", "list", "--settled"), ("trace", "shop", "e3"), ("map", "suggest")):
            outcome = subprocess.run(
                touchline_command(*words),
                env=settings_environment(settings),
                capture_output=True,
                text=True,
                check=False,
            )
            assert outcome.returncode == 0, outcome.stderr


def test_a_worker_walks_identifiers_with_the_writers_rights(ledger: Path) -> None:
    with engine_as(ledger, "touchline_writer") as settings:
        real = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
        names = real.identifiers_after("", 100)
        assert names == sorted(set(names)) != []
        assert real.identifiers_after(names[0], 1) == names[1:2]
        real.close()
