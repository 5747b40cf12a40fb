"""Contents of maps for a running worker: whatever keeps them from being read is waited for, as for all else of the ledger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_driver.errors import NetworkError

from touchline.errors import WrongUsage
from touchline.processors.ledger.ledger import LedgerUnavailable
from touchline.processors.worker import maps
from touchline.processors.worker.maps import StoredMaps
from touchline.settings import Settings


class Client:
    """Counts how often it is closed."""

    closed = 0

    def disconnect(self) -> None:
        self.closed += 1


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    one = Client()
    monkeypatch.setattr(maps, "connect", lambda settings, **options: one)
    return one


def stored_maps() -> StoredMaps:
    return StoredMaps(Settings(), "shop")


def test_contents_are_read_on_a_connection_that_is_closed_after(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = SimpleNamespace(map="shop", version=2)
    monkeypatch.setattr(maps, "compiled_maps", lambda client, keys: dict.fromkeys(keys, content))
    assert stored_maps().load([("shop", 2)]) == {("shop", 2): content}
    assert client.closed == 1


def test_readers_are_switched_for_the_change_with_the_first_map_as_default(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(maps, "switch_readers", lambda *values: asked.append(values))
    stored_maps().switch_readers(7)
    assert asked == [(client, 7, "shop")]


@pytest.mark.parametrize(
    "error", [NetworkError("gone"), ConnectionRefusedError(), WrongUsage("a map is missing", "send it")]
)
def test_what_cannot_be_read_is_waited_for(error: Exception, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(client: Client, keys: object) -> None:
        raise error

    monkeypatch.setattr(maps, "compiled_maps", fail)
    with pytest.raises(LedgerUnavailable, match=type(error).__name__):
        stored_maps().load([("shop", 2)])
    assert client.closed == 1


def test_a_bug_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(client: Client, keys: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(maps, "compiled_maps", fail)
    with pytest.raises(KeyError):
        stored_maps().load([("shop", 2)])
    assert client.closed == 1
