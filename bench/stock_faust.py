"""The baseline: the same job as a good Faust user would write it, with Faust as it comes.

Raw values, validation by the pydantic models of the contract, a dict of state per person, `take()` for batches,
columnar inserts through clickhouse-driver in a thread, into a plain table. No duplicates, no late events, no restart
without loss: it does less. Times go to ClickHouse as integers, which is the quick way.

Run by bench.pipeline: `python -m bench.stock_faust worker`, configured by BENCH_* variables.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import faust
from clickhouse_driver import Client
from pydantic import ValidationError

from touchline.schemas.answer import AnswerEvent
from touchline.schemas.events import EVENT_ADAPTER
from touchline.schemas.touchpoint import TouchpointEvent

BATCH_EVENTS = 5_000
BATCH_SECONDS = 0.5
TABLE = "bench_stock.touchpoints"
COLUMNS = (
    "event_time DateTime64(6, 'UTC')",
    "source LowCardinality(String)",
    "event_id String",
    "person String",
    "touchpoint LowCardinality(String)",
    "action LowCardinality(String)",
    "channel LowCardinality(String)",
    "place LowCardinality(String)",
    "stage LowCardinality(String)",
    "stage_order UInt8",
    "transition LowCardinality(String)",
    "touchpoint_number UInt32",
    "wait_us Int64",
    "amount_minor Int64",
    "currency LowCardinality(String)",
    "order_id String",
    "kpi LowCardinality(String)",
    "score Float64",
)
NAMES = ", ".join(column.partition(" ")[0] for column in COLUMNS)
STAGES = {"campaign_mailing": ("awareness", 1), "coupon": ("consideration", 2), "store_purchase": ("purchase", 3)}
Row = tuple[object, ...]

environment = os.environ
app = faust.App(
    environment.get("BENCH_GROUP", "bench-stock"),
    broker=f"kafka://{environment.get('BENCH_KAFKA', '127.0.0.1:9092')}",
    store="memory://",
    value_serializer="raw",
    topic_disable_leader=True,
    web_enabled=False,
)
topic = app.topic(environment.get("BENCH_TOPIC", "events"), value_type=bytes, key_type=bytes)
journeys: dict[str, tuple[int, int, int]] = {}
"""Per person: time of the last touchpoint in microseconds, its stage's order, number of touchpoints."""


def client() -> Client:
    """A connection to the round's ClickHouse."""
    password = Path(environment["BENCH_PASSWORD_FILE"]).read_text().strip()
    return Client("127.0.0.1", int(environment["BENCH_CLICKHOUSE_PORT"]), user="touchline", password=password)


@app.agent(topic)
async def store(stream: Any) -> None:
    connection = client()
    loop = asyncio.get_running_loop()
    async for values in stream.take(BATCH_EVENTS, within=BATCH_SECONDS):
        rows = [row for value in values if (row := to_row(value)) is not None]
        columns = [list(column) for column in zip(*rows, strict=True)]
        await loop.run_in_executor(None, insert, connection, columns)


def insert(connection: Client, columns: list[list[object]]) -> None:
    connection.execute(f"INSERT INTO {TABLE} ({NAMES}) VALUES", columns, columnar=True)


def to_row(value: bytes) -> Row | None:
    """Validate, attach, flatten; None for what breaks the contract or is neither touchpoint nor answer."""
    try:
        event = EVENT_ADAPTER.validate_json(value)
    except ValidationError:
        return None
    time_us = int(datetime.fromisoformat(event.time).timestamp() * 1_000_000)
    person = event.persons[0].key if event.persons else ""
    common = (time_us, event.source, event.id, person)
    if isinstance(event, AnswerEvent):
        stage, order = STAGES.get(event.about.touchpoint, ("", 0))
        score = event.score if event.score is not None else 0.0
        about = event.about.touchpoint
        return (*common, about, "", "", event.place or "", stage, order, "", 0, 0, 0, "", "", event.kpi, float(score))
    if isinstance(event, TouchpointEvent):
        stage, order = STAGES.get(event.touchpoint, ("", 0))
        transition, count, wait_us = moved(person, time_us, order)
        amount = event.amount
        return (
            *common, event.touchpoint, event.action, event.channel or "", event.place or "", stage, order, transition,
            count, wait_us, amount.amount_minor if amount else 0, amount.currency if amount else "",
            event.order.id if event.order else "", "", 0.0,
        )  # fmt: skip
    return None


def moved(person: str, time_us: int, order: int) -> tuple[str, int, int]:
    """The person's journey goes on: transition, number of the touchpoint, microseconds since the last one."""
    last_us, last_order, count = journeys.get(person, (time_us, 0, 0))
    journeys[person] = (time_us, order, count + 1)
    if count == 0:
        return "enter", 1, 0
    step = order - last_order
    transition = "stay" if step == 0 else "return" if step < 0 else "advance" if step == 1 else "skip"
    return transition, count + 1, time_us - last_us


if __name__ == "__main__":
    app.main()
