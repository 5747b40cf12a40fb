"""The web shop's part of the demo, stored by the real steps without Kafka: the whole click log, and simulated answers to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.engine import running_engine
from tests.unit.processors.loop.world import Record, make_loop, store_all
from touchline.clickhouse.connect import connect, connect_as
from touchline.journey.compile import compile_map
from touchline.map_changes.start import register_configuration
from touchline.processors.homes import Homes
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.pipeline import Pipeline
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.validate import Validator
from touchline.producers.imports.clicks import find_clicks, read_clicks
from touchline.producers.memory import InMemoryProducer
from touchline.producers.producer import now_us
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map
from touchline.schemas.sources import load_sources
from touchline.settings import PACKAGED_JOURNEYS_DIR, Settings
from touchline.simulate.answers import AnswerParameters, simulate_answers
from touchline.simulate.placing import met, watched_properties

MAPS = ("web_shop", "retail")
"""The first attaches; of the other the ledger only knows that it is there."""
SHARE_ASKED = 0.15
BATCH_RECORDS = 20_000
SOURCES_FILE = Path(__file__).parents[2] / "sources.yaml"


@contextmanager
def demo_engine(folder: Path) -> Iterator[Settings]:
    """An engine with that ledger, its map being the default; ended with the block."""
    with running_engine(folder) as settings:
        maps = [load_map(find_map(name, PACKAGED_JOURNEYS_DIR)) for name in MAPS]
        client = connect(settings)
        register_configuration(client, maps, load_sources(SOURCES_FILE))
        client.disconnect()
        _store(settings, folder / "worker", maps[0], _events(maps[0]))
        yield settings


def _events(shop: JourneyMap) -> Iterator[dict[str, Any]]:
    clicks = list(read_clicks(find_clicks()))
    yield from clicks
    kept = watched_properties(shop)
    touchpoints = (met(one, kept, None) for one in clicks)
    for line in simulate_answers(touchpoints, shop, AnswerParameters(1, SHARE_ASKED, now_us())):
        if line["kind"] == "sent":
            yield line["event"]


def _store(settings: Settings, folder: Path, shop: JourneyMap, events: Iterable[dict[str, Any]]) -> None:
    sources = load_sources(SOURCES_FILE)
    with InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=sources) as producer:
        producer.emit_many(events)
    cipher = Cipher("p1", bytes(32))
    pipeline = Pipeline(
        Validator(sources, "UTC", cipher), [compile_map(shop)], cipher, Homes(lambda key: 0, 1), now_ms=lambda: 1
    )
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    loop = make_loop(ledger, folder, pipeline=pipeline)
    records = [Record(offset, one.key, one.value) for offset, one in enumerate(producer.records)]
    store_all(loop, records, (BATCH_RECORDS,))
    loop.close()
    ledger.close()
