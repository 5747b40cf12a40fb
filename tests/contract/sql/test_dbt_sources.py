"""dbt's sources on the engine: each data test as the SQL that dbt makes of it holds in a ledger, and finds what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from clickhouse_driver import Client

from tests.contract.sql.small_ledger import ledger_events
from tests.contract.sql.stored import start_anew, store
from touchline.dashboards.bi.dbt_files import SOURCES
from touchline.dashboards.bi.export import Tool, exported
from touchline.settings import Settings

CONTENT: dict[str, Any] = yaml.safe_load(exported(Tool.DBT)[SOURCES])
TABLES: dict[str, dict[str, Any]] = {table["name"]: table for table in CONTENT["sources"][0]["tables"]}


def failing_rows(column: str, test: str | dict[str, Any], source: str) -> str:
    """The rows that a generic test of dbt counts: none may be there."""
    if test == "not_null":
        return f"SELECT count() FROM {source} WHERE {column} IS NULL"
    if test == "unique":
        return f"SELECT count() FROM (SELECT {column} FROM {source} WHERE {column} IS NOT NULL GROUP BY {column} HAVING count() > 1)"
    assert isinstance(test, dict)
    ((name, given),) = test.items()
    assert name == "accepted_values"
    values = given["arguments"]
    shown = ", ".join(f"'{one}'" if values["quote"] else str(one) for one in values["values"])
    return f"SELECT count() FROM {source} WHERE {column} NOT IN ({shown})"


def data_tests_of(table: dict[str, Any]) -> list[tuple[str, str | dict[str, Any]]]:
    return [(column["name"], test) for column in table["columns"] for test in column.get("data_tests", [])]


@pytest.fixture(scope="module")
def ledger(
    engine_settings: Settings, engine_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    start_anew(engine_client)
    store(engine_settings, tmp_path_factory.mktemp("state"), ledger_events())
    yield engine_client
    start_anew(engine_client)


@pytest.mark.parametrize("name", TABLES)
def test_what_dbt_tests_of_a_view_holds(name: str, ledger: Client) -> None:
    for column, test in data_tests_of(TABLES[name]):
        assert ledger.execute(failing_rows(column, test, f"journey.{name}")) == [(0,)], (column, test)


def test_sources_are_in_the_form_of_dbt() -> None:
    assert CONTENT["version"] == 2
    (source,) = CONTENT["sources"]
    assert (source["name"], source["schema"]) == ("touchline", "journey")
    known = {"name", "description", "data_type", "config", "data_tests"}
    for table in TABLES.values():
        assert table["description"]
        for column in table["columns"]:
            assert set(column) <= known
            assert column["description"], (table["name"], column["name"])
    assert TABLES["kpi_volume_1d"]["config"] == {"meta": {"additivity": "sum"}}
    assert sum(len(data_tests_of(table)) for table in TABLES.values()) > 100


def test_the_checks_find_what_is_wrong(engine_client: Client) -> None:
    rows = "(SELECT * FROM values('kpi Nullable(String), is_online UInt8, id String', (NULL, 2, 'a'), ('nps', 1, 'a'), ('np', 0, 'b')))"
    columns = {
        column["name"]: column["data_tests"] for column in TABLES["kpi_survey_1d"]["columns"] if "data_tests" in column
    }
    (of_kpi,) = columns["kpi"]
    (of_online,) = columns["is_online"]
    assert engine_client.execute(failing_rows("kpi", of_kpi, rows)) == [(1,)]
    assert engine_client.execute(failing_rows("is_online", of_online, rows)) == [(1,)]
    assert engine_client.execute(failing_rows("kpi", "not_null", rows)) == [(1,)]
    assert engine_client.execute(failing_rows("id", "unique", rows)) == [(1,)]
