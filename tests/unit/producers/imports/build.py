"""A till file and its mapping, as the tests of the importers use them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from kafka.errors import MessageSizeTooLargeError
from openpyxl import Workbook

from touchline.producers.content_key import ContentKey
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.send import send_rows
from touchline.producers.imports.verdicts import RowVerdicts
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Sources, load_sources

ROOT = Path(__file__).parents[4]
CONTENT_KEY = ContentKey(bytes(range(32)))
COLUMNS = ("store", "receipt", "sold_at", "total", "currency", "card", "items")
MAPPING = """\
mapping: till_receipts
source: retail-pos
id: [store, receipt]
time: {column: sold_at, format: "%d.%m.%Y %H:%M:%S"}
zone: Europe/Berlin
identifiers: {loyalty: card}
amount: {column: total, currency: {column: currency}}
fields:
  touchpoint: {constant: store_purchase}
  action: {constant: purchase}
  place: store
  order.id: receipt
properties:
  items: {column: items, as: integer}
"""
Cells = Sequence[str]


def receipt(number: int) -> list[str]:
    """A good row."""
    return [
        "1",
        str(number),
        f"0{1 + number % 9}.03.2026 09:30:{number % 60:02}",
        f"{number}.50",
        "EUR",
        f"card {number % 7}",
        "3",
    ]


BAD_ROWS: dict[str, tuple[list[str], str, str]] = {
    "a day that there is not": ([*receipt(1)[:2], "31.02.2026 09:30:00", *receipt(1)[3:]], "wrong_type", "time"),
    "an amount with a comma": ([*receipt(2)[:3], "1,50", *receipt(2)[4:]], "wrong_type", "amount.amount_minor"),
    "half a cent": ([*receipt(2)[:3], "1.505", *receipt(2)[4:]], "wrong_type", "amount.amount_minor"),
    "a currency that there is not": ([*receipt(3)[:4], "XXQ", *receipt(3)[5:]], "unknown_currency", "amount.currency"),
    "a time before all events": ([*receipt(4)[:2], "01.03.1970 09:30:00", *receipt(4)[3:]], "time_out_of_range", "time"),
    "no key": (["1", "", *receipt(5)[2:]], "missing_field", "id"),
    "a masked number for a person": ([*receipt(6)[:5], "****4711", "3"], "wrong_type", "identifiers"),
    "several faults": (["1", "9", "soon", "1,50", *receipt(9)[4:]], "wrong_type", "amount.amount_minor"),
    "no number of items": ([*receipt(7)[:6], "three"], "wrong_type", "properties"),
    "too few cells": (receipt(8)[:4], "missing_field", "id"),
    "a name beyond all bounds": (["1" * 300, *receipt(9)[1:]], "too_large", "id"),
}  # fmt: skip
"""A bad row, and the reason and field of its verdict."""


def write_csv(path: Path, rows: Sequence[Cells]) -> Path:
    """As a spreadsheet writes it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def write_ndjson(path: Path, rows: Sequence[Cells]) -> Path:
    path.write_text("".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows), encoding="utf-8")
    return path


def write_parquet(path: Path, rows: Sequence[Cells]) -> Path:
    pq.write_table(pa.table({name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}), path)
    return path


def write_xlsx(path: Path, rows: Sequence[Cells]) -> Path:
    """A workbook of texts, as a tool writes it that knows no other cells."""
    book = Workbook()
    for row in (COLUMNS, *rows):
        book.worksheets[0].append(list(row))
    book.save(path)
    return path


WRITERS: dict[str, Callable[[Path, Sequence[Cells]], Path]] = {
    ".csv": write_csv, ".ndjson": write_ndjson, ".parquet": write_parquet, ".xlsx": write_xlsx,
}  # fmt: skip


def new_producer(sources: Sources | None = None) -> InMemoryProducer:
    """A twin that knows the shipped sources, or these."""
    return InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)),
        content_key=CONTENT_KEY,
        sources=sources or load_sources(ROOT / "sources.yaml"),
    )


def send(
    path: Path, journal: ImportJournal, producer: InMemoryProducer, mapping: str = MAPPING, **options: Any
) -> RowVerdicts:
    """One import of one file, as the command does it."""
    parsed = parse_mapping(mapping)
    rows = open_rows(path, parsed)
    try:
        return send_rows(rows, Mapper(parsed), producer, journal, journal.work(path.read_bytes()), **options)
    finally:
        rows.close()


def events_by_id(producer: InMemoryProducer) -> dict[str, dict[str, Any]]:
    """The delivered events without the time of their sending."""
    events = [{name: value for name, value in event.items() if name != "received_at"} for event in producer.events]
    return {str(event.get("id")): event for event in events}


class SmallTopic(InMemoryProducer):
    """A twin whose topic takes records of so many bytes at most."""

    def __init__(self, most_bytes: int, **options: Any) -> None:
        super().__init__(person_keys=PersonKeys("k1", bytes(32)), **options)
        self._most_bytes = most_bytes

    def _settle(self, timeout_seconds: float | None) -> None:
        pending, self._pending = self._pending, []
        for record, on_delivery in pending:
            is_taken = len(record.value) <= self._most_bytes
            error = None if is_taken else self.fail_with or MessageSizeTooLargeError()
            if is_taken:
                self.records.append(record)
            self._deliveries.finish(record.event_id, error, on_delivery)
