"""DDL, types, streaming, settings and errors: the same answers through both clients."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.contract.clickhouse_face import ConnectClient, ContractClient, DriverClient, Refused, Server

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)
# Column type -> values that must come back as they went in.
VALUES: dict[str, list[Any]] = {
    "String": ["", "a\n\nb", "ünïcødé ☃\n\n\n", "'; --"],
    "LowCardinality(String)": ["", "web", "store", "web"],
    "Nullable(String)": [None, "", "x", None],
    "LowCardinality(Nullable(String))": [None, "", "x", None],
    "UInt8": [0, 1, 254, 255],
    "Int8": [-128, -1, 0, 127],
    "UInt16": [0, 1, 2, 65_535],
    "Int16": [-32_768, 0, 1, 32_767],
    "UInt32": [0, 1, 2, 2**32 - 1],
    "UInt64": [0, 1, 2**63, 2**64 - 1],
    "Int64": [-(2**63), 0, 1, 2**63 - 1],
    "Float32": [0.0, 0.5, -1.5, 2.25],
    "Float64": [0.0, 0.1, -1e300, 3.5],
    "Decimal(18, 4)": [Decimal("0.0000"), Decimal("1.2345"), Decimal("-9.9900"), Decimal("12345678901234.5678")],
    "Date": [date(1970, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(2149, 6, 6)],
    "DateTime('UTC')": [EPOCH, NOON.replace(microsecond=0), NOON.replace(microsecond=0), EPOCH],
    "DateTime64(6, 'UTC')": [EPOCH, NOON, NOON, EPOCH],
    "Array(Nullable(Int32))": [[], [1, None], [None], [3, 2, 1]],
    "Array(Array(String))": [[], [[]], [["a"], []], [["a\n\n", "b"]]],
    "Map(LowCardinality(String), String)": [{}, {"a": "b"}, {"ü\n\n": ""}, {"a": "1", "b": "2"}],
    "Map(LowCardinality(String), Int64)": [{}, {"stored": 1}, {"stored": -1, "received": 5}, {}],
    "Tuple(UInt8, Array(LowCardinality(String)))": [(0, []), (1, ["x", "y"]), (2, ["x"]), (3, [])],
    "Enum8('a, (b' = 1, 'it''s' = 2)": ["a, (b", "it's", "it's", "a, (b"],
}


def plain(value: Any) -> Any:
    """Both clients' values alike: some of their UTC times are naive."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


@pytest.mark.parametrize("column_type", VALUES)
def test_every_type_comes_back_as_it_went_in(client: ContractClient, database: str, column_type: str) -> None:
    client.rows(f"CREATE TABLE {database}.t (n UInt8, value {column_type}) ENGINE = MergeTree ORDER BY n")
    client.insert(f"{database}.t", ["value", "n"], [VALUES[column_type], list(range(4))])
    rows = client.rows(f"SELECT value FROM {database}.t ORDER BY n")
    assert [plain(value) for (value,) in rows] == VALUES[column_type]


@pytest.mark.parametrize("compression", [False, "lz4"])
def test_blocks_of_all_types_pass_with_and_without_compression(
    server: Server, database: str, compression: str | bool
) -> None:
    driver = DriverClient(server, compression=compression)
    names = [f"c{number}" for number in range(len(VALUES))]
    columns = list(zip(names, VALUES.items(), strict=True))
    declared = ", ".join(f"{name} {column_type}" for name, (column_type, _) in columns)
    driver.rows(f"CREATE TABLE {database}.t (n UInt32, {declared}) ENGINE = MergeTree ORDER BY n")
    data: list[list[Any]] = [list(range(2000)), *(values * 500 for _, (_, values) in columns)]
    driver.insert(f"{database}.t", ["n", *names], data)
    rows = driver.rows(f"SELECT * FROM {database}.t ORDER BY n")
    driver.close()
    assert [tuple(map(plain, row)) for row in rows] == list(zip(*data, strict=True))


def test_the_ledger_can_be_created_and_takes_columnar_inserts(
    client: ContractClient, database: str, project_dir: Path
) -> None:
    ledger = (project_dir / "sql/schema/migrations/0001_create_ledger.sql").read_text(encoding="utf-8")
    create = re.sub(r"\bjourney_raw\b", database, ledger)
    for statement in filter(str.strip, re.split(r";\s*\n", create)):
        if "DATABASE" not in statement:
            client.rows(statement)
    client.insert(f"{database}.fence", ["stream", "generation", "writer"], [["s"], [7], ["w"]])
    columns = ["kind", "stream", "generation", "writer", "sign", "properties", "event_time", "score"]
    rows: list[list[object]] = [
        ["mark", "received"],
        ["s", "s"],
        [7, 7],
        ["w", "w"],
        [1, 1],
        [{}, {"a": "b"}],
        [NOON, NOON],
        [0.5, 1.5],
    ]
    client.insert(f"{database}.ledger", columns, rows)
    answer = client.rows(f"SELECT kind, properties['a'], score FROM {database}.ledger ORDER BY kind")
    assert [tuple(row) for row in answer] == [("mark", "", 0.5), ("received", "b", 1.5)]


def test_schema_statements_take_effect(client: ContractClient, database: str) -> None:
    client.rows(f"CREATE TABLE {database}.t (x UInt8 COMMENT 'it''s') ENGINE = MergeTree ORDER BY x")
    client.rows(f"ALTER TABLE {database}.t ADD COLUMN y String DEFAULT 'd'")
    client.insert(f"{database}.t", ["x"], [[1, 2]])
    client.rows(f"CREATE VIEW {database}.v AS SELECT x + 1 AS z, y FROM {database}.t WHERE x = {{n:UInt8}}")
    assert client.rows(f"SELECT z, y FROM {database}.v(n = 2)") == [(3, "d")]
    assert [tuple(row) for row in client.rows(f"SHOW TABLES FROM {database}")] == [("t",), ("v",)]
    client.rows(f"DROP TABLE {database}.t SYNC")
    assert [tuple(row) for row in client.rows(f"EXISTS {database}.t")] == [(0,)]


def test_a_result_with_rows_tells_its_columns(driver: DriverClient) -> None:
    sql = "SELECT number AS n, toString(number) AS text FROM numbers(2)"
    assert driver.client.execute(sql, with_column_types=True) == (
        [(0, "0"), (1, "1")],
        [("n", "UInt64"), ("text", "String")],
    )


def test_an_empty_result_still_tells_its_columns(driver: DriverClient, database: str) -> None:
    sql = f"SELECT name, toLowCardinality('x') AS low FROM system.tables WHERE database = '{database}' -- nothing"
    assert driver.client.execute(sql, with_column_types=True)[1] == [
        ("name", "String"),
        ("low", "LowCardinality(String)"),
    ]
    assert driver.client.execute(f"SHOW TABLES FROM {database}", with_column_types=True) == ([], [("name", "String")])


def test_a_large_result_is_streamed(client: ContractClient) -> None:
    rows = client.stream("SELECT number, toString(number) FROM numbers(300000)")
    assert sum(int(row[0]) for row in rows) == 299_999 * 150_000


def test_an_exception_in_mid_stream_reaches_the_client(client: ContractClient) -> None:
    rows = client.stream("SELECT throwIf(number = 200000, 'too far') FROM numbers(1000000)")
    with pytest.raises(Refused, match="too far") as refused:
        sum(1 for _ in rows)
    assert refused.value.code == 395
    assert client.rows("SELECT 1") == [(1,)]


def test_settings_hold_for_their_query_only(client: ContractClient) -> None:
    asked = "SELECT toUInt32(getSetting('max_threads')), toUInt32(getSetting('max_block_size'))"
    usual = client.rows(asked)
    assert client.rows(asked, {"max_threads": 7, "max_block_size": 123}) == [(7, 123)]
    assert client.rows(asked, {"max_threads": 7}) == [(7, usual[0][1])]
    assert client.rows(asked) == usual


def test_a_setting_that_limits_a_query_limits_it(client: ContractClient) -> None:
    with pytest.raises(Refused) as refused:
        client.rows("SELECT count() FROM system.numbers", {"max_execution_time": 0.2})
    assert refused.value.code == 159


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM not_there", 60),
        ("SELECT not_there FROM system.one", 47),
        ("SELECT FROM WHERE", 62),
        ("SELECT 1; SELECT 2", 62),
        ("CREATE DATABASE default", 82),
        ("SELECT * FROM not_there.x", 81),
        ("SELECT 1 SETTINGS not_a_setting = 1", 115),
        ("SELECT toUInt8('x')", 6),
        ("SELECT 1 / intDiv(1, 0)", 153),
    ],
)
def test_errors_carry_clickhouses_code(client: ContractClient, sql: str, code: int) -> None:
    with pytest.raises(Refused) as refused:
        client.rows(sql)
    assert refused.value.code == code


def test_comments_formats_and_semicolons_are_read_as_the_server_does(driver: DriverClient, database: str) -> None:
    assert driver.rows("/* a; b */ SELECT 'x; format JSON' -- format JSON") == [("x; format JSON",)]
    assert driver.rows("SELECT 1 AS format FORMAT JSON;") == [(1,)]
    assert driver.rows("SELECT 1 FORMAT JSON SETTINGS max_threads = 1") == [(1,)]
    assert driver.rows("SELECT format FROM (SELECT 1 AS format) ORDER BY format DESC") == [(1,)]
    driver.rows(f"CREATE TABLE {database}.`odd name` (`a (b` String, `c` UInt8) ENGINE = Memory")
    sql = f"-- first\nINSERT INTO {database}.`odd name` (`c`, `a (b`) /* tag */ SETTINGS max_threads = 1 VALUES"
    driver.client.execute(sql, [(1, "x")])
    driver.rows(f"INSERT INTO {database}.`odd name` SELECT 'y\n\n', 2")
    assert driver.rows(f"SELECT * FROM {database}.`odd name` ORDER BY c") == [("x", 1), ("y\n\n", 2)]


def test_a_session_keeps_its_database_settings_and_temporary_tables(
    server: Server, driver: DriverClient, database: str
) -> None:
    driver.rows(f"USE {database}")
    driver.rows("SET max_threads = 3")
    driver.rows("CREATE TEMPORARY TABLE mine (x UInt8)")
    driver.client.execute("INSERT INTO mine VALUES", [(1,), (2,)])
    asked = "SELECT currentDatabase(), toUInt8(getSetting('max_threads')), (SELECT sum(x) FROM mine)"
    assert driver.rows(asked) == [(database, 3, 3)]
    other = DriverClient(server, database=database)
    assert other.rows("SELECT currentDatabase()") == [(database,)]
    with pytest.raises(Refused) as refused:
        other.rows("SELECT * FROM mine")
    other.close()
    assert refused.value.code == 60


@pytest.mark.parametrize("compress", [True, "lz4", "gzip", False])
def test_http_bodies_are_taken_with_each_compression(server: Server, database: str, compress: str | bool) -> None:
    client = ConnectClient(server, compress=compress)
    client.rows(f"CREATE TABLE {database}.t (x UInt64, s String) ENGINE = MergeTree ORDER BY x")
    client.insert(f"{database}.t", ["x", "s"], [list(range(50_000)), ["a\n\n"] * 50_000])
    summed = client.rows(f"SELECT sum(x), uniqExact(s), {{p:String}} FROM {database}.t".replace("{p:String}", "'p'"))
    client.close()
    assert [tuple(row) for row in summed] == [(49_999 * 25_000, 1, "p")]


@pytest.mark.parametrize("client_class", [DriverClient, ConnectClient])
def test_a_wrong_password_is_refused_with_516(server: Server, client_class: type[DriverClient | ConnectClient]) -> None:
    for wrong in (server._replace(password="wrong"), server._replace(user="nobody")):
        with pytest.raises((Refused, Exception), match="516"):
            client_class(wrong).rows("SELECT 1")


def test_an_unknown_database_is_refused_with_81(server: Server) -> None:
    client = DriverClient(server, database="not_there")
    with pytest.raises(Refused) as refused:
        client.rows("SELECT 1")
    assert refused.value.code == 81


@pytest.mark.parametrize("rows", [0, 3])
def test_a_time_of_seconds_keeps_its_zone_on_the_native_protocol(server: Server, rows: int) -> None:
    """Else a client reads it in the zone of its own machine."""
    driver = DriverClient(server)
    days = (
        "toDateTime('2025-03-09 23:30:00', 'UTC') AS utc, toDateTime('2025-03-09 23:30:00', 'Asia/Kolkata') AS kolkata"
    )
    sql = f"SELECT number, {days}, 'x' AS behind, toDateTime(0) AS bare FROM numbers({rows})"
    found, columns = driver.client.execute(sql, with_column_types=True)
    driver.close()
    zones = ("UTC", "Asia/Kolkata")
    assert [spec for _, spec in columns] == ["UInt64", *(f"DateTime('{zone}')" for zone in zones), "String", "DateTime"]
    times = [datetime(2025, 3, 9, 23, 30, tzinfo=ZoneInfo(zone)) for zone in zones]
    assert [row[:4] for row in found] == [(number, *times, "x") for number in range(rows)]


def test_a_large_result_with_times_keeps_their_zones(driver: DriverClient) -> None:
    sql = (
        "SELECT toDateTime('2025-03-09 23:30:00', 'Asia/Kolkata') AS at, repeat('x', 1000000) AS text FROM numbers(40)"
    )
    rows, columns = driver.client.execute(sql, with_column_types=True, settings={"max_block_size": 4})
    assert columns == [("at", "DateTime('Asia/Kolkata')"), ("text", "String")]
    time = datetime(2025, 3, 9, 23, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert [(at, len(text)) for at, text in rows] == [(time, 1_000_000)] * 40


@pytest.mark.parametrize(
    "what",
    [
        "1 AS `two words`, count() AS c, max(plus(number, 2)), (1, 'x') AS pair, map('a', 1) AS m, [1, NULL] AS maybe",
        "toDateTime(number, 'Asia/Kolkata') AS at, now64(3, 'UTC') AS now, toDecimal64(number, 2) AS money",
        "CAST('a', 'Enum8(\\'a\\' = 1, \\'(b\\' = 2)') AS mood, toLowCardinality('x') AS low, CAST((1, 'b'), 'Tuple(a UInt8, b String)')",
        "number AS `it's`",
        "number FROM numbers(0) UNION ALL SELECT toUInt64(0) AS number",
    ],
)
def test_an_empty_result_has_the_names_and_types_of_its_description(driver: DriverClient, what: str) -> None:
    sql = f"SELECT {what} FROM numbers(3) GROUP BY number HAVING number > 5"
    rows, columns = driver.client.execute(sql, with_column_types=True)
    described = driver.rows(f"DESCRIBE TABLE ({sql}) SETTINGS print_pretty_type_names = 0")
    assert (rows, columns) == ([], [(row[0], row[1]) for row in described])
