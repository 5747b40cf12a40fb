"""Sheets of .xlsx workbooks: cells mean what the spreadsheet shows, and what is lost or has two readings is a question."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tests.unit.producers.imports.build import COLUMNS, MAPPING, WRITERS, events_by_id, new_producer, receipt, send
from touchline.errors import WrongUsage
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.mapper import Mapped, Mapper
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged, Row

NAMES = ("receipt", "sold_at", "total", "card", "note")
TILLS = """\
mapping: tills
source: retail-pos
id: receipt
time: sold_at
zone: Europe/Berlin
identifiers: {loyalty: card}
amount: {column: total, currency: EUR}
fields: {touchpoint: {constant: store_purchase}}
properties: {note: note}
"""
TIMES = "mapping: m\nsource: retail-pos\nid: receipt\ntime: [day, clock]\nzone: Europe/Berlin\nfields: {touchpoint: {constant: till}}\n"
NOON = datetime(2026, 3, 1, 12, 0)


def write(path: Path, *rows: Sequence[Any], shape: Callable[[Worksheet], object] = lambda sheet: None) -> Path:
    """A workbook of one sheet; `shape` changes it before it is saved."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    shape(sheet)
    book.save(path)
    return path


def rewrite(path: Path, change: Callable[[str], str], name: str = "xl/worksheets/sheet1.xml") -> Path:
    """Changes a part of the workbook as its bytes lie in the file."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[name] = change(parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def read(path: Path, mapping: str = TILLS) -> list[Row]:
    rows = open_rows(path, parse_mapping(mapping))
    try:
        return list(rows)
    finally:
        rows.close()


def mapped(path: Path, mapping: str = TILLS) -> list[Mapped]:
    mapper = Mapper(parse_mapping(mapping))
    return [mapper.map(row) for row in read(path, mapping)]


def refused(path: Path, mapping: str = TILLS) -> str:
    with pytest.raises(WrongUsage) as told:
        read(path, mapping)
    return f"{told.value.what}; {told.value.hint}"


def test_cells_mean_what_the_spreadsheet_shows(tmp_path: Path) -> None:
    def shape(sheet: Worksheet) -> None:
        sheet["D3"].number_format = "00000"
        sheet["B3"].number_format = "yyyy-mm-dd"

    path = write(
        tmp_path / "a.xlsx", NAMES,
        (1, NOON, 12.5, 4711.0, True), ("0002", datetime(2026, 3, 2), 19.989999999999998, 42, 0.1 + 0.2),
        (3, "2026-03-03T10:00:00Z", -4, "0042", "x"), shape=shape,
    )  # fmt: skip
    events = [one.event for one in mapped(path)]
    assert [one.faults for one in mapped(path)] == [[], [], []]
    assert [(event["id"], event["time"]) for event in events] == [
        ("1", "2026-03-01T11:00:00.000000Z"), ("0002", "2026-03-01T23:00:00.000000Z"), ("3", "2026-03-03T10:00:00.000000Z"),
    ]  # fmt: skip
    assert [event["amount"]["amount_minor"] for event in events] == [1250, 1999, -400]
    assert [event["identifiers"] for event in events] == [
        [("loyalty", "4711")],
        [("loyalty", "00042")],
        [("loyalty", "0042")],
    ]
    assert [event["properties"]["note"] for event in events] == [True, 0.3, "x"]


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [
        (42, "00000;-00000", "00042"), (42, "00000;@", "00042"), (42, "00000_ ", "00042"), (42, "[$-407]00000", "00042"),
        (42, "[Red]00000", "00042"), (42, "000-000", "000-042"), (42, "000\\-000", "000-042"), (1234567, "000 000", "1234 567"),
        (42, "0", "42"), (42, "0.00", "42"), (42, "#,##0", "42"), (42, "0.00E+00", "42"), (42, "[>99]00000;000", "42"),
    ],
)  # fmt: skip
def test_a_number_under_a_format_of_zeros_is_named_as_it_is_shown(
    tmp_path: Path, number: int, form: str, shown: str
) -> None:
    path = write(
        tmp_path / "a.xlsx", NAMES, ("r1", NOON, 1, number, None),
        shape=lambda sheet: setattr(sheet["D2"], "number_format", form),
    )  # fmt: skip
    (one,) = mapped(path)
    assert (one.faults, one.event["identifiers"]) == ([], [("loyalty", shown)])


@pytest.mark.parametrize("cell", [NOON, date(2026, 3, 12), time(9, 30), timedelta(hours=30)])
def test_a_card_number_that_became_a_date_names_nobody_and_is_a_question(tmp_path: Path, cell: object) -> None:
    (one,) = mapped(write(tmp_path / "a.xlsx", NAMES, ("r1", NOON, 1, cell, None)))
    (fault,) = one.faults
    assert (fault.field, fault.hint) == ("identifiers", "format the column as text")
    assert "a day or a time" in fault.what


def test_rows_of_blanks_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", NAMES, ("r1", NOON, 1, None, None), (" ", None, "\u00a0", "", None), (None, " "))
    assert [row.number for row in read(path)] == [2]


def test_a_sheet_whose_rows_are_out_of_order_is_refused_and_no_row_is_lost(tmp_path: Path) -> None:
    def turned(xml: str) -> str:
        rows = re.findall("<row .*?</row>", xml)
        return xml.replace(rows[1] + rows[2], rows[2] + rows[1])

    path = write(tmp_path / "a.xlsx", NAMES, ("r1", NOON, 1, None, None), ("r2", NOON, 1, None, None))
    assert "damaged" in refused(rewrite(path, turned))


def test_days_are_counted_from_the_date_of_the_workbook(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append(NAMES)
    sheet.append((1, NOON, 1, None, None))
    book.save(tmp_path / "mac.xlsx")
    assert "date1904" in zipfile.ZipFile(tmp_path / "mac.xlsx").read("xl/workbook.xml").decode()
    (one,) = mapped(tmp_path / "mac.xlsx")
    assert one.event["time"] == "2026-03-01T11:00:00.000000Z"


@pytest.mark.parametrize("number", [14, 27, 31, 36, 50, 57, 58])
def test_days_are_days_under_formats_that_east_asian_programs_name_by_number(tmp_path: Path, number: int) -> None:
    path = write(
        tmp_path / "a.xlsx", NAMES, ("r1", 46082, 1, None, None),
        shape=lambda sheet: setattr(sheet["B2"], "number_format", "mm-dd-yy"),
    )  # fmt: skip
    rewrite(path, lambda xml: xml.replace('numFmtId="14"', f'numFmtId="{number}"'), "xl/styles.xml")
    (one,) = mapped(path)
    assert (one.faults, one.event["time"]) == ([], "2026-02-28T23:00:00.000000Z")


@pytest.mark.parametrize("clock", [time(9, 30), "09:30", timedelta(hours=9, minutes=30)])
def test_a_day_and_a_clock_in_two_columns_are_one_time(tmp_path: Path, clock: object) -> None:
    path = write(tmp_path / "a.xlsx", ("receipt", "day", "clock"), (1, date(2026, 3, 1), clock))
    (one,) = mapped(path, TIMES)
    assert (one.faults, one.event["time"]) == ([], "2026-03-01T08:30:00.000000Z")


@pytest.mark.parametrize("column", [*NAMES])
@pytest.mark.parametrize(
    ("cell", "says"),
    [("#REF!", "error of a formula"), (4111111111111111, "more than 15 digits"), (1.23456789012346e16, "more than 15 digits")],
)  # fmt: skip
def test_a_value_that_is_lost_costs_its_row_where_the_mapping_reads_it(
    tmp_path: Path, column: str, cell: object, says: str
) -> None:
    good = {"receipt": 1, "sold_at": NOON, "total": 1, "card": 4711, "note": "x"}
    path = write(tmp_path / "a.xlsx", (*NAMES, "else"), [*(good | {column: cell}).values(), cell])
    (one,) = mapped(path)
    (fault,) = one.faults
    assert says in fault.what
    assert column in fault.what
    assert fault.hint
    producer = new_producer()
    assert not producer.emit_many([one.event], on_rejected=lambda position, error: None)
    assert mapped(path, TILLS.replace(f"note: {column}", "note: receipt") if column == "note" else TILLS)


def test_a_cell_of_nothing_by_the_mapping_is_nothing_also_where_it_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", NAMES, (1, NOON, "#N/A", "#N/A", "#N/A"))
    (one,) = mapped(path)
    assert [fault.field for fault in one.faults] == ["amount.amount_minor", "properties"]
    assert "identifiers" in one.event  # where it is left out as a marker of nobody
    (one,) = mapped(path, TILLS + "file: {null_values: ['#N/A']}\n")
    assert one.faults == []
    assert not {"amount", "identifiers", "properties"} & one.event.keys()


def test_of_a_formula_the_stored_result_counts_and_without_one_it_is_a_question(tmp_path: Path) -> None:
    rows = [(number, NOON, f"=1+{number}", "=A2", '=""') for number in (1, 2, 3)]
    path = write(tmp_path / "a.xlsx", NAMES, *rows)
    results = iter(["12.5", "4711.0", "", "13.5", "", "", "", "4711", ""])

    def stored(xml: str) -> str:
        def cell(found: re.Match[str]) -> str:
            kind = ' t="str"' if found[1].startswith("E") else ""
            return f'<c r="{found[1]}"{kind}><f>{found[2]}</f><v>{next(results)}</v></c>'

        return re.sub(r'<c r="([A-E][0-9])"[^>]*><f>(.*?)</f><v ?/?>(?:</v>)?</c>', cell, xml)

    one, two, three = mapped(rewrite(path, stored))
    assert (one.faults, one.event["amount"]["amount_minor"], one.event["identifiers"]) == (
        [],
        1250,
        [("loyalty", "4711")],
    )
    assert "properties" not in one.event
    assert [(fault.field, "without a stored result" in fault.what) for fault in two.faults] == [("identifiers", True)]
    assert [(fault.field, "without a stored result" in fault.what) for fault in three.faults] == [
        ("amount.amount_minor", True)
    ]


def test_empty_rows_and_formats_below_the_data_are_no_rows(tmp_path: Path) -> None:
    def shape(sheet: Worksheet) -> None:
        for number in (3, 60, 900):
            sheet.cell(number, 2).number_format = "0.00"
        sheet.cell(5, 1).value = 2
        sheet.cell(5, 2).value = NOON
        sheet.cell(6, 4).value = ""

    rows = read(write(tmp_path / "a.xlsx", NAMES, (1, NOON), shape=shape))
    assert [(row.number, row.cells and row.cells["receipt"]) for row in rows] == [(2, 1), (5, 2)]


@pytest.mark.parametrize("dimension", ["A1", "A1:ZZ900000", "B2:C3"])
def test_a_wrong_size_in_the_file_hides_no_row(tmp_path: Path, dimension: str) -> None:
    path = write(tmp_path / "a.xlsx", NAMES, *((number, NOON, 1) for number in range(1, 9)))
    rewrite(path, lambda xml: re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{dimension}"', xml))
    assert [row.cells and row.cells["receipt"] for row in read(path)] == list(range(1, 9))


def test_a_value_in_a_column_without_a_name_costs_its_row_as_in_csv(tmp_path: Path) -> None:
    first, second = read(
        write(tmp_path / "a.xlsx", (*NAMES, None), (1, NOON, 1, 1, 1, None), (2, NOON, 1, 1, 1, None, "?"))
    )
    assert first.cells is not None
    assert second.fault is not None
    assert "column G, which has no name" in second.fault.what


def _with_sheets(path: Path, *states: tuple[str, str]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, (name, state) in enumerate(states, start=1):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        sheet.append(NAMES)
        sheet.append((number, NOON, 1))
    book.save(path)
    return path


def test_the_sheet_is_the_only_one_that_can_be_seen_or_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"

    def ids(form: str = "") -> list[object]:
        return [row.cells and row.cells["receipt"] for row in read(path, TILLS + form)]

    _with_sheets(path, ("Lists", "hidden"), ("March", "visible"), ("Old", "veryHidden"))
    assert ids() == [2]
    assert ids("file: {sheet: Lists}\n") == [1]
    assert ids("file: {sheet: 1}\n") == [2]
    _with_sheets(path, ("Lists", "hidden"), ("March", "visible"), ("April", "visible"), ("2026", "visible"))
    assert "has 3 sheets: 'March', 'April', '2026'; write `file: {sheet: March}`" in refused(path)
    assert "has no sheet 'May'; it has: 'March', 'April', '2026'" in refused(path, TILLS + "file: {sheet: May}\n")
    assert "has no sheet 4" in refused(path, TILLS + "file: {sheet: 4}\n")
    assert [ids(f"file: {{sheet: {one}}}\n") for one in ("March", 2, "April", 2026, '"2026"')] == [
        [2],
        [3],
        [3],
        [4],
        [4],
    ]


@pytest.mark.parametrize("title", [["Report of March"], ["Report", None, None, None, "x"], ["a", "b", "c"]])
def test_titles_above_the_names_are_told_with_the_rows_to_skip(tmp_path: Path, title: list[object]) -> None:
    path = write(tmp_path / "a.xlsx", title, [], NAMES, (1, NOON, 1))
    assert "stand in line 3 of" in refused(path)
    assert "`file: {skip_lines: 2}`" in refused(path)
    assert [row.number for row in read(path, TILLS + "file: {skip_lines: 2}\n")] == [4]


def test_a_title_that_is_merged_over_the_table_is_told_as_well(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", ["Report"], NAMES, (1, NOON, 1), shape=lambda sheet: sheet.merge_cells("A1:E1"))
    assert "`file: {skip_lines: 1}`" in refused(path)


def test_names_that_are_merged_over_two_rows_are_read_in_both(tmp_path: Path) -> None:
    def shape(sheet: Worksheet) -> None:
        for merged in ("A1:A2", "B1:B2", "C1:E1"):
            sheet.merge_cells(merged)

    path = write(
        tmp_path / "a.xlsx",
        ("receipt", "sold_at", "details"),
        (None, None, "total", "card", "note"),
        (1, NOON, 1, 4711, "x"),
        shape=shape,
    )
    assert "`file: {skip_lines: 1}`" in refused(path)
    (row,) = read(path, TILLS + "file: {skip_lines: 1}\n")
    assert row.cells == {"receipt": 1, "sold_at": NOON, "total": 1, "card": 4711, "note": "x"}


def test_further_rows_of_names_and_names_of_the_mapping_are_as_in_csv(tmp_path: Path) -> None:
    below = ("What is it?", "When?", "", "", ""), tuple('{"ImportId":"Q"}' for _ in NAMES)
    path = write(tmp_path / "a.xlsx", NAMES, *below, (1, NOON, 1))
    assert "`file: {header_rows: 3}`" in refused(path)
    assert [row.number for row in read(path, TILLS + "file: {header_rows: 3}\n")] == [4]
    given = f"file: {{header: [{', '.join(NAMES)}]}}\n"
    assert "leave `header` out" in refused(write(path, NAMES, (1, NOON, 1)), TILLS + given)
    assert [row.number for row in read(write(path, (1, NOON, 1)), TILLS + given)] == [1]


def test_rows_that_share_a_merged_cell_are_a_question_where_the_mapping_reads_it(tmp_path: Path) -> None:
    rows = [(1, NOON, 30, 4711, "x"), (2, NOON, None, None, "y"), (3, NOON, 1, 4712, "z")]

    def shape(sheet: Worksheet) -> None:
        sheet.merge_cells("C2:C3")
        sheet.merge_cells("D2:D3")

    one, two, three = mapped(write(tmp_path / "a.xlsx", NAMES, *rows, shape=shape))
    assert one.faults == three.faults == []
    assert [(fault.field, "part of a merged cell" in fault.what) for fault in two.faults] == [
        ("amount.amount_minor", True), ("identifiers", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xls", b"", "kind that is not read (.xls)"), ("a.xlsm", b"", "kind that is not read (.xlsm)"), ("a.ods", b"", "(.ods)"),
        ("a.xlsb", b"", "(.xlsb)"), ("a.xlsx", b"", "it is empty"), ("a.xlsx", b"receipt,total\n1,2\n", "`file: {format: csv}`"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "an old kind (.xls)"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ("a.xlsx", b"PK\x03\x04" + bytes(60), "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_that_is_read_is_told_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    told = refused(tmp_path / name)
    assert says in told
    assert "save it" in told or "file:" in told


def test_an_archive_of_other_things_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    assert "OpenDocument" in refused(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "no workbook, or a damaged one" in refused(tmp_path / "b.xlsx")


def test_a_sheet_that_breaks_off_gives_the_rows_before(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", NAMES, *((number, NOON, 1) for number in range(1, 2001)))
    rewrite(path, lambda xml: xml[: len(xml) // 2])
    rows = open_rows(path, parse_mapping(TILLS))
    found: list[int] = []
    with pytest.raises(FileDamaged, match="beyond row"):
        found.extend(row.number for row in rows)
    rows.close()
    assert len(found) > 100
    assert found == list(range(2, len(found) + 2))


def test_progress_is_in_rows_and_ends_at_the_size(tmp_path: Path) -> None:
    rows = open_rows(write(tmp_path / "a.xlsx", NAMES, *((n, NOON, 1) for n in range(1, 100))), parse_mapping(TILLS))
    assert (rows.unit, rows.size, len(list(rows)), rows.position) == ("rows", 100, 99, 100)
    rows.close()


def _typed(number: int) -> list[Any]:
    """The row of a till as a person keeps it in a sheet."""
    store, key, sold_at, total, currency, card, items = receipt(number)
    return [
        int(store),
        int(key),
        datetime.strptime(sold_at, "%d.%m.%Y %H:%M:%S"),
        float(total),
        currency,
        card,
        int(items),
    ]


@given(st.lists(st.integers(1, 9_999), min_size=1, max_size=20, unique=True), st.integers(1, 7))
def test_a_sheet_of_texts_or_of_numbers_and_days_and_the_csv_of_it_are_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], per_batch: int
) -> None:
    folder = tmp_path_factory.mktemp("sheets")
    rows = [receipt(number) for number in numbers]
    files = [WRITERS[name](folder / f"till{name}", rows) for name in (".csv", ".xlsx")]
    files.append(write(folder / "typed.xlsx", COLUMNS, *map(_typed, numbers)))
    found = []
    for number, path in enumerate(files):
        producer = new_producer()
        with ImportJournal(folder / f"{number}.sqlite3", "topic") as journal:
            verdicts = send(path, journal, producer, MAPPING, rows_per_batch=per_batch)
        found.append((verdicts.accepted, events_by_id(producer)))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == len(rows)
