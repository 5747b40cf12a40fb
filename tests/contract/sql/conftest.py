"""One migrated engine for all tests of the schema; each test starts with empty tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

TABLES = (
    "ledger",
    "shown_maps",
    "hub_limits",
    "map_changes",
    "maps",
    "stages",
    "touchpoints",
    "places",
    "sources",
    "settlements",
    "readings",
)


@pytest.fixture(scope="package")
def engine_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("sql")) as settings:
        yield settings


@pytest.fixture(scope="package")
def engine_client(engine_settings: Settings) -> Iterator[Client]:
    client = connect(engine_settings)
    yield client
    client.disconnect()


@pytest.fixture
def empty_client(engine_client: Client) -> Client:
    """The client, on empty tables."""
    empty(engine_client)
    return engine_client


def empty(client: Client) -> None:
    """Take every row out of the ledger and the reference tables."""
    for table in TABLES:
        client.execute(f"TRUNCATE TABLE journey_raw.{table}")
