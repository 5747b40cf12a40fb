"""The dashboard's server when ClickHouse is away, slow or asked too much, and when it is told to end."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from clickhouse_driver import Client

from tests.support.collectors import Answer
from tests.support.dashboards import HOST, DashboardProcess, dashboard
from tests.support.engine import running_engine
from tests.support.ports import free_port
from tests.support.shop_ledger import shop_engine
from tests.support.workers import wait_for
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

SLOW = (
    "CREATE OR REPLACE VIEW journey.unmapped AS "
    "SELECT 'a' AS source, 'b' AS touchpoint, 'c' AS action, sleepEachRow(0.1) AS events, 0 AS is_simulated "
    "FROM system.numbers SETTINGS max_block_size = 1"
)
RUNNING = (
    "SELECT count() FROM system.processes WHERE query LIKE '%journey.unmapped%' AND query NOT LIKE '%system.processes%'"
)


@pytest.fixture(scope="module")
def slow_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An engine whose view `unmapped` never comes to its end."""
    with shop_engine(tmp_path_factory.mktemp("slow")) as settings:
        client = connect(settings)
        client.execute(SLOW)
        client.disconnect()
        yield settings


@pytest.fixture
def client(slow_engine: Settings) -> Iterator[Client]:
    client = connect(slow_engine)
    yield client
    client.disconnect()


def running_queries(client: Client) -> int:
    return int(client.execute(RUNNING)[0][0])


def ask_at_once(process: DashboardProcess, paths: list[str]) -> tuple[list[Answer], list[threading.Thread]]:
    """Start one request a path; the answers come in as the threads end."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda path=path: answers.append(process.get(path))) for path in paths]
    for thread in threads:
        thread.start()
    return answers, threads


def test_a_query_beyond_its_time_is_504_and_ends(slow_engine: Settings, client: Client, tmp_path: Path) -> None:
    with dashboard(slow_engine, tmp_path, dashboard_query_seconds=0.5) as process:
        answer = process.get("/api/q/unmapped")
        assert answer.status == 504
        assert "period" in answer.json()["hint"]
        wait_for(lambda: running_queries(client) == 0, lambda: "the query still runs", 5)


def test_only_so_many_queries_run_at_once_and_the_excess_is_told_to_come_back(
    slow_engine: Settings, client: Client, tmp_path: Path
) -> None:
    limits = {"dashboard_queries": 2, "dashboard_wait_seconds": 0.6, "dashboard_query_seconds": 2.0}
    with dashboard(slow_engine, tmp_path, **limits) as process:
        answers, threads = ask_at_once(process, [f"/api/q/unmapped?limit={1_000 + number}" for number in range(6)])
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, running_queries(client))
            time.sleep(0.05)
        assert most == 2
        assert sorted(answer.status for answer in answers) == [503] * 4 + [504] * 2
        assert all(answer.headers["Retry-After"] for answer in answers if answer.status == 503)
        assert process.get("/api/maps").status == 200


def test_readers_of_the_same_page_cost_one_query(slow_engine: Settings, client: Client, tmp_path: Path) -> None:
    with dashboard(slow_engine, tmp_path, dashboard_query_seconds=1.0) as process:
        answers, threads = ask_at_once(process, ["/api/q/unmapped"] * 5)
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, running_queries(client))
            time.sleep(0.05)
        assert most == 1
        assert [answer.status for answer in answers] == [504] * 5


def test_a_reader_who_leaves_ends_the_query(slow_engine: Settings, client: Client, tmp_path: Path) -> None:
    with dashboard(slow_engine, tmp_path) as process:
        connection = http.client.HTTPConnection(HOST, process.port, timeout=30)
        connection.request("GET", "/api/q/unmapped")
        wait_for(lambda: running_queries(client) == 1, lambda: "the query did not begin", 10)
        connection.close()
        wait_for(lambda: running_queries(client) == 0, lambda: "the query still runs", 5)
        assert 'status="499"' in process.get("/metrics").body.decode()


def test_a_download_that_takes_too_long_breaks_off_and_is_not_taken_for_whole(
    slow_engine: Settings, tmp_path: Path
) -> None:
    with dashboard(slow_engine, tmp_path, dashboard_query_seconds=1.0) as process:
        try:
            status = process.get("/api/q/unmapped?format=csv").status
        except (http.client.IncompleteRead, ConnectionError):
            status = 0
        assert status in (0, 504)


def test_sigterm_ends_it_within_seconds_with_status_0_whatever_is_asked(slow_engine: Settings, tmp_path: Path) -> None:
    with dashboard(slow_engine, tmp_path) as process:
        connection = http.client.HTTPConnection(HOST, process.port, timeout=30)
        connection.request("GET", "/api/q/unmapped")
        time.sleep(0.3)
        status, seconds = process.end()
        connection.close()
        assert status == 0
        assert seconds < 5
        assert "event=stopped" in process.log


def test_while_clickhouse_is_away_it_stays_and_says_so_and_then_answers_again(tmp_path: Path) -> None:
    ports: dict[str, Any] = {"clickhouse_port": free_port(), "clickhouse_http_port": free_port()}
    with shop_engine(tmp_path, **ports) as settings, dashboard(settings, tmp_path) as process:
        process.wait_ready()
        before = process.rows("survey-total")
        assert before
    with dashboard(settings, tmp_path) as process:
        for path in ("/readyz", "/api/maps", "/api/q/survey-total", "/api/q/survey-total?format=csv"):
            answer = process.get(path)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), path
            assert "touchline up" in answer.json()["hint"]
        assert process.get("/healthz").status == 200
        with running_engine(tmp_path, **ports):
            process.wait_ready()
            assert process.rows("survey-total") == before


def test_while_clickhouse_hangs_it_is_not_ready_and_says_so_in_time(tmp_path: Path) -> None:
    with running_engine(tmp_path) as settings, dashboard(settings, tmp_path) as process:
        process.wait_ready()
        (engine,) = [
            child for child in psutil.Process().children() if str(settings.clickhouse_http_port) in child.cmdline()
        ]
        engine.suspend()
        try:
            time.sleep(2)  # what the last look found is kept so long
            began = time.monotonic()
            answer = process.get("/readyz")
            assert (answer.status, answer.json()["title"]) == (503, "ClickHouse does not answer in time")
            assert time.monotonic() - began < 5
            assert process.get("/healthz").status == 200
            assert "touchline_ready 0.0" in process.get("/metrics").body.decode()
        finally:
            engine.resume()
        process.wait_ready()


def test_without_the_schema_it_is_not_ready_and_says_what_to_run(tmp_path: Path) -> None:
    with running_engine(tmp_path, migrated=False) as settings, dashboard(settings, tmp_path) as process:
        for path in ("/readyz", "/api/maps"):
            answer = process.get(path)
            assert answer.status == 503
            assert "touchline migrate" in answer.json()["hint"]


def test_a_view_of_another_release_is_told_by_its_missing_column(
    slow_engine: Settings, client: Client, tmp_path: Path
) -> None:
    client.execute("CREATE OR REPLACE VIEW journey.account AS SELECT 1 AS topic")
    with dashboard(slow_engine, tmp_path) as process:
        answer = process.get("/readyz")
        assert answer.status == 503
        assert "journey.account.duplicate" in answer.json()["title"]


def test_a_wrong_password_is_the_operators_to_mend(slow_engine: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    with dashboard(slow_engine, tmp_path, clickhouse_password_file=wrong) as process:
        answer = process.get("/api/maps")
        assert answer.status == 503
        assert "clickhouse_password_file" in answer.json()["hint"]


def test_a_taken_port_is_wrong_configuration(slow_engine: Settings, tmp_path: Path) -> None:
    with dashboard(slow_engine, tmp_path) as first:
        second = DashboardProcess(slow_engine, tmp_path, dashboard_port=first.port)
        assert second.process.wait(30) == 2
        assert "set dashboard_host or dashboard_port" in second.log
