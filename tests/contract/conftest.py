"""Servers and clients of the contract suites."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.clickhouse_face import (
    GIVEN_URL,
    ConnectClient,
    ContractClient,
    DriverClient,
    FaceProcess,
    Server,
    given_server,
)

_numbers = itertools.count(1)
CLIENTS: dict[str, Callable[[Server], ContractClient]] = {
    "clickhouse-driver": DriverClient,
    "clickhouse-connect": ConnectClient,
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server under test, shared: tests must not end it."""
    if GIVEN_URL:
        yield given_server()
        return
    face = FaceProcess(tmp_path_factory.mktemp("face"))
    face.start()
    try:
        yield face.server
    finally:
        face.end_if_running()


@pytest.fixture
def own_face(tmp_path: Path) -> Iterator[FaceProcess]:
    """A running face that the test may kill."""
    if GIVEN_URL:
        pytest.skip("the given server is not ours to kill")
    face = FaceProcess(tmp_path)
    face.start()
    try:
        yield face
    finally:
        face.end_if_running()


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[ContractClient]:
    """Each of both clients."""
    client = CLIENTS[request.param](server)
    yield client
    client.close()


@pytest.fixture
def driver(server: Server) -> Iterator[DriverClient]:
    """A client of the native protocol."""
    client = DriverClient(server)
    yield client
    client.close()


@pytest.fixture
def database(driver: DriverClient) -> Iterator[str]:
    """A fresh database."""
    name = f"contract_{next(_numbers)}"
    driver.rows(f"DROP DATABASE IF EXISTS {name}")
    driver.rows(f"CREATE DATABASE {name}")
    yield name
    driver.rows(f"DROP DATABASE {name}")
