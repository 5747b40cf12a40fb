"""SQL in documents runs: each query on the schema of this release, and docs/concepts.md as the story it tells."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.conftest import empty
from tests.support.documents import ROOT, Block, all_blocks, blocks_of, steps_of
from tests.unit.processors.loop.world import Record, batch, make_loop
from touchline.clickhouse.connect import connect_as
from touchline.journey.compile import compile_map
from touchline.map_changes.start import register_configuration
from touchline.processors.homes import Homes
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.pipeline import Pipeline
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.validate import Validator
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.journey.read import load_map
from touchline.schemas.sources import load_sources
from touchline.settings import Settings

CONCEPTS = ROOT / "docs" / "concepts.md"
SOURCES = load_sources(ROOT / "sources.yaml")
RETAIL = load_map(ROOT / "journeys" / "retail.yaml")


def queries_in_documents() -> Iterator[tuple[str, str]]:
    """(place, query) of every `sql` block and of every `touchline sql` in a block of commands."""
    for block in all_blocks("sql"):
        if "statements" not in block.words:  # these have a test of their own: tests/contract/test_backup.py
            yield block.name, block.text
    for block in all_blocks("sh", "console"):
        for step in steps_of(block):
            if step.command.startswith(("./run sql ", "touchline sql ")):
                yield block.name, shlex.split(step.command)[2]


@pytest.mark.parametrize(("place", "query"), list(queries_in_documents()))
def test_a_query_of_a_document_runs(place: str, query: str, empty_client: Client) -> None:
    empty_client.execute(query)


class Story:
    """The pipeline on the real engine; one partition, events in the order in which the document sends them."""

    def __init__(self, loop: StoreLoop) -> None:
        self._loop = loop
        self._next_offset = 0

    def send(self, block: Block) -> None:
        """Events of a block as our sender makes them, or, where it is marked so, as they stand."""
        lines = block.text.splitlines()
        if "unchecked" in block.words:
            sent = [(b"somebody", line.encode()) for line in lines]
        else:
            producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=SOURCES)
            producer.emit_many([json.loads(line) for line in lines])
            producer.close()
            sent = [(record.key, record.value) for record in producer.records]
        records = [Record(self._next_offset + number, key, value) for number, (key, value) in enumerate(sent)]
        self._next_offset += len(records)
        self._loop.store(batch(records))


@pytest.fixture
def story(engine_settings: Settings, empty_client: Client, tmp_path: Path) -> Iterator[Story]:
    register_configuration(empty_client, [RETAIL], SOURCES)
    cipher = Cipher("p1", bytes(32))
    pipeline = Pipeline(
        Validator(SOURCES, "UTC", cipher), [compile_map(RETAIL)], cipher, Homes(lambda key: 0, 1), now_ms=lambda: 1
    )
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, engine_settings))
    loop = make_loop(ledger, tmp_path, pipeline=pipeline)
    yield Story(loop)
    loop.close()
    empty(empty_client)


def answer_of(client: Client, query: str) -> list[list[str]]:
    """Header and rows, as words: the document may align its columns."""
    rows, columns = client.execute(query, with_column_types=True)
    header = [name for name, _ in columns]
    return [header, *[" ".join(map(shown_as, row)).split() for row in rows]]


def shown_as(value: object) -> str:
    """As ClickHouse writes it, but for fractions of a second."""
    if value is None:
        return "NULL"
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def test_the_concepts_are_told_as_they_happen(story: Story, empty_client: Client) -> None:
    blocks = blocks_of(CONCEPTS)
    asked = 0
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language == "json":
            story.send(block)
        elif block.language == "sql":
            assert following is not None, block.name
            assert following.language == "text", block.name
            shown = [line.split() for line in following.text.splitlines()]
            assert answer_of(empty_client, block.text) == shown, following.name
            asked += 1
    assert asked > 10
