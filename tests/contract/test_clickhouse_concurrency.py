"""Clients beside each other: nobody waits for anybody, and who cancels or leaves ends their query."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from clickhouse_driver.errors import ServerException

from tests.contract.clickhouse_face import ConnectClient, ContractClient, DriverClient, Refused, Server

SLOW = "SELECT count(), sleepEachRow(0.05) FROM numbers(100) GROUP BY 2 SETTINGS max_block_size = 1, max_threads = 1"


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_running(driver: DriverClient, tag: str) -> bool:
    """Whether `system.processes` shows a query with this comment."""
    own = "query NOT ILIKE '%system.processes%'"
    return bool(driver.rows(f"SELECT query FROM system.processes WHERE query LIKE '%{tag}%' AND {own}"))


def test_eight_clients_work_while_a_five_second_query_runs(server: Server, driver: DriverClient, database: str) -> None:
    driver.rows(f"CREATE TABLE {database}.t (client UInt8, n UInt32) ENGINE = MergeTree ORDER BY (client, n)")

    clients: list[ContractClient] = [(DriverClient, ConnectClient)[number % 2](server) for number in range(8)]
    for client in clients:  # clickhouse-connect imports pandas with the first insert
        client.insert(f"{database}.t", ["client", "n"], [[9], [9]])

    def work(number: int) -> float:
        client, started = clients[number], time.monotonic()
        for turn in range(2):
            client.insert(f"{database}.t", ["client", "n"], [[number] * 500, list(range(turn * 500, turn * 500 + 500))])
            answer = client.rows(f"SELECT count() FROM {database}.t WHERE client = {number}")
            assert answer[0][0] == (turn + 1) * 500
        client.close()
        return time.monotonic() - started

    observer = DriverClient(server)
    with ThreadPoolExecutor(9) as pool:
        started = time.monotonic()
        slow = pool.submit(driver.rows, SLOW)
        wait_for(lambda: is_running(observer, "sleepEachRow"))
        seconds = list(pool.map(work, range(8)))
        all_done = time.monotonic() - started
        assert slow.running(), f"eight clients waited for the slow query: {seconds}"
        assert all_done < 5
        assert slow.result()[0][0] == 100
    observer.close()
    found = f"SELECT count(), uniqExact(client, n) FROM {database}.t WHERE client < 9"
    assert driver.rows(found) == [(8_000, 8_000)]


def test_settings_of_one_client_do_not_reach_another(server: Server, driver: DriverClient) -> None:
    other = DriverClient(server)
    other.rows("SET max_threads = 5")
    assert driver.rows("SELECT getSetting('max_threads') = 5") == [(0,)]
    assert other.rows("SELECT getSetting('max_threads') = 5") == [(1,)]
    other.close()


@pytest.mark.parametrize("how", ["query id", "text"])
def test_a_killed_query_is_told_to_its_client_with_394(server: Server, driver: DriverClient, how: str) -> None:
    victim = DriverClient(server)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(victim.rows, f"/* victim */ {SLOW}", None, "my-own-id")
        wait_for(lambda: is_running(driver, "victim"))
        where = "query_id = 'my-own-id'" if how == "query id" else "query LIKE '/* victim */%'"
        assert driver.rows(f"KILL QUERY WHERE {where} ASYNC")
        with pytest.raises(Refused) as refused:
            outcome.result(timeout=4)
    assert refused.value.code == 394
    assert victim.rows("SELECT 1") == [(1,)]
    victim.close()


def test_a_cancelled_query_ends_and_its_connection_lives_on(server: Server, driver: DriverClient) -> None:
    other = DriverClient(server)
    rows = other.client.execute_iter("SELECT /* cancelled */ number FROM system.numbers")
    next(rows)
    other.client.cancel()
    wait_for(lambda: not is_running(driver, "cancelled"))
    other.close()
    assert other.rows("SELECT 1") == [(1,)]
    waiting = DriverClient(server)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(waiting.rows, f"/* cancelled */ {SLOW}")
        wait_for(lambda: is_running(driver, "cancelled"))
        waiting.client.connection.send_cancel()
        assert outcome.result(timeout=4) == []
    assert waiting.rows("SELECT 1") == [(1,)]
    for client in (other, waiting):
        client.close()


@pytest.mark.parametrize("protocol", ["native", "http"])
def test_the_query_of_a_client_that_leaves_is_killed(server: Server, driver: DriverClient, protocol: str) -> None:
    import http.client

    sql = f"/* leaver */ {SLOW}"
    if protocol == "native":
        leaver = DriverClient(server).client
        leaver.connection.force_connect()
        leaver.connection.send_query(sql)
        leaver.connection.send_external_tables([])
        leave = leaver.disconnect
    else:
        connection = http.client.HTTPConnection(server.host, server.http_port)
        key = server.password.encode().decode("latin-1")
        settings = "?cancel_http_readonly_queries_on_client_close=1"
        connection.request("POST", "/" + settings, sql, {"X-ClickHouse-User": server.user, "X-ClickHouse-Key": key})
        leave = connection.close
    wait_for(lambda: is_running(driver, "leaver"))
    leave()
    wait_for(lambda: not is_running(driver, "leaver"), seconds=4)


def test_a_reader_that_stops_in_mid_stream_does_not_hold_the_server(server: Server, driver: DriverClient) -> None:
    reader = DriverClient(server)
    rows = reader.client.execute_iter("SELECT /* idle reader */ number, repeat('x', 100) FROM numbers(3000000)")
    next(rows)
    time.sleep(0.2)
    assert driver.rows("SELECT 1") == [(1,)]
    reader.client.connection.socket.close()
    reader.client.connection.reset_state()
    wait_for(lambda: not is_running(driver, "idle reader"))


def test_inserts_of_many_clients_all_arrive(server: Server, driver: DriverClient, database: str) -> None:
    driver.rows(f"CREATE TABLE {database}.t (n UInt32) ENGINE = MergeTree ORDER BY n")
    failed: list[ServerException] = []

    def work(number: int) -> None:
        client = DriverClient(server)
        for turn in range(5):
            start = (number * 5 + turn) * 100
            client.insert(f"{database}.t", ["n"], [list(range(start, start + 100))])
        client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert driver.rows(f"SELECT count(), uniqExact(n) FROM {database}.t") == [(3000, 3000)]
