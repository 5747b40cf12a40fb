"""JSON and XML documents are read a piece at a time, whatever stands in them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.imports.exports.build import rows_before_damage
from tests.unit.producers.imports.exports.test_ga4 import event as ga4_event
from tests.unit.producers.imports.exports.test_poslog import SALE, receipt, write as write_poslog
from tests.unit.producers.imports.exports.test_shopify import order
from touchline.errors import WrongUsage
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows import json_items
from touchline.producers.imports.rows.json_items import JsonItems
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged
from touchline.producers.imports.rows.text import BUFFER_BYTES

WRAPPERS = frozenset(("items",))


def items(path: Path, text: str) -> list[tuple[int, str, Any, str]]:
    path.write_text(text)
    document = JsonItems(path, WRAPPERS)
    with closing(document):
        return [(one.number, one.field, one.value, one.fault) for one in document]


@pytest.mark.parametrize(("name", "many"), [("shopify", 4_000), ("poslog", 4_000), ("ga4", 4_000)])
def test_the_first_row_is_there_long_before_the_file_has_been_read(tmp_path: Path, name: str, many: int) -> None:
    path = tmp_path / "document"
    if name == "shopify":
        path.write_text(json.dumps({"orders": [order(id=number) for number in range(many)]}))
    elif name == "ga4":
        path.write_text(json.dumps([ga4_event(at=number) for number in range(many)]))
    else:
        write_poslog(path, *(receipt(number, SALE, SALE) for number in range(many)))
    rows = open_rows(path, ready_mapping(name))
    with closing(rows):
        next(iter(rows))
        assert rows.position <= 2 * BUFFER_BYTES < rows.size / 2


def test_members_are_found_in_arrays_in_objects_and_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    assert items(path, "[1, [2], {}]") == [(1, "", 1, ""), (2, "", [2], ""), (3, "", {}, "")]
    assert items(path, '{"items": [1], "more": {"items": [9]}, "others": [2]}') == [
        (1, "items", 1, ""),
        (2, "others", 2, ""),
    ]
    assert items(path, '\ufeff{"a": 1}{"a": 2}\n[3]') == [(1, "", {"a": 1}, ""), (2, "", {"a": 2}, ""), (3, "", 3, "")]
    assert items(path, '{"a": NaN}') == [(1, "", {"a": None}, "")]
    assert items(path, " \n") == []


@pytest.mark.parametrize(
    "text", ["[1", "[1 2]", '{"items": [1]', '{"items" [1]}', "[1, {]", '["\\ud800"]', "[" + "1" * 5_000 + "]"]
)
def test_an_array_that_is_damaged_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileDamaged):
        items(tmp_path / "d.json", text)


def test_an_object_across_two_reads_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "BUFFER_BYTES", 16)
    values = [{"text": 'quote " and \\', "number": 12345.25, "more": [number]} for number in range(50)]
    found = items(tmp_path / "d.json", json.dumps(values, indent=1))
    assert [value for _, _, value, _ in found] == values
    found = items(tmp_path / "d.json", "\n".join(map(json.dumps, [*values, 123_456_789])))
    assert [value for _, _, value, _ in found] == [*values, 123_456_789]


def test_a_damaged_object_costs_its_line_also_across_two_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "BUFFER_BYTES", 16)
    path = tmp_path / "d.json"
    path.write_text('{"a": 1}\n{"a": 2, nothing that ends so ' + "x" * 200 + '\n{"a": 3}\n')
    document = JsonItems(path)
    with closing(document):
        first, damaged, last = document
    assert (first.value, damaged.value, last.value) == ({"a": 1}, None, {"a": 3})
    assert (damaged.raw[:20], len(damaged.raw)) == (b'{"a": 2, nothing tha', 230)


def test_one_member_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "ITEM_CHARS_MAX", 1 << 12)
    monkeypatch.setattr(json_items, "BUFFER_BYTES", 1 << 10)
    with pytest.raises(FileDamaged, match="it is too large"):
        items(tmp_path / "d.json", '["' + "x" * (1 << 15))


def test_a_document_that_is_not_utf_8_or_is_packed_otherwise_is_told(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(json.dumps([order()]).encode().replace(b"Ada", b"Ad\xe4"))
    assert rows_before_damage(path, "shopify", "it is not UTF-8") == []
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(WrongUsage, match="is a spreadsheet or an archive"):
        open_rows(path, ready_mapping("shopify"))
