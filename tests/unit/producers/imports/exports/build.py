"""Imports a file by a mapping that ships, into the twin of a producer, and tells what arrived."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.unit.producers.imports.build import CONTENT_KEY, events_by_id, new_producer
from touchline.producers.imports.file import send_file, work_of
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged, Row
from touchline.producers.imports.verdicts import RowVerdicts
from touchline.schemas.canonical import payload_hash
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Sources, load_sources

SOURCE = "our-system"
SOURCES = f"""\
sources:
  {SOURCE}:
    name: The system that exports
    legal_basis: contract
    retention_days: 30
    zone: Europe/Berlin
"""
KEYS = PersonKeys("k1", bytes(32))


class Imported(NamedTuple):
    """What became of one file."""

    events: dict[str, dict[str, Any]]
    verdicts: RowVerdicts
    said: list[str]


def sources(folder: Path) -> Sources:
    path = folder / "sources.yaml"
    path.write_text(SOURCES)
    return load_sources(path)


def imported(path: Path, mapping: Mapping | str, times: int = 1) -> Imported:
    """The file, that many times: what is sent again is the same."""
    wanted = ready_mapping(mapping, SOURCE) if isinstance(mapping, str) else mapping
    producer, said = new_producer(sources(path.parent)), list[str]()
    verdicts = RowVerdicts()
    with ImportJournal(path.parent / "imports.sqlite3", "topic") as journal:
        for _ in range(times):
            work = work_of(journal, path, wanted)
            rows = open_rows(path, wanted)
            verdicts = send_file(
                path, rows, wanted, producer, journal, work, advance=lambda units: None, say=said.append
            )
            journal.end(work)
    by_id = events_by_id(producer)
    if not verdicts.rejected:
        sent = Counter(payload_hash(one) for one in producer.events)
        assert sent == Counter({payload_hash(one): times for one in by_id.values()})
    return Imported(by_id, verdicts, said)


def persons(**identifiers: str) -> list[dict[str, str]]:
    """As they stand in an event."""
    return [{"type": kind, "key": KEYS.key(kind, value)} for kind, value in identifiers.items()]


def sealed(*keys: str) -> list[str]:
    """As ids stand in events where the key of a row may name somebody."""
    return [CONTENT_KEY.id_of(key) for key in keys]


def money(event: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Minor units, currency, order and its kind."""
    amount, order = event.get("amount") or {}, event.get("order") or {}
    return (
        amount.get("amount_minor"),
        amount.get("currency"),
        order.get("id"),
        order.get("kind", "purchase" if order else None),
    )


def rows_before_damage(path: Path, mapping: str, told: str) -> list[Row]:
    """Those that are given before the file turns out to be damaged, which is told so."""
    rows, found = open_rows(path, ready_mapping(mapping)), list[Row]()

    def read() -> None:
        for row in rows:
            found.append(row)

    with closing(rows), pytest.raises(FileDamaged, match=told):
        read()
    return found
