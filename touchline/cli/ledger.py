"""The connection of the commands that read the ledger: opened, explained where it fails, and closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver import Client

from touchline.clickhouse.connect import connect, explained
from touchline.settings import Settings
from touchline.sql.schema.migrate import require_schema


@contextmanager
def open_clickhouse(settings: Settings) -> Iterator[Client]:
    """A client of ClickHouse, whatever schema is there. Raises EngineUnreachable, and what `explained` makes of its errors."""
    client = connect(settings)
    try:
        with explained(settings):
            yield client
    finally:
        client.disconnect()


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Client]:
    """A client of ClickHouse with the schema that this release works with. Raises WrongUsage where it has another one."""
    with open_clickhouse(settings) as client:
        require_schema(client)
        yield client
