"""What odd records become is accepted by the real engine, and read back as the in-memory twin has it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.support.engine import running_engine
from tests.unit.processors.loop.odd import odd_records
from tests.unit.processors.loop.world import Record, batch, make_loop, person_key
from touchline.clickhouse.connect import connect, connect_as
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.ledger import Ledger, Stream
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.values.protocol import Acknowledge
from touchline.settings import Settings

STREAM = Stream("events", "T1", 0)
FATES = """
SELECT offset, event_id, toString(fate), toString(reason) FROM journey_raw.ledger
WHERE kind = 'received' GROUP BY ALL HAVING sum(sign) > 0 ORDER BY ALL
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("odd")) as settings:
        yield settings


def feed(ledger: Ledger, records: list[Record], size: int, state: Path) -> None:
    """Store these records in polls of this size."""
    loop = make_loop(ledger, state)
    for start in range(0, len(records), size):
        part = records[start : start + size]
        assert loop.store(batch(part)) == Acknowledge(part[-1].offset + 1)
    loop.close()


def answers(ledger: Ledger, keys: list[tuple[str, str]], persons: list[str]) -> list[Any]:
    """All that the ledger says of these events and persons."""
    published = [(row.position, *map(_as_stored, row.values)) for row in ledger.published_of(0, persons, keys)]
    facts = [(position, *map(_as_stored, fact)) for position, fact in ledger.facts_of(persons)]
    last = [ledger.last_unidentified_since(STREAM, since) for since in (None, 1)]
    return [sorted(ledger.find_events(keys)), sorted(published), sorted(facts), last]


def _as_stored(value: object) -> object:
    return sorted(value.items()) if isinstance(value, Mapping) else value


@settings(max_examples=8, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(records=odd_records(), size=st.integers(1, 12))
def test_the_engine_keeps_what_odd_records_become_as_the_twin_does(
    engine: Settings, records: list[Record], size: int
) -> None:
    client = connect(engine)
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    client.execute("TRUNCATE TABLE journey_raw.fence")
    records = [record._replace(offset=offset) for offset, record in enumerate(records)]
    twin, real = MemoryLedger(), ClickHouseLedger(lambda: connect_as(ColumnClient, engine))
    with tempfile.TemporaryDirectory() as state:
        feed(twin, records, size, Path(state) / "twin")
        feed(real, records, size, Path(state) / "engine")
    rows = twin.standing("received")
    keys = sorted({(row.get("source", ""), row.get("event_id", "")) for row in rows})
    persons = sorted({row.get("identifier", "") for row in rows} - {""} | {person_key(1)})
    assert answers(real, keys, persons) == answers(twin, keys, persons)
    fates = [(row["offset"], row.get("event_id", ""), str(row["fate"]), str(row.get("reason", ""))) for row in rows]
    assert client.execute(FATES) == sorted(fates)
    assert "unstorable" not in {fate[3] for fate in fates}
    real.close()
    client.disconnect()
