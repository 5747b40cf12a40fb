"""Expand, roll the workers, contract: workers of this release go on, and start anew, under the schema of a later one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.events import send_events
from tests.support.engines import Ledger, own_face, touchline
from tests.support.real_worker import ask, real_worker
from touchline.clickhouse.connect import connect
from touchline.sql.schema.migrate import apply_migrations, expected_schema_version, migrations_dir

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PARTITIONS = 2
EVENTS = 4_000
# What a later release may add: a column that its workers fill, a projection over it, a view of its own.
EXPAND = """
ALTER TABLE journey_raw.ledger ADD COLUMN IF NOT EXISTS weather LowCardinality(String) COMMENT 'Weather at the touchpoint';
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS weather_1d
(
    SELECT local_date, weather, sum(sign) WHERE kind = 'attached' GROUP BY local_date, weather
);
CREATE OR REPLACE VIEW journey.kpi_weather_1d AS
SELECT local_date AS bucket, weather, toInt64(sum(sign)) AS events FROM journey_raw.ledger
WHERE kind = 'attached' GROUP BY bucket, weather;
"""
CONTRACT = """
-- breaks: releases before do not fill the column that replaces weather
DROP VIEW IF EXISTS journey.kpi_weather_1d;
ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS weather_1d;
ALTER TABLE journey_raw.ledger DROP COLUMN IF EXISTS weather;
"""


@pytest.fixture
def own_ledger(stack: LocalStack, tmp_path: Path) -> Iterator[Ledger]:
    with own_face(stack, tmp_path / "face", partitions=PARTITIONS, batch_rows=500) as ledger:
        yield ledger


def apply(ledger: Ledger, folder: Path, ahead: int, name: str, sql: str) -> None:
    """What `touchline migrate` of a later release does."""
    (folder / f"{expected_schema_version() + ahead:04}_{name}.sql").write_text(sql.lstrip())
    client = connect(ledger.settings)
    try:
        apply_migrations(client, folder)
    finally:
        client.disconnect()


def test_a_schema_that_was_expanded_lets_workers_of_this_release_run_and_start(
    own_ledger: Ledger, tmp_path: Path
) -> None:
    settings = own_ledger.settings
    folder = Path(shutil.copytree(migrations_dir(), tmp_path / "migrations"))
    with real_worker(settings, tmp_path, "first") as first:
        send_events(settings.kafka_bootstrap, settings.topic, EVENTS, PARTITIONS)
        first.wait_stored(500)
        apply(own_ledger, folder, 1, "add_weather", EXPAND)
        first.wait_stored(EVENTS)
        for trouble in ("bug", "insert_fails", "store_waits"):
            assert f"event={trouble}" not in first.log
        first.end()
    send_events(settings.kafka_bootstrap, settings.topic, EVENTS, PARTITIONS)  # the same once more: duplicates
    with real_worker(settings, tmp_path, "second") as second:
        second.wait_stored(2 * EVENTS)
        second.end()
    account = ask(settings, "SELECT sum(received), sum(stored), sum(duplicate), min(is_balanced) FROM journey.account")
    assert account == [(2 * EVENTS, EVENTS, EVENTS, 1)]
    assert ask(settings, "SELECT sum(events) FROM journey.kpi_weather_1d") == [(EVENTS,)]
    touchline(own_ledger, "reconcile")
    touchline(own_ledger, "migrate")
    assert '"version_after": ' in touchline(own_ledger, "migrate", "--json")

    apply(own_ledger, folder, 2, "drop_weather", CONTRACT)
    with real_worker(settings, tmp_path, "too_old") as third:
        assert third.process.wait(30) == 2
        assert "cannot work with it" in third.log
        assert "run a release of touchline that is at least as new" in third.log
    touchline(own_ledger, "migrate", status=2)
    touchline(own_ledger, "reconcile", status=2)
