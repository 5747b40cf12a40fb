"""Readings of ClickHouse: as many at once as there are connections, and what is said where it is away."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar

import pytest
from clickhouse_driver.errors import NetworkError, ServerException

from touchline.service.problem import RequestRefused
from touchline.settings import load_settings
from touchline.surveys.server import readers as readers_module
from touchline.surveys.server.readers import Readers


class _Client:
    made: ClassVar[list[_Client]] = []

    def __init__(self) -> None:
        self.is_open = True
        _Client.made.append(self)

    def disconnect(self) -> None:
        self.is_open = False


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    _Client.made = []
    monkeypatch.setattr(readers_module, "connect", lambda *_, **__: _Client())


def read(*readings: Any, at_once: int = 2) -> list[Any]:
    async def go() -> list[Any]:
        readers = Readers(load_settings(), at_once)
        found = await asyncio.gather(*(readers.read(one) for one in readings), return_exceptions=True)
        await readers.close()
        return list(found)

    return asyncio.run(go())


def test_connections_are_used_again_and_never_by_two_readings() -> None:
    busy: set[Any] = set()
    lock = threading.Lock()

    def reading(client: Any) -> int:
        with lock:
            assert client not in busy
            busy.add(client)
        with lock:
            busy.discard(client)
        return 1

    assert read(*[reading] * 12) == [1] * 12
    assert 1 <= len(_Client.made) <= 2
    assert not any(one.is_open for one in _Client.made)


@pytest.mark.parametrize("error", [NetworkError("away"), EOFError(), ServerException("too much memory", 241)])
def test_where_clickhouse_is_away_the_answer_is_503_and_the_connection_is_let_go(error: Exception) -> None:
    def fail(_client: Any) -> None:
        raise error

    (refused,) = read(fail)
    assert isinstance(refused, RequestRefused)
    assert (refused.status, refused.retry_after) == (503, 2)
    assert [one.is_open for one in _Client.made] == [False]


def test_a_bug_is_a_bug() -> None:
    def fail(_client: Any) -> None:
        raise KeyError("x")

    (error,) = read(fail)
    assert isinstance(error, KeyError)
