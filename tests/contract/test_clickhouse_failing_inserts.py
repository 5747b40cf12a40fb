"""Every failing insert returns an error to whoever still listens, and stores nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError

import pytest
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.errors import ServerException

from tests.contract.clickhouse_face import ContractClient, DriverClient, FaceProcess, Refused, Server

# An insert takes 2.8 s, in which the engine computes the second column (it refuses to sleep longer in a block).
SLOW_TABLE = "(x UInt64, slow UInt8 MATERIALIZED sleepEachRow(0.02)) ENGINE = MergeTree ORDER BY x"
SLOW_ROWS = 140
CHILD = """
import sys, time
from clickhouse_driver.block import ColumnOrientedBlock
from tests.contract.clickhouse_face import DriverClient, Server
host, port, http_port, user, password, table = sys.argv[1:]
client = DriverClient(Server(host, int(port), int(http_port), user, password)).client
client.connection.force_connect()
client.connection.send_query(f"INSERT INTO {table} (x) VALUES")
client.connection.send_external_tables([])
client.receive_sample_block()
client.connection.send_data(ColumnOrientedBlock([("x", "UInt64")], [list(range(1000))]))
print("half sent", flush=True)
time.sleep(60)
"""


def count(client: ContractClient, table: str) -> int:
    return int(client.rows(f"SELECT count() FROM {table}")[0][0])


@pytest.fixture
def table(driver: DriverClient, database: str) -> str:
    """An empty table with a fence like the ledger's: generation 2 of stream `s` may write."""
    engine = "Join(ANY, LEFT, stream) SETTINGS join_any_take_last_row = 1, persistent = 1"
    driver.rows(f"CREATE TABLE {database}.fence (stream String, generation UInt64, writer String) ENGINE = {engine}")
    driver.insert(f"{database}.fence", ["stream", "generation", "writer"], [["s", "s"], [1, 2], ["old", "new"]])
    check = f"joinGet('{database}.fence', 'generation', stream) = generation"
    columns = f"stream LowCardinality(String), generation UInt64, x UInt64, CONSTRAINT fence CHECK {check}"
    driver.rows(f"CREATE TABLE {database}.facts ({columns}) ENGINE = MergeTree ORDER BY x")
    return f"{database}.facts"


def test_an_insert_behind_the_fence_is_stored_and_one_of_a_stale_generation_is_refused_with_469(
    client: ContractClient, table: str
) -> None:
    columns = ["stream", "generation", "x"]
    client.insert(table, columns, [["s"] * 1000, [2] * 1000, list(range(1000))])
    with pytest.raises(Refused) as refused:
        client.insert(table, columns, [["s"] * 1000, [2] * 999 + [1], list(range(1000))])
    assert refused.value.code == 469
    assert count(client, table) == 1000


def test_the_fence_moves_with_its_last_row(client: ContractClient, table: str) -> None:
    client.insert(table.replace("facts", "fence"), ["stream", "generation", "writer"], [["s"], [3], ["next"]])
    with pytest.raises(Refused) as refused:
        client.insert(table, ["stream", "generation", "x"], [["s"], [2], [1]])
    assert refused.value.code == 469
    client.insert(table, ["stream", "generation", "x"], [["s"], [3], [1]])
    assert count(client, table) == 1


def test_rows_in_several_blocks_are_stored_together_or_not_at_all(driver: DriverClient, table: str) -> None:
    rows = [("s", 2, number) for number in range(5000)]
    sql = f"INSERT INTO {table} (stream, generation, x) VALUES"
    driver.client.execute(sql, rows, settings={"insert_block_size": 500})
    assert count(driver, table) == 5000
    name = table.partition(".")[2]
    assert driver.rows(f"SELECT count() FROM system.parts WHERE table = '{name}' AND active AND rows = 5000")
    with pytest.raises(ServerException) as refused:
        driver.client.execute(sql, [*rows, ("s", 1, 0)], settings={"insert_block_size": 500})
    assert refused.value.code == 469
    assert count(driver, table) == 5000


def send_insert(driver: DriverClient, sql: str, send: Callable[[], None]) -> None:
    """Begin an insert as clickhouse-driver does, then let the test send what it likes."""
    connection = driver.client.connection
    connection.force_connect()
    connection.send_query(sql)
    connection.send_external_tables([])
    driver.client.receive_sample_block()
    send()


def test_a_block_of_a_wrong_type_is_refused(driver: DriverClient, table: str) -> None:
    connection = driver.client.connection

    def send() -> None:
        connection.send_data(ColumnOrientedBlock([("x", "String")], [["1", "no number"]]))
        connection.send_data(ColumnOrientedBlock())

    send_insert(driver, f"INSERT INTO {table} (x) VALUES", send)
    with pytest.raises(ServerException) as refused:
        driver.client.receive_result()
    assert refused.value.code in (6, 27, 53, 70)
    assert count(driver, table) == 0


@pytest.mark.parametrize("garbage", [b"\x02" + os.urandom(4000), b"\x02\x00\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"])
def test_garbage_in_the_midst_of_an_insert_is_refused(
    server: Server, driver: DriverClient, table: str, garbage: bytes
) -> None:
    other = DriverClient(server)
    connection = other.client.connection

    def send() -> None:
        connection.send_data(ColumnOrientedBlock([("x", "UInt64")], [[1, 2]]))
        connection.socket.sendall(garbage)
        connection.socket.shutdown(socket.SHUT_WR)

    send_insert(other, f"INSERT INTO {table} (x) VALUES", send)
    with pytest.raises((ServerException, EOFError, ConnectionError)):
        other.client.receive_result()
    other.close()
    assert count(driver, table) == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"INSERT INTO {} (x) FORMAT TSV\n1\nno number\n", 27),
        (b"INSERT INTO {} (x) FORMAT Native\n\x01\x02\x01x\x06UInt64\x01", 33),
        (b"INSERT INTO {} (x) VALUES (1), (2, 3)", 62),
        (b"INSERT INTO {} (x, y) FORMAT CSV\n1,2\n", 16),
        (b"INSERT INTO {}_not_there FORMAT CSV\n1,2\n", 60),
    ],
    ids=["wrong type", "cut off", "wrong tuple", "unknown column", "unknown table"],
)
def test_a_bad_body_over_http_is_refused(
    server: Server, driver: DriverClient, table: str, text: bytes, code: int
) -> None:
    headers = {"X-ClickHouse-User": server.user, "X-ClickHouse-Key": server.password.encode().decode("latin-1")}
    request = urllib.request.Request(server.url, text.replace(b"{}", table.encode()), headers)
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)
        assert f"Code: {code}" in answer.read().decode()
    assert count(driver, table) == 0


def test_a_client_killed_in_mid_insert_stores_nothing(server: Server, driver: DriverClient, table: str) -> None:
    arguments = [sys.executable, "-c", CHILD, *map(str, server), table]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half sent\n"
        child.kill()
    time.sleep(0.3)
    assert count(driver, table) == 0


def test_a_killed_insert_is_told_to_its_client_with_394(
    client: ContractClient, driver: DriverClient, database: str
) -> None:
    table = f"{database}.slow"
    driver.rows(f"CREATE TABLE {table} {SLOW_TABLE}")
    errors: list[BaseException] = []
    thread = threading.Thread(target=_insert_slowly, args=(client, table, errors))
    thread.start()
    _await_process(driver, table)
    killed = driver.rows(f"KILL QUERY WHERE query ILIKE 'INSERT INTO {table}%' SYNC")
    thread.join()
    assert len(killed) == 1
    assert isinstance(errors[0], Refused)
    assert errors[0].code == 394
    assert count(driver, table) == 0


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_an_insert_that_dies_with_the_server_is_an_error_and_stores_nothing(
    own_face: FaceProcess, signal_number: int
) -> None:
    driver, watcher = DriverClient(own_face.server), DriverClient(own_face.server)
    driver.rows(f"CREATE TABLE slow {SLOW_TABLE}")
    errors: list[BaseException] = []
    thread = threading.Thread(target=_insert_slowly, args=(driver, "slow", errors))
    thread.start()
    _await_process(watcher, "slow")
    own_face.end(signal_number)
    thread.join()
    assert isinstance(errors[0], (EOFError, ConnectionError, Refused))
    own_face.start()
    again = DriverClient(own_face.server)
    assert count(again, "slow") == 0
    for client in (driver, watcher, again):
        client.close()


def _insert_slowly(client: ContractClient, table: str, errors: list[BaseException]) -> None:
    try:
        client.insert(table, ["x"], [list(range(SLOW_ROWS))])
    except BaseException as error:  # whatever the client makes of it
        errors.append(error)


def _await_process(driver: DriverClient, table: str) -> None:
    """Wait until `system.processes` shows the insert, with its text."""
    for _ in range(200):
        if driver.rows(f"SELECT 1 FROM system.processes WHERE query ILIKE 'INSERT INTO {table}%'"):
            return
        time.sleep(0.01)
    pytest.fail("the insert did not begin")
