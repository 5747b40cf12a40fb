"""Ids made of rows are keyed hashes: a rotation of the person keys changes none, another content key changes all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.producers.imports.build import CONTENT_KEY, MAPPING, ROOT, receipt, send, write_csv
from touchline.errors import WrongUsage
from touchline.producers.content_key import ContentKey
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import OlderKeys, PersonKeys
from touchline.schemas.sources import load_sources

NATURAL = "id: [store, receipt]"
MADE = (
    "id: {content: true}",
    "id: {columns: [receipt], content: true}",
    "id: {columns: [store, receipt], sealed: true}",
)
BEFORE = PersonKeys("k1", bytes(32))
ROTATED = PersonKeys("k2", bytes(range(32)), [OlderKeys(BEFORE, "2026-01-01T00:00:00Z")])
FORGOTTEN = PersonKeys("k2", bytes(range(32)))


def ids(folder: Path, made: str, person_keys: PersonKeys, content_key: ContentKey | None) -> list[str]:
    """Of three receipts, the last two of which are the same."""
    path = write_csv(folder / "till.csv", [receipt(1), receipt(2), receipt(2)])
    producer = InMemoryProducer(
        person_keys=person_keys, content_key=content_key, sources=load_sources(ROOT / "sources.yaml")
    )
    with ImportJournal(folder / "imports.sqlite3", "topic") as journal:
        send(path, journal, producer, MAPPING.replace(NATURAL, made))
        journal.end(journal.work(path.read_bytes()))
    return [one["id"] for one in producer.events if one["type"] != "touchline.identify.v1"]


@pytest.mark.parametrize("made", MADE)
def test_no_rotation_changes_an_id_and_another_content_key_changes_all(made: str, tmp_path: Path) -> None:
    found = [ids(tmp_path, made, keys, CONTENT_KEY) for keys in (BEFORE, ROTATED, FORGOTTEN)]
    assert found[0] == found[1] == found[2]
    other = ids(tmp_path, made, BEFORE, ContentKey(bytes(32)))
    assert not {*other} & {*found[0]}
    assert len({*found[0]}) == len({*other}) == (2 if "sealed" in made else 3)


@pytest.mark.parametrize("made", MADE)
def test_without_the_content_key_nothing_is_sent_and_the_file_is_named(made: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="no content key") as told:
        ids(tmp_path, made, BEFORE, None)
    assert "content_key_file" in told.value.hint


def test_ids_of_columns_that_number_the_rows_need_no_key(tmp_path: Path) -> None:
    assert len(ids(tmp_path, NATURAL, BEFORE, None)) == 3
