"""A small world for the store loop: wire events as bytes on fake Kafka records, and a ledger that fails on command."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from touchline.journey.compile import CompiledMap, compile_map
from touchline.processors.homes import Homes
from touchline.processors.ledger.ledger import Ledger, LedgerUnavailable
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.rows import Insert
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.pipeline import Pipeline
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.resolve import Placed
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.protocol import Acknowledge
from touchline.processors.values.records import Fact, ReceivedBatch
from touchline.schemas.journey.read import parse_map
from touchline.schemas.sources import Source, Sources

TOPIC = "events"
_MEMORY = "/dev/shm"
MAP = """
map: shop
version: 1
title: A shop
stages:
  - {id: awareness, name: Awareness}
  - {id: interest, name: Interest}
  - {id: purchase, name: Purchase}
touchpoints:
  - {id: poster, name: Poster, channel: outdoor, ownership: paid, observability: traceable}
  - {id: site, name: Site, channel: web, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
rules:
  - {id: seen, when: {touchpoint: poster}, stage: awareness}
  - {id: browsed, when: {touchpoint: site}, stage: interest}
  - {id: bought, when: {touchpoint: till}, stage: purchase}
goals:
  - {id: sale, name: Sale, when: {touchpoint: till}}
cycle: {stays: []}
churn: {inactivity_days: 60}
"""
SOURCES: Sources = {
    "shop": Source(legal_basis="contract", zone=None),
    "web": Source(legal_basis="consent", purposes=("analytics",)),
}


ONE_PARTITION = Homes(lambda key: 0, 1)
CIPHER = Cipher("p1", bytes(32))


class Record(NamedTuple):
    """A consumer record."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_760_000_000_000


def person_key(number: int) -> str:
    """A well-formed person key."""
    return f"k1:{number:064x}"


def event(number: int, person: int | None, minute: int, touchpoint: str = "site", **fields: Any) -> dict[str, Any]:
    """A touchpoint event of 2025-06-01."""
    persons = [] if person is None else [{"type": "login", "key": person_key(person)}]
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"e{number}",
        "source": "shop",
        "time": f"2025-06-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
        "persons": persons,
        "touchpoint": touchpoint,
        **fields,
    }


def records_of(events: Iterable[dict[str, Any] | bytes]) -> list[Record]:
    """Consecutive records, keyed as senders key them."""
    records = []
    for offset, one in enumerate(events):
        if isinstance(one, bytes):
            records.append(Record(offset, b"whatever", one))
            continue
        key = one["persons"][0]["key"] if one.get("persons") else f"{one.get('source')}/{one.get('id')}"
        records.append(Record(offset, key.encode(), json.dumps(one).encode()))
    return records


class FaultyLedger(MemoryLedger):
    """Does as `faults` says at each insert: '' works, 'lost' stores nothing, 'unheard' stores and loses the answer."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        super().__init__()
        self.faults = iter(faults)

    def insert(self, insert: Insert) -> None:
        fault = next(self.faults, "")
        if fault == "lost":
            raise LedgerUnavailable(fault)
        super().insert(insert)
        if fault == "unheard":
            raise LedgerUnavailable(fault)


def make_pipeline(
    homes: Homes = ONE_PARTITION, text: str = MAP, sources: Sources = SOURCES, **options: Any
) -> Pipeline:
    """The real steps under the map and the sources above, or others."""
    return Pipeline(make_validator(sources), [compiled(text)], CIPHER, homes, **{"now_ms": lambda: 1, **options})


def make_validator(sources: Sources = SOURCES) -> Validator:
    """The contract with the sources above, or others."""
    return Validator(sources, "UTC", CIPHER)


@cache
def compiled(text: str) -> CompiledMap:
    """The map, read once: that takes longer than the events of a test."""
    return compile_map(parse_map(text))


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder that goes with the block, in memory where the system has such a place: the state is synced to disk at each insert, and
    tests by the hundred end workers, not machines."""
    with TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None, ignore_cleanup_errors=True) as name:
        yield Path(name)


def make_loop(
    ledger: Ledger, state_dir: Path, writer: str = "w1", incarnation: str = "T1", **options: Any
) -> StoreLoop:
    """A store loop that never sleeps for real."""
    return StoreLoop(
        options.pop("pipeline", None) or make_pipeline(),
        ledger,
        state_dir=state_dir,
        writer=writer,
        incarnation_of=lambda topic: incarnation,
        should_stop=options.pop("should_stop", lambda: False),
        sleep=options.pop("sleep", lambda seconds: None),
        now_ms=options.pop("now_ms", lambda: 1),
        **options,
    )


def batch(records: Sequence[Record], generation: int = 1, start_offset: int | None = None) -> ReceivedBatch:
    """These records as one poll of partition 0."""
    return ReceivedBatch(TOPIC, 0, generation, records, records[0].offset if start_offset is None else start_offset)


def store_all(loop: StoreLoop, records: Sequence[Record], sizes: Iterable[int] = (1_000,), generation: int = 1) -> None:
    """Feed the records in batches of these sizes (the last size repeats)."""
    position = 0
    size = 1
    steps = iter(sizes)
    while position < len(records):
        size = next(steps, size)
        answer = loop.store(batch(records[position : position + size], generation))
        assert isinstance(answer, Acknowledge)
        position = answer.next_offset


def journey_rows(ledger: MemoryLedger) -> list[tuple[Any, ...]]:
    """What readers see of the journeys, in a canonical order and without positions."""
    left_out = {"stream", "insert_number", "stored_time", "offset", "row_id", "kind", "sign"}
    return sorted(
        tuple(sorted((name, str(value)) for name, value in row.items() if name not in left_out and value))
        for row in ledger.standing("attached")
    )


def fates(ledger: MemoryLedger) -> dict[str, int]:
    """Net number of records by fate, as the account view sums the marks."""
    counts: dict[str, int] = {}
    for row in ledger.rows:
        if row["kind"] == "mark":
            for fate, count in row.get("fate_counts", {}).items():
                counts[fate] = counts.get(fate, 0) + count
    return {fate: count for fate, count in counts.items() if count}


def kill(loop: StoreLoop) -> None:
    """End a worker as a crash does: nothing is saved. (LMDB must be closed, one process may open a file once.)"""
    for owned in loop._owned.values():
        owned.tails.close()
    loop._owned.clear()
    loop._acquirer.ids.clear()


def placed_of(events: Iterable[dict[str, Any]]) -> list[Placed]:
    """The facts of valid events, with their offsets."""
    records = records_of(events)
    validated = Validated([], [], UnknownFields())
    make_validator().validate(records, decode(records), validated)
    return [
        (record.offset, outcome)
        for record, outcome in zip(records, validated.outcomes, strict=True)
        if type(outcome) is Fact
    ]
