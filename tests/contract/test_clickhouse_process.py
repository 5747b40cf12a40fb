"""The face's process: it starts or says why not, ends in time, and what it acknowledged survives its death."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from clickhouse_driver.errors import NetworkError

from tests.contract.clickhouse_face import GIVEN_URL, DriverClient, FaceProcess, Refused, Server

SLOW = "SELECT sleepEachRow(0.1) FROM numbers(300) SETTINGS max_block_size = 1"
KILLS = 4
ROWS = 2000


def refusal(face: FaceProcess, *changes: str) -> tuple[int, str]:
    """Exit status and error text of a second process."""
    second = subprocess.run(face.command(*changes), capture_output=True, text=True, timeout=20, check=False)
    return second.returncode, second.stderr


def test_a_taken_port_and_a_taken_folder_are_told_with_the_remedy(own_face: FaceProcess, tmp_path: Path) -> None:
    status, text = refusal(own_face, "--path", str(tmp_path / "other"))
    assert status == 2
    assert f"can't listen on 127.0.0.1:{own_face.server.port}" in text
    assert "hint: " in text
    status, text = refusal(own_face, "--port", "0", "--http-port", "0")
    assert status == 1
    assert "another process uses the ClickHouse data" in text
    assert "Traceback" not in text
    status, text = refusal(own_face, "--password-file", str(tmp_path / "missing"))
    assert status == 2
    assert "missing" in text


def test_sigterm_ends_the_face_within_five_seconds_while_a_query_runs(own_face: FaceProcess) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            DriverClient(own_face.server).rows(SLOW)
        except (Refused, EOFError, OSError) as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    idle = DriverClient(own_face.server)
    while not idle.rows("SELECT 1 FROM system.processes WHERE query ILIKE 'SELECT sleepEachRow%'"):
        time.sleep(0.02)
    status, seconds = own_face.end(signal.SIGTERM)
    thread.join()
    idle.close()
    assert status == 0
    assert seconds < 5
    assert errors
    with pytest.raises(OSError):
        urllib.request.urlopen(own_face.server.url + "ping")


def test_no_acknowledged_insert_is_lost_and_the_projection_stays_exact_through_kills(own_face: FaceProcess) -> None:
    driver = DriverClient(own_face.server)
    projection = "PROJECTION sums (SELECT key, sum(value), count() WHERE kind = 'attached' GROUP BY key)"
    columns = f"n UInt64, kind LowCardinality(String), key UInt8, value Int64, {projection}"
    driver.rows(f"CREATE TABLE facts ({columns}) ENGINE = MergeTree ORDER BY n")
    driver.close()
    acknowledged = 0
    for kill in range(KILLS):
        acknowledged = _insert_until_killed(own_face, acknowledged, seconds=0.3 + 0.1 * kill)
        own_face.start()
        again = DriverClient(own_face.server)
        stored = again.rows("SELECT uniqExact(n), count(), max(n) + 1 FROM facts")[0]
        assert stored[0] == stored[1] == stored[2], "rows doubled or missing"
        assert stored[0] % ROWS == 0, "half an insert is stored"
        assert acknowledged <= stored[0] <= acknowledged + ROWS
        acknowledged = stored[0]
        sums = "SELECT key, sum(value), count() FROM facts WHERE kind = 'attached' GROUP BY key ORDER BY key SETTINGS "
        assert again.rows(sums + "force_optimize_projection = 1") == again.rows(sums + "optimize_use_projections = 0")
        again.close()
    assert acknowledged > 0


def _insert_until_killed(face: FaceProcess, start: int, seconds: float) -> int:
    """Insert numbered rows from `start` on until the face is killed; returns the number after the last acknowledged."""
    driver, timer = DriverClient(face.server), threading.Timer(seconds, face.end, (signal.SIGKILL,))
    timer.start()
    try:
        while True:
            numbers = list(range(start, start + ROWS))
            values: list[list[object]] = [[n % 7 for n in numbers], [n * 31 % 1000 for n in numbers]]
            driver.insert(
                "facts", ["n", "kind", "key", "value"], [numbers, ["attached", "received"] * (ROWS // 2), *values]
            )
            start += ROWS
    except (EOFError, OSError, NetworkError):
        return start
    finally:
        timer.join()
        driver.close()


def test_a_large_result_takes_bounded_memory_and_ctrl_c_ends_an_idle_face_at_once(own_face: FaceProcess) -> None:
    driver = DriverClient(own_face.server)
    rows = driver.client.execute_iter(
        "SELECT number, repeat('x', 1000) FROM numbers(300000)", settings={"max_threads": 1}
    )
    for _ in range(50_000):
        next(rows)
    used = psutil.Process(own_face.pid).memory_info().rss
    seen = sum(1 for _ in rows)
    assert seen == 250_000
    grown = psutil.Process(own_face.pid).memory_info().rss - used
    driver.close()
    assert grown < 100 << 20, "300 MB of result piled up in the face"
    status, seconds = own_face.end(signal.SIGINT)
    assert (status, seconds < 2) == (0, True)


def test_ping_and_errors_over_plain_http(server: Server) -> None:
    with urllib.request.urlopen(server.url + "ping") as answer:
        assert answer.read() == b"Ok.\n"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}?query=SELECT+1&user=nobody")
    with refused.value as answer:
        assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
        assert answer.status in (401, 403)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Length": "abc"}, b""),
        ({"Content-Length": "-5"}, b"SELECT 1"),
        ({"Transfer-Encoding": "chunked"}, b"zz\r\nSELECT 1\r\n"),
        ({"Transfer-Encoding": "chunked"}, b"-8\r\nSELECT 1\r\n"),
        ({"Content-Length": "8", "Authorization": "Basic x"}, b"SELECT 1"),
        ({"Content-Length": "8", "Authorization": "Basic //8="}, b"SELECT 1"),
    ],
    ids=str,
)
@pytest.mark.skipif(bool(GIVEN_URL), reason="how a real server words it is its own affair")
def test_a_malformed_request_gets_an_answer(server: Server, headers: dict[str, str], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((server.host, server.http_port), timeout=10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: face\r\n{head}\r\n".encode() + body)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
