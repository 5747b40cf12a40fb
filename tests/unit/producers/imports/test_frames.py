"""What stands around the rows of a file is no row: it is read over, named, or said in one sentence before anything is sent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows import ndjson_rows
from touchline.producers.imports.rows.csv_rows import CsvRows
from touchline.producers.imports.rows.ndjson_rows import NdjsonRows
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged, Row

MAPPING = """\
mapping: till_receipts
source: retail-pos
id: receipt
time: sold_at
fields: {touchpoint: {constant: store_purchase}}
"""
HEADER = "receipt,sold_at,card"
ROWS = "1,2026-03-01T10:00:00Z,4711\n2,2026-03-01T11:00:00Z,4712\n"


def read(path: Path, text: str, form: str = "") -> list[Any]:
    """The ids of the rows; None for a damaged one."""
    path.write_text(text, encoding="utf-8")
    rows = open_rows(path, parse_mapping(MAPPING + (f"file: {form}\n" if form else "")))
    try:
        return [None if row.cells is None else row.cells["receipt"] for row in rows]
    finally:
        rows.close()


def cells(path: Path, text: str) -> list[list[str]]:
    """Of the rows that are taken."""
    path.write_text(text, encoding="utf-8")
    rows = CsvRows(path, FileForm())
    try:
        return [list(row.cells.values()) for row in rows if row.cells is not None]
    finally:
        rows.close()


def refused(path: Path, text: str, form: str = "") -> str:
    with pytest.raises(WrongUsage) as told:
        read(path, text, form)
    assert "4711" not in told.value.what + told.value.hint
    return f"{told.value.what}; {told.value.hint}"


@pytest.mark.parametrize("end", ["", ",", ",,"])
def test_a_delimiter_at_the_end_of_the_names_is_no_column(tmp_path: Path, end: str) -> None:
    lines = ROWS.splitlines()
    text = f"{HEADER}{end}\n{lines[0]}\n{lines[1]}{end}\n"
    assert read(tmp_path / "a.csv", text) == ["1", "2"]


@pytest.mark.parametrize("end", [",", ",,,"])
def test_a_delimiter_at_the_end_of_rows_alone_and_rows_of_delimiters_are_no_cells(tmp_path: Path, end: str) -> None:
    rows = ROWS.replace("\n", f"{end}\n")
    assert read(tmp_path / "a.csv", f"{HEADER}\n{rows},,{end}\n,,\n") == ["1", "2"]
    assert read(tmp_path / "a.tsv", f"{HEADER}\n{rows}".replace(",", "\t"), '{delimiter: "\\t"}') == ["1", "2"]


@pytest.mark.parametrize("header_end", ["", ","])
@pytest.mark.parametrize("shifted", ["2,Doe, Jane,", "2,Doe, Jane,,", "2,1,50,"])
@pytest.mark.parametrize("place", [0, 1, 3, 30])
def test_an_unquoted_comma_before_an_empty_last_cell_is_refused_and_moves_no_cell(
    tmp_path: Path, header_end: str, shifted: str, place: int
) -> None:
    rows = [f"{number},{number}.50,c{number}" for number in range(3, 40)]
    rows.insert(place, shifted)
    found = cells(tmp_path / "a.csv", "\n".join([f"receipt,who,card{header_end}", *rows]))
    assert found == [row.split(",") for row in rows if row != shifted]


@pytest.mark.parametrize("header_end", ["", ","])
def test_where_all_lines_end_with_a_delimiter_an_unquoted_one_is_refused_all_the_same(
    tmp_path: Path, header_end: str
) -> None:
    rows = [f"{number},{number}.50,c{number}" for number in range(3, 40)]
    text = "\n".join(
        [
            f"receipt,who,card{header_end}",
            *(f"{row}," for row in rows[:9]),
            "2,Doe, Jane,,",
            *(f"{row}," for row in rows[9:]),
        ]
    )
    assert cells(tmp_path / "a.csv", text) == [row.split(",") for row in rows]


def test_one_row_alone_says_not_that_lines_end_with_delimiters_unless_the_names_do(tmp_path: Path) -> None:
    assert cells(tmp_path / "a.csv", "receipt,who,card\n2,Doe, Jane,\n") == []
    assert cells(tmp_path / "b.csv", "receipt,who,card,\n2,Doe,4711,\n") == [["2", "Doe", "4711"]]


def test_a_comma_at_the_end_of_a_line_of_json_is_none_of_its_object(tmp_path: Path) -> None:
    assert read(tmp_path / "a.ndjson", '{"receipt": "1"},\n{"receipt": "2"}\n{"receipt": "3"},,\n') == ["1", "2", None]


def test_a_cell_under_no_name_still_costs_its_row(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", f"{HEADER},\n{ROWS}3,2026-03-01T10:00:00Z,4711,x\n") == ["1", "2", None]


@pytest.mark.parametrize("title", ["Report of March\n\n", '"Sales, all stores"\n', "Report,,\n,,\n", "a,b,c\n"])
def test_titles_above_the_names_are_told_with_the_lines_to_skip(tmp_path: Path, title: str) -> None:
    path, above = tmp_path / "a.csv", title.count("\n")
    assert f"line {above + 1} of" in refused(path, title + HEADER + "\n" + ROWS)
    assert f"`file: {{skip_lines: {above}}}`" in refused(path, title + HEADER + "\n" + ROWS)
    assert read(path, title + HEADER + "\n" + ROWS, f"{{skip_lines: {above}}}") == ["1", "2"]


def test_names_that_stand_in_the_file_and_in_the_mapping_are_told(tmp_path: Path) -> None:
    path, header = tmp_path / "a.csv", "{header: [receipt, sold_at, card]}"
    assert "skip_lines: 2" in refused(path, f"Report\n\n{HEADER}\n{ROWS}", header)
    assert "leave `header` out" in refused(path, f"{HEADER}\n{ROWS}", header)
    assert read(path, f"{HEADER}\n{ROWS}", "{header: [receipt, sold_at, card], header_rows: 1}") == ["1", "2"]
    assert read(path, ROWS, header) == ["1", "2"]


def test_blank_lines_above_the_names_are_read_over(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", f"\n \n,,\n{HEADER}\n{ROWS}") == ["1", "2"]


@pytest.mark.parametrize(
    "line",
    [",,", " , ,\u00a0", "  \t", "\x1a", "\0\0\0\0", "-------,-------,----", "---+---+---", "===,:---:,---",
     "(2 rows affected)", "(2 Zeilen)",
     HEADER, "\ufeff" + HEADER, " receipt ,sold_at\u200b,card", '"receipt","sold_at","card"'],
)  # fmt: skip
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_line_that_holds_none_of_the_data_is_read_over(tmp_path: Path, line: str, place: int) -> None:
    lines = [HEADER, *ROWS.splitlines()]
    lines.insert(place, line)
    assert read(tmp_path / "a.csv", "\n".join(lines) + "\n") == ["1", "2"]


@pytest.mark.parametrize(
    "line", ["(x),,", "-,-,5", "-1,--,--", "total,,", "Card,sold_at,receipt", "(2 rows affected),1,2"]
)
def test_a_row_that_holds_anything_of_the_data_is_a_row(tmp_path: Path, line: str) -> None:
    assert read(tmp_path / "a.csv", f"{HEADER}\n{ROWS}{line}\n") == ["1", "2", line.split(",")[0]]


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters=',"\r\n\0('), max_size=5), min_size=3, max_size=3)
)
def test_no_row_with_a_letter_or_digit_is_taken_for_a_frame(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    is_data = any(char.isalnum() for cell in cells for char in cell) and not any(
        cell.startswith("\ufeff") for cell in cells
    )
    found = read(tmp_path_factory.mktemp("frame") / "a.csv", f"{HEADER}\n{ROWS}{','.join(cells)}\n")
    assert len(found) == 3 if is_data else len(found) >= 2


def test_files_that_were_joined_keep_no_mark_before_their_first_cell(tmp_path: Path) -> None:
    first, second = ROWS.splitlines()
    assert read(tmp_path / "a.csv", f"\ufeff{HEADER}\n{first}\n\ufeff{second}\n") == ["1", "2"]
    lines = [json.dumps({"receipt": at, "sold_at": "2026-03-01T10:00:00Z"}) for at in (1, 2)]
    assert read(tmp_path / "a.json", f"\ufeff{lines[0]}\n\ufeff{lines[1]}\n") == [1, 2]


def test_names_are_known_without_what_cannot_be_seen(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", f"\u200breceipt,sold_at\u00a0,card\n{ROWS}") == ["1", "2"]


def test_arrays_of_one_line_each_are_read_as_their_objects(tmp_path: Path) -> None:
    batches: list[Any] = [[{"receipt": 1}, {"receipt": 2}], [{"receipt": 3}], {"receipt": 4}, [], [{"receipt": 5}, 6]]
    assert read(tmp_path / "a.json", "\n".join(map(json.dumps, batches))) == [1, 2, 3, 4, 5, None]


def test_rows_within_a_field_of_one_object_are_told_with_its_name(tmp_path: Path) -> None:
    text = json.dumps({"count": 2, "result": {"items": [{"receipt": 1, "card": "4711"}, {"receipt": 2}]}})
    assert "within 'result.items'" in refused(tmp_path / "a.json", text)


def test_rows_without_any_cell_of_the_mapping_are_one_sentence(tmp_path: Path) -> None:
    text = '{"Receipt": 1, "Card": "4711"}\n' * 3
    assert "first row has: Receipt, Card" in refused(tmp_path / "a.json", text)


def test_line_ends_of_old_macs_are_told_as_such(tmp_path: Path) -> None:
    assert "carriage return" in refused(tmp_path / "a.csv", f"{HEADER}\r" + ROWS.replace("\n", "\r"))


def test_a_name_that_does_not_say_how_a_file_is_packed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(f"{HEADER}\n{ROWS}".encode()))
    with pytest.raises(WrongUsage, match=r"gzip.*name"):
        open_rows(path, parse_mapping(MAPPING))
    assert "not compressed" in refused(tmp_path / "a.csv.gz", f"{HEADER}\n{ROWS}")


def test_three_rows_of_names_are_told_and_can_be_named(tmp_path: Path) -> None:
    below = '"What is\nyour receipt?",When,Card\n' + ",".join(['"{""ImportId"":""Q""}"'] * 3) + "\n"
    text = f"{HEADER}\n{below}{ROWS}"
    assert "`file: {header_rows: 3}`" in refused(tmp_path / "a.csv", text)
    assert read(tmp_path / "a.csv", text, "{header_rows: 3}") == ["1", "2"]
    assert read(tmp_path / "a.csv", f"Report\n{text}", "{skip_lines: 1, header_rows: 3}") == ["1", "2"]


@pytest.mark.parametrize(
    "text", [f"{HEADER}\n" + ROWS.replace("\n", ",x\n"), f"{HEADER}\n" + ROWS.replace(",", ";"), f'{HEADER}\n"1,2,3\n']
)
def test_a_file_of_which_no_row_fits_is_one_sentence(tmp_path: Path, text: str) -> None:
    assert "no row of" in refused(tmp_path / "a.csv", text)
    assert "line 2" in refused(tmp_path / "a.csv", text)


def test_a_file_of_which_no_line_is_json_is_one_sentence(tmp_path: Path) -> None:
    assert "no row of" in refused(tmp_path / "a.ndjson", "receipt 1\nreceipt 2\n")


OBJECTS = st.lists(
    st.dictionaries(
        st.text('ab{}[]",\\ \n', max_size=4),
        st.recursive(
            st.none() | st.integers() | st.text('x{}[]",\\\n'),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("cd", max_size=2), inner, max_size=3),
            max_leaves=4,
        ),
        max_size=3,
    ),
    max_size=5,
)


@given(OBJECTS, st.sampled_from(["lines", "tight", "comma first", "pretty", "one line", "array within"]))
def test_an_array_is_read_as_its_objects_however_it_is_laid_out(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], layout: str
) -> None:
    lines = [json.dumps(one) for one in objects]
    text = {
        "lines": "[\n" + ",\n".join(lines) + "\n]\n",
        "tight": "[" + ",\n".join(lines) + "]",
        "comma first": "[ " + "\n, ".join(lines) + "\n]",
        "pretty": json.dumps(objects, indent=2),
        "one line": "\ufeff" + json.dumps(objects),
        "array within": "\n\n" + json.dumps(objects, indent=0),
    }[layout]
    folder = tmp_path_factory.mktemp("json")
    (folder / "array.json").write_text(text, encoding="utf-8")
    (folder / "lines.json").write_text("\n".join(lines), encoding="utf-8")
    array, plain = NdjsonRows(folder / "array.json"), NdjsonRows(folder / "lines.json")
    try:
        assert [row.cells for row in array] == [row.cells for row in plain]
    finally:
        array.close()
        plain.close()


def test_a_damaged_object_of_an_array_costs_itself(tmp_path: Path) -> None:
    good = [json.dumps({"receipt": str(number)}) for number in range(3)]
    for bad in ('{"receipt": NaN}', '{"receipt": "x"', "7", '{"receipt": }'):
        text = "[\n" + ",\n".join([good[0], bad, *good[1:]]) + "\n]\n"
        assert read(tmp_path / "a.json", text) == ["0", None, "1", "2"]


def test_a_damaged_object_costs_no_other_on_its_line(tmp_path: Path) -> None:
    text = '[{"receipt": "1"}, {"receipt": "x", "total": NaN}, 7, {"receipt": "2"}]'
    assert read(tmp_path / "a.json", text) == ["1", None, None, "2"]


def test_an_array_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[\n{"receipt": "1"},\n{"receipt": "2"},\n')
    rows = NdjsonRows(tmp_path / "a.json")
    iterator = iter(rows)
    assert [next(iterator).cells, next(iterator).cells] == [{"receipt": "1"}, {"receipt": "2"}]
    with pytest.raises(FileDamaged, match="does not end"):
        next(iterator)
    rows.close()


def test_an_object_may_open_a_list_or_an_object_at_the_end_of_its_line(tmp_path: Path) -> None:
    text = '[\n{"receipt": "1", "lines": [\n{"sku": 1},\n{"sku": 2}\n]},\n{"receipt": "2", "till":\n{"no": 3}}\n]'
    assert read(tmp_path / "a.json", text) == ["1", "2"]


@pytest.mark.parametrize("end", ["", ".gz"])
def test_an_array_on_one_long_line_is_read_a_member_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(ndjson_rows, "_LINE_BYTES_MAX", 40)
    monkeypatch.setattr(ndjson_rows, "from_json", lambda *given, **options: pytest.fail("parsed whole"))
    objects = [{"receipt": number, "person": {"id": "a\nb"}} for number in range(5)]
    path, text = tmp_path / f"a.json{end}", ("\ufeff" + json.dumps(objects)).encode()
    path.write_bytes(gzip.compress(text) if end else text)
    rows = NdjsonRows(path)
    assert [row.cells for row in rows] == [{"receipt": number, "person.id": "a\nb"} for number in range(5)]
    assert rows.position == rows.size
    rows.close()
    path.write_bytes(gzip.compress(text[:-2]) if end else text[:-2])
    rows = NdjsonRows(path)
    found = list[Row]()
    with pytest.raises(FileDamaged):
        found.extend(rows)
    rows.close()
    assert len(found) == 4
