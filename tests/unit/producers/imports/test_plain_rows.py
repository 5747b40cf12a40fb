"""The quick way writes the records that the long way writes, and leaves to it whatever needs a closer look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.producers.imports.build import BAD_ROWS, COLUMNS, CONTENT_KEY, MAPPING, receipt
from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.plain import PlainRows
from touchline.producers.imports.mapping.read import MappingInvalid, parse_mapping
from touchline.producers.imports.rows.row import Row, RowFault
from touchline.producers.imports.rows.unreadable import UnreadableCell
from touchline.producers.imports.send import send_rows
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import OlderKeys, PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source, Sources

NOW_US = 1_790_000_000_000_000
SOURCES: Sources = {
    "shop": Source(legal_basis="contract"),
    "till": Source(legal_basis="contract", zone="Europe/Berlin", nobody=("9000",), country="DE"),
    "late": Source(legal_basis="contract", clock_skew_seconds=5.5),
    "app": Source(legal_basis="consent", purposes=("analytics",)),
    "desk": Source(legal_basis="contract", personal=("persona",)),
    "strict": Source(legal_basis="contract", personal=("note",), personal_values="refuse"),
}
TEXTS = st.sampled_from(
    ["", " ", "1", " 12 ", "0", "-1", "a/b", "%", "x" * 256, "x" * 257, "ü", "\u2028\x7f", "\x00\"\\", "\U0001f600",
    "a@b.example", "\ud800",
     "n/a", "#N/A", "refund", "RETURN", "purchase", "EUR", "eur", "JPY", "Europe/Berlin", "Mars/Olympus", "true",
     "nan", "card 7", "****4711",
     "9000", "0171 2345678", "203.0.113.77", "4111 1111 1111 1111", "analytics, profiling", "observed", "1,234",
     "12.50", "12.505", "12,50-",
     "5.0", "1e3", "99999999999999999999", "9007199254740993"]
) | st.text(max_size=6)  # fmt: skip
TIMES = st.sampled_from(
    ["2026-03-01T09:30:15Z", "2026-03-01 09:30:15", "2026-03-29T02:30:00", "2026-10-25T02:59:59", "2026-10-25T02:00:00+01:00", "2026-03-01",
     "2026-02-30T00:00:00Z", "1970-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "2026-03-01T09:30:15.250Z", "2026-03-01T24:00:00Z",
     "01.03.2026 09:30:15", "1.3.2026 9:30:15", " 01.03.2026 09:30:15 ", "29.03.2026 02:30:00", "31.02.2026 09:30:00",
     "01.03.2026 09:30:61",
     "1772357415"]
)  # fmt: skip
TYPED: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, 1, -1, True, False, 1.0, 1.5, -0.0, 1e16, 2**53, 2**64, float("nan"), float("inf"), Decimal("12.50"), date(2026, 3, 1),
     datetime(2026, 3, 1, 9, 30, 15), ["a"], [], {"a": 1}, b"x", UnreadableCell("#REF!", "the error of a formula")]
)  # fmt: skip
CELLS = {"at": TIMES | TEXTS | TYPED, "id": st.sampled_from(["1", "2", "a/b", "50%"]) | TEXTS | TYPED}
NAMES = (
    "name",
    "sort",
    "id",
    "shop",
    "at",
    "total",
    "code",
    "kind",
    "card",
    "phone",
    "place",
    "note",
    "size",
    "flag",
    "who",
)
GOOD: dict[str, Any] = {
    "id": "4711", "shop": "12", "at": "2026-03-01T09:30:15Z", "total": "12", "code": "EUR", "kind": "sale",
    "name": "Europe/Berlin", "sort": "purchase", "day": "2026-03-01", "clock": "09:30:15", "card": "card 7",
    "phone": "+49 171 2345678", "place": "Straße 5", "note": "observed", "size": "3", "flag": "yes", "who": "1",
}  # fmt: skip


@st.composite
def rows_of_cells(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Good rows, and such as are odd in some places."""
    rows = []
    for number in range(draw(st.integers(1, 4))):
        row = {
            **GOOD,
            "id": draw(st.sampled_from(["1", str(number)])),
            "at": draw(st.sampled_from([GOOD["at"], "01.03.2026 09:30:15"]) | TIMES),
        }
        for name in draw(st.sets(st.sampled_from(NAMES), max_size=2)):
            row[name] = draw(CELLS.get(name, TEXTS | TYPED))
        if draw(st.booleans()):
            del row[draw(st.sampled_from(NAMES))]
        rows.append(row)
    return rows


LINES = {
    "revision": ["revision: size", "revision: {column: at, format: '%d.%m.%Y %H:%M:%S'}"],
    "zone": ["zone: Europe/Berlin", "zone: Asia/Kathmandu"],
    "nobody": ["nobody: ['card 7']"],
    "identifiers": [
        "identifiers: {loyalty: card}", "identifiers: {anonymous: card, phone: phone, login: {column: who, values: {'1': ada}}}",
    ],
    "amount": [
        "amount: {column: total, currency: EUR}", "amount: {column: total, currency: {column: code}, decimal: ','}",
        "amount: {column: total, currency: JPY, unit: minor, refund: {column: kind, values: [return]}, null_values: [n/a]}",
    ],
    "properties": [
        "properties: {items: {column: size, as: integer}}",
        "properties: {note: note, share: {column: size, as: number}, by: {constant: ' %s '}}",
        "properties: {note: {column: note, default: none, values: {'1': 5}}, is_gift: {column: flag, as: boolean}}",
    ],
    "file": ["file: {null_values: [n/a, '-1']}"],
}  # fmt: skip
FIELDS = {
    "touchpoint": ["{constant: store_purchase}", "kind"],
    "place": ["shop", "place", "{column: place, values: {'1': one, '0': null}, default: '7'}"],
    "zone": ["name"], "provenance": ["note"], "simulated": ["flag"], "persona": ["note"], "campaign": ["{constant: 'a@b.example'}"],
    "order.id": ["id", "note"], "order.kind": ["sort", "{constant: purchase}", "{constant: purchase}", "{constant: refund}"],
    "consent.id": ["shop", "{constant: g1}"], "consent.purposes": ["who", "{constant: analytics}"],
}  # fmt: skip


@st.composite
def mappings(draw: st.DrawFn) -> str:
    """Mapping files of all that a touchpoint may have, and such as the quick way does not take."""
    chosen = [
        draw(st.sampled_from(lines))
        for name, lines in LINES.items()
        if draw(st.integers(0, 3 if name == "zone" else 1))
    ]
    fields = {
        name: draw(st.sampled_from(some))
        for name, some in FIELDS.items()
        if name == "touchpoint" or not draw(st.integers(0, 2))
    }
    for name in ("order", "consent"):
        if f"{name}.id" not in fields and draw(st.integers(0, 9)):
            fields = {path: cell for path, cell in fields.items() if not path.startswith(name)}
    if draw(st.integers(0, 9)):
        fields.pop("campaign", None)
    if any("zone" in line.partition(":")[0] for line in chosen):
        fields.pop("zone", None)
    source = draw(st.sampled_from([*SOURCES, *["shop", "till"] * 6, "nowhere", "{column: shop}"]))
    key = draw(st.sampled_from([*["id", "[shop, id]", "{columns: [id], prefix: p-}"] * 3, "{content: true}"]))
    form = "'%d.%m.%Y %H:%M:%S'"
    time = draw(
        st.sampled_from([*["at", f"{{column: at, format: {form}}}", "[day, clock]"] * 4, "{column: at, format: unix}"])
    )
    listed = [f"  {name}: {cell}" for name, cell in draw(st.permutations(list(fields.items())))]
    return "\n".join(["mapping: odd", f"source: {source}", f"id: {key}", f"time: {time}", *chosen, "fields:", *listed])


def producer_of(keys: PersonKeys | None = None) -> InMemoryProducer:
    return InMemoryProducer(
        person_keys=keys or PersonKeys("k1", bytes(32)),
        content_key=CONTENT_KEY,
        sources=SOURCES,
        clock_us=lambda: NOW_US,
    )


def is_mapping(text: str) -> bool:
    try:
        parse_mapping(text)
    except MappingInvalid:
        return False
    return True


def sent(text: str, rows: Sequence[Row], path: Path, *, is_quick: bool) -> Any:
    """All that an import says and leaves behind."""

    class File:
        columns: list[str] | None = None
        size, unit, position = 1, "rows", 0

        def __iter__(self) -> Any:
            return iter(rows)

        def close(self) -> None: ...

    path.unlink(missing_ok=True)
    producer, said = producer_of(), list[str]()
    mapper = Mapper(parse_mapping(text))
    off = patch.object(PlainRows, "of", lambda *_: None)
    with ImportJournal(path, "topic") as journal, ContestedIds() as contested:
        if not is_quick:
            off.start()
        try:
            verdicts = send_rows(
                File(),
                mapper,
                producer,
                journal,
                b"work",
                contested=contested,
                say=lambda one: said.append(str(one)),
                rows_per_batch=3,
            )
        finally:
            if not is_quick:
                off.stop()
        noted = [
            journal._file.execute(f"SELECT * FROM {table}").fetchall() for table in ("progress", "refused", "contested")
        ]
    return producer.records, verdicts, said, noted, mapper.unseen, producer.counts


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=mappings().filter(is_mapping), cells=rows_of_cells(), damaged=st.sets(st.integers(0, 3), max_size=1))
def test_both_ways_send_the_same(text: str, cells: list[dict[str, Any]], damaged: set[int], tmp_path: Path) -> None:
    fault = RowFault(Reason.MISSING_FIELD, "id", "the line is no CSV", "close the quote")
    rows = [
        Row(number + 2, None, fault, b"raw") if number in damaged else Row(number + 2, one)
        for number, one in enumerate(cells)
    ]
    assert sent(text, rows, tmp_path / "j", is_quick=True) == sent(text, rows, tmp_path / "j", is_quick=False)


CONSTANT = "mapping: m\nsource: till\nid: id\ntime: at\nfields: {touchpoint: {constant: page}}\n"


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_rows_beside_a_bad_one_go_the_quick_way(bad: str) -> None:
    receipts = [receipt(1), BAD_ROWS[bad][0], receipt(2)]
    rows = [
        Row(number, dict(zip(COLUMNS, cells, strict=True)) if len(cells) == len(COLUMNS) else None)
        for number, cells in enumerate(receipts, start=2)
    ]
    producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), clock_us=lambda: NOW_US)
    mapper = Mapper(parse_mapping(MAPPING))
    plain = PlainRows.of(mapper, producer.maker)
    assert plain is not None

    first, between, last = plain.records(rows)

    assert between is None
    assert [first, last] == [producer.maker.make(mapper.map(row).event) for row in (rows[0], rows[2])]


@pytest.mark.parametrize(
    "change",
    [
        ("source: till", "source: late"),
        ("source: till", "source: desk"),
        ("source: till", "source: nowhere"),
        ("source: till", "source: {column: shop}"),
        ("id: id", "id: {content: true}"),
        ("fields: {", "properties: {client_ip: note}\nfields: {"),
        ("fields: {", "fields: {campaign: {constant: a@b.example}, "),
    ],
)
def test_a_mapping_whose_rows_each_need_a_look_has_no_quick_way(change: tuple[str, str]) -> None:
    mapper = Mapper(parse_mapping(CONSTANT.replace(*change)))
    assert PlainRows.of(Mapper(parse_mapping(CONSTANT)), producer_of().maker) is not None
    assert PlainRows.of(mapper, producer_of().maker) is None


def test_while_keys_are_rotated_there_is_no_quick_way() -> None:
    keys = PersonKeys("k2", bytes(32), [OlderKeys(PersonKeys("k1", bytes(range(32))), "2026-01-01T00:00:00Z")])
    assert PlainRows.of(Mapper(parse_mapping(CONSTANT)), producer_of(keys).maker) is None
