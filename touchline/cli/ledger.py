"""The connection of the commands that read the ledger: opened, explained where it fails, and closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_driver import Client

from touchline.clickhouse.connect import connect, explained
from touchline.settings import Settings
from touchline.sql.schema.migrate import require_schema

ANSWER_SECONDS: Final = 300.0
CHANGE_SECONDS: Final = 86_400.0
"""Of commands that rewrite large parts of the ledger."""


@contextmanager
def open_clickhouse(settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> Iterator[Client]:
    """A client of ClickHouse, whatever schema is there. Raises EngineUnreachable, and what `explained` makes of its errors."""
    client = connect(settings, timeout_seconds=answer_seconds)
    try:
        with explained(settings):
            yield client
    finally:
        client.disconnect()


@contextmanager
def open_ledger(settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> Iterator[Client]:
    """A client of ClickHouse with the schema that this release works with. Raises WrongUsage where it has another one. The server says
    nothing while it merges or changes rows, so whoever asks for that waits for longer."""
    with open_clickhouse(settings, answer_seconds) as client:
        require_schema(client)
        yield client
