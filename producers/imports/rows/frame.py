"""What stands around the rows of a CSV file or a sheet: titles above the names, further rows of names below. Found
before anything is sent."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.rows.row import FileDamaged, RowFile
from touchline.producers.imports.rows.text import Lines
from touchline.schemas.tool_forms import VISIBLE

_LINES_LOOKED_AT: Final = 50
_NAMES_TOLD: Final = 12
_QUALTRICS: Final = '{"ImportId":'
_BOM: Final = b"\xef\xbb\xbf"


FirstRows = Iterable[tuple[int, list[str]]]
"""The line that each of the first rows starts in, and its cells as text."""


def require_no_second_names(path: Path, form: FileForm, wanted: set[str], first_rows: FirstRows) -> None:
    """Raises WrongUsage where the columns' names stand below the place that the mapping says."""
    rows = list(first_rows)
    if form.header_rows is None and any(cell.strip().startswith(_QUALTRICS) for _, row in rows[1:3] for cell in row):
        raise WrongUsage(f"{path} has three rows of names, as Qualtrics writes them", _write("header_rows: 3"))
    if not form.header or form.header_rows is not None:
        return
    for line, row in rows:
        if _names_all(row, wanted) or [cell.strip() for cell in row] == list(form.header):
            raise WrongUsage(
                f"line {line} of {path} names the columns, and the mapping does it as well",
                f"{_write(f'skip_lines: {line - 1}')}, and leave `header` out"
                if line > 1
                else "leave `header` out of the mapping, or write `header_rows: 1` beside it",
            )


def names_line(wanted: set[str], first_rows: FirstRows) -> int | None:
    """The line in which the columns' names stand, where it is not the first that is read."""
    return next((line for line, row in first_rows if _names_all(row, wanted)), None)


def require_a_row(path: Path, rows: RowFile, wanted: set[str], *, is_framed: bool) -> None:
    """Raises WrongUsage where not one row of the file has its frame, or names its own cells and has none of the wanted. Reads up to the
    first that has; give it an own reader. `is_framed` where people write titles and names around the rows."""
    first = other = None
    try:
        for row in rows:
            if row.cells is not None and (rows.columns is not None or not wanted.isdisjoint(row.cells)):
                return
            first, other = (
                first or (row if row.cells is None else None),
                other or (row if row.cells is not None else None),
            )
    except FileDamaged:
        return  # told by the import, after the rows before it
    if other is not None and other.cells is not None:
        _refuse_foreign_cells(path, other.cells)
    if first is not None and first.fault is not None:
        raise WrongUsage(
            f"no row of {path} can be read; line {first.number}: {first.fault.what}",
            first.fault.hint
            if not is_framed
            else f"{first.fault.hint}, or say in the mapping how the file is written (file: {{delimiter: …, skip_lines: …}})",
        )


def _refuse_foreign_cells(path: Path, cells: Mapping[str, Any]) -> None:
    lists = [
        name for name, value in cells.items() if isinstance(value, list) and any(isinstance(one, dict) for one in value)
    ]
    if lists:
        raise WrongUsage(
            f"the rows of {path} stand within {lists[0]!r} of one object",
            "write its members as one array, or as one JSON object a line",
        )
    named = ", ".join(list(cells)[:_NAMES_TOLD]) + (", …" if len(cells) > _NAMES_TOLD else "")
    raise WrongUsage(f"no row of {path} has a cell that the mapping reads", f"its first row has: {named}")


def _write(field: str) -> str:
    return f"write `file: {{{field}}}` into the mapping"


def _names_all(row: list[str], wanted: set[str]) -> bool:
    return bool(wanted) and wanted <= {cell.translate(VISIBLE).strip() for cell in row}


def first_csv_rows(path: Path, form: FileForm) -> Iterator[tuple[int, list[str]]]:
    """The first rows of a CSV file below those that are skipped; where one is no CSV they end."""
    lines = Lines(path)
    texts = (line.removeprefix(_BOM).decode(form.encoding, "replace") for line in islice(lines, _LINES_LOOKED_AT))
    try:
        for _ in range(form.skip_lines):
            next(texts, None)
        reader, start = csv.reader(texts, delimiter=form.delimiter, strict=True), form.skip_lines + 1
        for row in reader:
            yield start, row
            start = form.skip_lines + reader.line_num + 1
    except (csv.Error, FileDamaged):
        return
    finally:
        lines.close()
