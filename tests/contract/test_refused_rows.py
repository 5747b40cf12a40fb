"""Rows that ClickHouse refuses for good are found and put aside on the real engine; everything else of the batch is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import running_engine
from tests.unit.processors.loop.world import batch, event, make_loop, records_of
from touchline.clickhouse.connect import connect, connect_as
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.values.protocol import Acknowledge
from touchline.settings import Settings

RECORDS = 1_000
POISONED = (0, 417, 418, 999)
FATES = """
SELECT offset, toString(fate), toString(reason) FROM journey_raw.ledger
WHERE kind = 'received' AND fate != 'stored' GROUP BY ALL HAVING sum(sign) > 0 ORDER BY offset
"""
ACCOUNT = "SELECT sumMap(fate_counts) FROM journey_raw.ledger WHERE kind = 'mark'"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("refused")) as settings:
        yield settings


def test_rows_that_break_a_constraint_are_put_aside_and_all_others_stored(engine: Settings, tmp_path: Path) -> None:
    client = connect(engine)
    client.execute("ALTER TABLE journey_raw.ledger ADD CONSTRAINT no_moon CHECK campaign != 'moon'")
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    loop = make_loop(ledger, tmp_path)
    events = [event(n, n % 50, n, campaign="moon" if n in POISONED else "sun") for n in range(RECORDS)]
    assert loop.store(batch(records_of(events))) == Acknowledge(RECORDS)
    loop.close()
    assert client.execute(FATES) == [(offset, "quarantined", "unstorable") for offset in POISONED]
    counts = {"received": RECORDS, "stored": RECORDS - len(POISONED), "quarantined": len(POISONED)}
    ((account,),) = client.execute(ACCOUNT)
    assert account == counts
    assert client.execute("SELECT count() FROM journey.attachments") == [(RECORDS - len(POISONED),)]
    client.disconnect()
