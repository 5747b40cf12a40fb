"""Rows of CSV files: a damaged row costs itself and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.rows.csv_rows import CsvRows

DAMAGED = ['"open,1,2', 'a,"open', "a,b", "a,b,c,d", 'a,b"c"d,"e"f', '"a" b,c,d', ",", 'x,"y,z', '"""', '"a,b,c\r']
_COMMAS = FileForm()


def read(path: Path, text: bytes, form: FileForm = _COMMAS) -> list[tuple[int, list[str] | None]]:
    path.write_bytes(text)
    rows = CsvRows(path, form)
    try:
        return [(row.number, None if row.cells is None else list(row.cells.values())) for row in rows]
    finally:
        rows.close()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, len(DAMAGED) - 1)), max_size=30))
def test_every_good_row_comes_through_with_its_line_and_every_damaged_one_is_told(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[bool, int]]
) -> None:
    lines = ["x,y,z"] + [f"{at},g,{at}" if is_good else DAMAGED[which] for at, (is_good, which) in enumerate(plan)]
    rows = read(tmp_path_factory.mktemp("csv") / "a.csv", "\n".join(lines).encode())

    good = [(at + 2, [str(at), "g", str(at)]) for at, (is_good, _) in enumerate(plan) if is_good]
    assert [row for row in rows if row[1] is not None and row[1][1] == "g"] == good
    told = {number for number, cells in rows if cells is None}
    assert told <= {at + 2 for at, (is_good, _) in enumerate(plan) if not is_good}


def test_a_cell_may_hold_line_ends_and_quotes_and_lines_are_counted_as_an_editor_counts(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfx,y\r\n"two\r\nlines","say ""hi"""\r\n\r\nlast,"row"'
    assert read(tmp_path / "a.csv", text) == [(2, ["two\r\nlines", 'say "hi"']), (5, ["last", "row"])]


def test_bytes_that_are_no_utf_8_are_kept_for_the_verdict(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", b"x\ncaf\xe9\n") == [(2, ["caf\udce9"])]


def test_an_endless_quoted_cell_does_not_fill_the_memory_nor_eat_the_file(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b'x,y\n"open,1\n' + b"1,2\n" * 60_000)

    assert rows[0] == (2, None)
    assert len(rows) == 60_001


def test_a_column_that_stands_twice_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="several columns 'x'") as refused:
        read(tmp_path / "a.csv", b"x,x\n1,2\n")
    assert "header" in refused.value.hint
