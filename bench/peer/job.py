"""The job of every peer: read the event's JSON, put its fields into a row, insert rows in batches.

It is less than the worker's: nothing is checked, no person is followed, a record that comes twice is stored twice, and after a crash a
batch may be. All peers share it, so that they differ in how they get records and gather batches. Configured by BENCH_* variables.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from clickhouse_driver import Client

BATCH_EVENTS: Final = 10_000
BATCH_SECONDS: Final = 1.0
"""A batch is inserted when it is so large, or so old."""
DATABASE: Final = "bench_peers"
COLUMNS: Final = (
    "event_time DateTime64(6, 'UTC')",
    "source LowCardinality(String)",
    "event_id String",
    "person String",
    "touchpoint LowCardinality(String)",
    "place LowCardinality(String)",
    "amount_minor Int64",
    "currency LowCardinality(String)",
    "order_id String",
    "kpi LowCardinality(String)",
    "score Float64",
)
NAMES: Final = ", ".join(column.partition(" ")[0] for column in COLUMNS)
Row = tuple[object, ...]


def bootstrap() -> str:
    """Kafka's address."""
    return os.environ["BENCH_KAFKA"]


def topic() -> str:
    """The topic that is read from its beginning."""
    return os.environ["BENCH_TOPIC"]


def group() -> str:
    """The consumer group: each peer's own."""
    return os.environ["BENCH_PEER"]


def folder() -> str:
    """A folder for what a program keeps."""
    return os.environ["BENCH_FOLDER"]


def to_row(value: bytes) -> Row:
    """The row of an event's JSON."""
    return row_of(orjson.loads(value))


def row_of(event: dict[str, Any]) -> Row:
    """The row of a touchpoint or an answer. Times become microseconds since 1970, which clickhouse-driver takes as they are."""
    about, amount, order = event.get("about"), event.get("amount"), event.get("order")
    return (
        round(datetime.fromisoformat(event["time"]).timestamp() * 1e6),
        event["source"],
        event["id"],
        event["persons"][0]["key"],
        event["touchpoint"] if about is None else about["touchpoint"],
        event.get("place", ""),
        0 if amount is None else amount["amount_minor"],
        "" if amount is None else amount["currency"],
        "" if order is None else order["id"],
        event.get("kpi", ""),
        float(event.get("score", 0)),
    )


class Table:
    """The peer's own table, on a connection of its own."""

    def __init__(self) -> None:
        password = Path(os.environ["BENCH_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
        self._client = Client(
            "127.0.0.1", int(os.environ["BENCH_CLICKHOUSE_PORT"]), user="touchline", password=password
        )
        self._insert = f"INSERT INTO {DATABASE}.{group()} ({NAMES}) VALUES"

    def insert(self, rows: Sequence[Row]) -> None:
        """One insert, column by column."""
        if rows:
            self._client.execute(self._insert, list(zip(*rows, strict=True)), columnar=True)
