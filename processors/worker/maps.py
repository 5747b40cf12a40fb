"""Contents of the maps that stand, for a worker that runs: from ClickHouse, on a connection of their own, opened when it is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from touchline.clickhouse.connect import connect, is_away
from touchline.errors import TouchlineError
from touchline.journey.compile import CompiledMap
from touchline.map_changes.tables import compiled_maps, switch_readers
from touchline.processors.ledger.ledger import LedgerUnavailable, MapVersion
from touchline.settings import Settings

_TIMEOUT_SECONDS = 30.0


class StoredMaps:
    """The MapSource of a worker. `first` is the map that becomes the default where none is."""

    def __init__(self, settings: Settings, first: str) -> None:
        self._settings = settings
        self._first = first

    def load(self, keys: Collection[MapVersion]) -> Mapping[MapVersion, CompiledMap]:
        with self._connected() as client:
            return compiled_maps(client, keys)

    def switch_readers(self, change: int) -> None:
        with self._connected() as client:
            switch_readers(client, change, self._first)

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        client = None
        try:
            client = connect(self._settings, timeout_seconds=_TIMEOUT_SECONDS)
            yield client
        except (Error, TouchlineError) as error:
            raise LedgerUnavailable(type(error).__name__) from None
        except Exception as error:
            if is_away(error):
                raise LedgerUnavailable(type(error).__name__) from None
            raise
        finally:
            if client is not None:
                client.disconnect()
