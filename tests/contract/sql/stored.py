"""Wire events through the real steps into the real engine, as a worker stores them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

from tests.unit.processors.loop.world import MAP, SOURCES, TOPIC, event, make_loop, make_pipeline, records_of, store_all
from touchline.clickhouse.connect import connect_as
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.values.protocol import Assigned
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

TABLES = (
    "ledger",
    "fence",
    "shown_maps",
    "map_changes",
    "maps",
    "stages",
    "touchpoints",
    "sources",
    "settlements",
    "readings",
)


def answer(number: int, person: int | None, minute: int, about: str = "till", **fields: Any) -> dict[str, Any]:
    """An NPS answer of 9 about a touchpoint."""
    common = event(number, person, minute)
    del common["touchpoint"]
    asked = {"survey": "s", "question": "recommend", "kpi": "nps", "scope": "transactional"}
    given = {"id": f"a{number}", "type": "touchline.answer.v1", "about": {"touchpoint": about}}
    return common | asked | given | {"scale_min": 0, "scale_max": 10, "score": 9} | fields


def start_anew(client: Client, text: str = MAP) -> None:
    """Empty tables, and the map is known and the default."""
    for table in TABLES:
        client.execute(f"TRUNCATE TABLE journey_raw.{table}")
    register_configuration(client, [parse_map(text)], SOURCES)


def store(
    settings: Settings,
    folder: Path,
    events: Sequence[Mapping[str, Any] | bytes],
    sizes: Iterable[int] = (1_000,),
    text: str = MAP,
    ticks: int = 0,
    now_ms: int = 1,
) -> None:
    """Store these events as the records of one partition, in batches of these sizes; then so many ticks, by which linked identifiers become
    one person. `now_ms` is when they are stored: ClickHouse drops the bytes of what was quarantined longer ago than their term."""
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    loop = make_loop(ledger, folder, pipeline=make_pipeline(text=text, now_ms=lambda: now_ms))
    store_all(loop, records_of([one if isinstance(one, bytes) else dict(one) for one in events]), sizes)
    for _ in range(ticks):
        loop.tick(Assigned(TOPIC, 0, 1))
    loop.close()
    ledger.close()
