"""The face as a subprocess on free ports, and both Python clients behind one small interface.

With `TOUCHLINE_CONTRACT_CLICKHOUSE_URL=clickhouse://user:password@host:9000?http_port=8123` the suite runs against that
server instead; tests that kill or restart the server are skipped then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import clickhouse_driver
from clickhouse_connect.driver.exceptions import ClickHouseError

from tests.support.ports import free_port

GIVEN_URL = os.environ.get("TOUCHLINE_CONTRACT_CLICKHOUSE_URL", "")
Columnar = Sequence[Sequence[object]]


class Refused(Exception):
    """The server's exception, the same for both clients."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Server(NamedTuple):
    """Where a server listens and who may enter."""

    host: str
    port: int
    http_port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.http_port}/"


def given_server() -> Server:
    """The server that the environment names."""
    url = urlsplit(GIVEN_URL)
    http_port = int(parse_qs(url.query).get("http_port", ["8123"])[0])
    return Server(
        url.hostname or "", url.port or 9000, http_port, unquote(url.username or ""), unquote(url.password or "")
    )


class FaceProcess:
    """The face over one data folder; `start` again after `kill` gives the same ports and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server("127.0.0.1", free_port(), free_port(), "contract", "päss word")
        (folder / "password").write_text(self.server.password + "\n", encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None

    def command(self, *changes: str) -> list[str]:
        """The command line; a repeated flag in `changes` wins."""
        port, http_port = str(self.server.port), str(self.server.http_port)
        places = ["--path", str(self.folder / "data"), "--password-file", str(self.folder / "password")]
        ports = ["--port", port, "--http-port", http_port, "--user", self.server.user]
        return [sys.executable, "-m", "touchline.local.clickhouse", *places, *ports, *changes]

    def start(self) -> None:
        """Start and wait for the line `ready`."""
        self._process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def end(self, signal_number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait: exit status and seconds."""
        assert self._process is not None
        started = time.monotonic()
        self._process.send_signal(signal_number)
        status = self._process.wait(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status, time.monotonic() - started

    def end_if_running(self) -> None:
        """End what a failed test left."""
        if self._process is not None and self._process.poll() is None:
            self.end(signal.SIGKILL)


class ContractClient(Protocol):
    """What the suite asks of a client. Every method raises Refused with the server's code."""

    def rows(self, sql: str, settings: dict[str, object] | None = None) -> list[tuple[Any, ...]]: ...

    def insert(self, table: str, columns: Sequence[str], data: Columnar) -> None: ...

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]: ...

    def close(self) -> None: ...


class DriverClient:
    """clickhouse-driver: the native protocol."""

    def __init__(self, server: Server, **options: Any) -> None:
        where = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        self.client = clickhouse_driver.Client(**{**where, **options})

    def rows(self, sql: str, settings: dict[str, object] | None = None, query_id: str | None = None) -> list[Any]:
        try:
            return list(self.client.execute(sql, settings=settings, query_id=query_id))
        except clickhouse_driver.errors.ServerException as error:
            raise Refused(error.code, error.message) from None

    def insert(self, table: str, columns: Sequence[str], data: Columnar, **options: Any) -> None:
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        try:
            self.client.execute(sql, data, columnar=True, settings={"async_insert": 0}, **options)
        except clickhouse_driver.errors.ServerException as error:
            raise Refused(error.code, error.message) from None

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self.client.execute_iter(sql, settings={"max_block_size": 10_000})
        except clickhouse_driver.errors.ServerException as error:
            raise Refused(error.code, error.message) from None

    def close(self) -> None:
        self.client.disconnect()


class ConnectClient:
    """clickhouse-connect: HTTP."""

    def __init__(self, server: Server, **options: Any) -> None:
        where = {"host": server.host, "port": server.http_port, "username": server.user, "password": server.password}
        self.client = clickhouse_connect.get_client(**{**where, "autogenerate_session_id": False, **options})

    def rows(self, sql: str, settings: dict[str, object] | None = None) -> list[Any]:
        try:
            if sql.lstrip().split(maxsplit=1)[0].upper() in ("SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS"):
                return list(self.client.query(sql, settings=settings).result_rows)
            self.client.command(sql, settings=settings)
        except ClickHouseError as error:
            raise _refused(error) from None
        return []

    def insert(self, table: str, columns: Sequence[str], data: Columnar) -> None:
        settings = {"async_insert": 0}
        try:
            self.client.insert(table, data, column_names=columns, column_oriented=True, settings=settings)
        except ClickHouseError as error:
            raise _refused(error) from None

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        try:
            with self.client.query_rows_stream(sql, settings={"max_block_size": 10_000}) as rows:
                yield from rows
        except ClickHouseError as error:
            raise _refused(error) from None

    def close(self) -> None:
        self.client.close()


def _refused(error: ClickHouseError) -> Refused:
    """The code stands in the text of clickhouse-connect's errors."""
    text = str(error)
    code = text.partition("ode: ")[2]
    return Refused(int("".join(digit for digit in code[:5] if digit.isdigit()) or 0), text)
