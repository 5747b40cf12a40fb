"""Mapping files: a mistake is told with its line and what to write instead, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.producers.imports.build import MAPPING, receipt, write_csv, write_ndjson
from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.read import MappingInvalid, load_mapping, parse_mapping
from touchline.producers.imports.rows.open import open_rows


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("source: retail-pos", "source: Retail POS", "m.yaml:2: source: "),
        ("id: [store, receipt]", "", "m.yaml:1: the field 'id' is missing; write `id: receipt`"),
        ("id: [store, receipt]", "id: []", "an id needs a key; write the columns that number the row"),
        ("%d.%m.%Y %H:%M:%S", "%H:%M:%S", "m.yaml:4: time.format: '%H:%M:%S' does not name a day"),
        ("%H:%M:%S", "%H:%M:%S %Z", "time.format: '%d.%m.%Y %H:%M:%S %Z' reads the name of a zone and forgets it; write %z"),
        ("%H:%M:%S", "%I:%M:%S", "does not tell 9 in the morning from 9 in the evening; write %H, or %I with %p"),
        ("Europe/Berlin", "Europe/Atlantis", "m.yaml:5: zone: the zone is not in the IANA time zone database"),
        ("zone:", "zoen:", "m.yaml:5: zoen: there is no such field; did you mean 'zone'?"),
        ("{column: currency}", "EURO", "amount.currency: 'EURO' is no ISO 4217 code"),
        ("  touchpoint:", "  touchpont:", "fields.touchpont: events of type touchline.touchpoint.v1 have no such field; did you"),
        ("  touchpoint: {constant: store_purchase}", "  brand: {constant: x}", "need 'touchpoint'; write `touchpoint: <column>` or"),
        ("  place: store", "  place: {}", "fields.place: a value comes from a column or is a constant"),
        ("  place: store", "  amount.currency: x", "money has its own part; write `amount: {column: …, currency: …}` at the top"),
        ("  place: store", "  revision: {constant: first}", "fields.revision: text of 5 characters is no whole number, and the field is"),
        ("  place: store", "  persons: card", "write `identifiers: {loyalty: <column>}` at the top"),
        ("  place: store", "  zone: store", "the zone stands at the top as well; keep one of them"),
        ("fields:", "revision: items\nfields:\n  revision: items", "fields.revision: the revision stands at the top as well"),
        ("id: [store", "revision: {column: items, format: '%H'}\nid: [store", "m.yaml:3: revision.format: '%H' does not name a day"),
        ("loyalty: card", "Loyalty Card: card", "identifiers"),
        ("id: [store", "file: {encoding: utf-16}\nid: [store", "'utf-16' is no encoding that is read line by line; write utf-8"),
        ("id: [store", "file: {encoding: latin-99}\nid: [store", "'latin-99' is no encoding that is read line by line"),
        ("as: integer", "as: money", "properties.items.as: got 'money'; write one of: 'text', 'integer', 'number', 'boolean'"),
        ("source: retail-pos", "source: retail-pos\ntype: touchline.answer.v1", "have no amount; leave it out"),
        ("as: integer}", "as: integer, default: none}", "m.yaml:14: properties.items: the default is text of 4 characters is no whole"),
        ("as: integer}", "values: {a: 1}, default: 3}", "the default is whole number that `values` does not list"),
        ("id: [store, receipt]", "id: [store, card]", "m.yaml:3: id: column 'card' names a person and would leave as it stands"),
        ("  place: store", "  place: card", "m.yaml:11: fields.place: column 'card' names a person"),
        ("as: integer}", "as: integer}\n  card: card", "m.yaml:15: properties.card: column 'card' names a person"),
        ("mapping: till_receipts", "mapping: till_receipts\nmapping: again", "the key stands here twice (first in line 1)"),
        ("{loyalty: card}", "{loyalty: {column: card, as: integer}}", "an identifier is text; leave `as` out"),
        ("{loyalty: card}", "{loyalty: {column: card, nobody: [9999]}}", "write it in quotes, such as '9999'"),
        ("{loyalty: card}", "{loyalty: card}\nnobody: [0]", "write it in quotes, such as '9999'"),
        ("{loyalty: card}", "{loyalty: {constant: x, default: y}}", "leave values, default, as, nobody and optional out"),
        ("{loyalty: card}", "{loyalty: {column: card, decimal: ','}}", "there is no such field"),
        ("{loyalty: card}", "{loyality: card}", "6: identifiers.loyality: there is no such identifier type; did you mean 'loyalty'?"),
        ("{loyalty: card}", "{loyalty: card", "not readable as YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_remedy(written: str, instead: str, told: str) -> None:
    assert written in MAPPING
    with pytest.raises(MappingInvalid) as refused:
        parse_mapping(MAPPING.replace(written, instead, 1), "m.yaml")
    assert told in refused.value.what
    assert "docs/senders/files.md" in refused.value.hint


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a list\n", "7\n"])
def test_a_file_without_fields_is_told(text: str) -> None:
    with pytest.raises(MappingInvalid, match="start with `m"):
        parse_mapping(text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")


def test_a_column_that_the_file_lacks_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "till.csv", [receipt(1)])
    with pytest.raises(WrongUsage, match="no column 'reciept'") as refused:
        open_rows(path, parse_mapping(MAPPING.replace("{column: sold_at", "{column: reciept")))
    assert "did you mean 'receipt'?" in refused.value.hint
    with pytest.raises(WrongUsage) as other:
        open_rows(path, parse_mapping(MAPPING.replace("{constant: store_purchase}", "store_purchase")))
    assert "a fixed value is {constant: store_purchase}" in other.value.hint


def test_a_constant_has_the_type_of_its_field(tmp_path: Path) -> None:
    mapping = parse_mapping(MAPPING.replace("  place: store", "  place: {constant: 12}\n  simulated: {constant: true}"))
    rows = open_rows(write_ndjson(tmp_path / "a.ndjson", [receipt(1)]), mapping)
    (row,) = rows
    rows.close()
    event = Mapper(mapping).map(row).event
    assert (event["place"], event["simulated"]) == ("12", True)


def test_what_decides_the_events_is_in_the_hash_and_what_does_not_is_not() -> None:
    whole = parse_mapping(MAPPING).content_hash()
    assert parse_mapping("# a comment\n" + MAPPING + "description: of our tills\n").content_hash() == whole
    assert parse_mapping(MAPPING.replace("Berlin", "London")).content_hash() != whole


@pytest.mark.parametrize(
    ("written", "cards", "named"),
    [
        ("{loyalty: card}", ["", "7", "\\N"], [None, "7", "\\N"]),
        ('{loyalty: card}\nnobody: ["Walk-in", "9000"]', ["walk-in", " 9000 ", "7"], [None, None, "7"]),
        ('{loyalty: {column: card, nobody: ["9000"]}}', ["9000", "7"], [None, "7"]),
        ('{loyalty: {column: card, nobody: ["9000 1"]}}', ["9000-1", "90001.0", "9000"], [None, None, "9000"]),
        ('{loyalty: {column: card, values: {"9000": "", none: null, a: b}}}', ["9000", "none", "a", "7"], [None, None, "b", "7"]),
        ("{loyalty: {column: card, default: shop}}", ["", "7"], ["shop", "7"]),
        ("{loyalty: {column: card, as: text}}", ["", "7"], [None, "7"]),
    ],
)  # fmt: skip
def test_a_mapping_says_who_is_nobody(tmp_path: Path, written: str, cards: list[str], named: list[str | None]) -> None:
    mapping = parse_mapping(MAPPING.replace("{loyalty: card}", written))
    path = write_csv(tmp_path / "till.csv", [[*receipt(at)[:5], card, "3"] for at, card in enumerate(cards, 1)])
    mapper, rows = Mapper(mapping), open_rows(path, mapping)
    events = [mapper.map(row).event for row in rows]
    rows.close()
    assert [event.get("identifiers") for event in events] == [
        None if name is None else [("loyalty", name)] for name in named
    ]
