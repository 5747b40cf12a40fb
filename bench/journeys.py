"""A ledger of plausible journeys of any size: a simulated year through the worker's own steps, then copied under other persons.

The year is the simulator's (`touchline simulate`), with one in ten of its answers: persons with cycles, late events and hence retracted
rows, merges. Copies differ in person, event id and row id, and by milliseconds; they are inserted batch by batch in the order of arrival,
so that parts hold what they would hold.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord
from clickhouse_driver import Client

from touchline.clickhouse.connect import connect
from touchline.metrics.declared import WORKER
from touchline.metrics.meter import Meter
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Assigned
from touchline.processors.values.records import ReceivedBatch
from touchline.processors.worker.build import build_pipeline
from touchline.schemas.events import ANSWER, TOUCHPOINT
from touchline.schemas.journey.read import find_map, load_map
from touchline.service.live_sources import LiveSources
from touchline.settings import Settings
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.simulation import simulate

MAP = "retail"
DAYS = 365
SEED = 7
TOUCHPOINTS_PER_PERSON = 5
ANSWERS_KEPT = 10
"""One in so many."""
BATCH_EVENTS = 10_000
COPIES_PER_INSERT = 5
EVENTS_MAX = 100_000
"""Events of the simulated year; more are copies of it."""
PLACES_PER_COPY = 100


def simulated_year(count: int, settings: Settings) -> Iterator[ConsumerRecord[bytes, bytes]]:
    """The first `count` events in the order of arrival, as records of one partition."""
    journey_map = load_map(find_map(MAP, settings.journeys_dir, settings.project_dir))
    lines = simulate(SimulationParameters(SEED, max(50, count // TOUCHPOINTS_PER_PERSON), DAYS), journey_map)
    sent = (line for line in lines if line["kind"] == "sent" and _is_kept(line["event"]))
    for offset, line in enumerate(islice(sent, count)):
        event: dict[str, Any] = {**line["event"], "received_at": line["arrives_at"]}
        names = event.pop("identifiers", [])
        keys = [(kind, f"bench:{sha256(f'{kind} {value}'.encode()).hexdigest()}") for kind, value in names]
        event["persons"] = [{"type": kind, "key": key} for kind, key in keys]
        value = json.dumps(event, separators=(",", ":")).encode()
        key = (keys[0][1] if keys else f"{event['source']}/{event['id']}").encode()
        headers = [(f"ce_{name}", str(event[name]).encode()) for name in ("id", "source", "type", "time")]
        yield ConsumerRecord(
            "t", 0, offset, 0, 0, key, value, None, len(key), len(value), [*headers, ("ce_specversion", b"1.0")]
        )


def _is_kept(event: dict[str, Any]) -> bool:
    if event["type"] == ANSWER:
        return int(sha256(event["id"].encode()).hexdigest()[:8], 16) % ANSWERS_KEPT == 0
    return bool(event["type"] == TOUCHPOINT)


def load_journeys(settings: Settings, events: int, *, with_marks: bool = False) -> None:
    """Fill the empty ledger with about so many events. `with_marks`: each insert of copies has a mark, too, that of the insert which it
    copies. So parts merge as a worker's do, and the account counts too much."""
    with tempfile.TemporaryDirectory() as folder:
        store = build_pipeline(
            settings.with_changes(state_dir=Path(folder), maps=[MAP]),
            live_sources=LiveSources(settings.sources_file, Meter(WORKER), logging.getLogger(__name__)),
            topic_incarnation=lambda _topic: "bench",
            should_stop=lambda: False,
        )
        records = simulated_year(min(events, EVENTS_MAX), settings)
        while batch := list(islice(records, BATCH_EVENTS)):
            store.store(ReceivedBatch("t", 0, 1, batch, batch[0].offset))
            store.tick(Assigned("t", 0, 1))
        _tick_to_rest(store, settings)
        store.close()
    client = connect(settings, timeout_seconds=600)
    try:
        _copy(client, max(1, events // EVENTS_MAX), with_marks=with_marks)
    finally:
        client.disconnect()


def _tick_to_rest(store: StoreLoop, settings: Settings) -> None:
    """Whoever is linked is followed by ticks; the year's last ones, too."""
    client, before = connect(settings), -1
    try:
        while (newest := client.execute("SELECT max(insert_number) FROM journey_raw.ledger")[0][0]) != before:
            before = newest
            for _ in range(2):
                store.tick(Assigned("t", 0, 1))
    finally:
        client.disconnect()


def _copy(client: Client, copies: int, *, with_marks: bool) -> None:
    """Copies 1..n-1 of what stands."""
    names = [
        name
        for (name,) in client.execute(
            "SELECT name FROM system.columns WHERE database = 'journey_raw' AND table = 'ledger'"
        )
    ]
    changed = {
        "stream": "if(kind = 'mark', toString(stream), concat(toString(stream), toString(copy)))",
        "row_id": "bitOr(row_id, bitShiftLeft(toUInt64(copy), 52))",
        "identifier": _other("identifier"),
        "person": _other("person"),
        "linked_identifier": _other("linked_identifier"),
        "event_id": "concat(event_id, '-', toString(copy))",
        "event_time": "event_time + toIntervalMillisecond(copy)",
        "place": f"if(place = '', '', concat(toString(place), '-', toString(copy % {PLACES_PER_COPY})))",
    }
    chosen = ", ".join(f"{changed[name]} AS new_{name}" if name in changed else name for name in names)
    inserts = [
        number for (number,) in client.execute("SELECT DISTINCT insert_number FROM journey_raw.ledger ORDER BY 1")
    ]
    for number in inserts:
        for first in range(1, copies, COPIES_PER_INSERT):
            last = min(copies, first + COPIES_PER_INSERT)
            chosen_rows = f"(kind != 'mark' OR copy = {first})" if with_marks else "kind != 'mark'"
            client.execute(
                f"INSERT INTO journey_raw.ledger ({', '.join(names)}) SELECT {chosen} FROM journey_raw.ledger "
                f"ARRAY JOIN range({first}, {last}) AS copy WHERE stream = 't/bench/0' AND insert_number = {number} AND {chosen_rows}",
                settings={"optimize_use_projections": 0},
            )


def _other(column: str) -> str:
    return f"if({column} = '', '', concat('bench:', lower(hex(SHA256(concat({column}, toString(copy)))))))"
