"""Rows of a sheet of an .xlsx workbook, streamed. Cells keep their types; where a value is lost or has two readings the cell is unreadable.

Numbers are rounded to the 15 digits that a spreadsheet shows and keeps; a format of zeros (`00000`, `000-000`) is part of a number's name,
as in the CSV of the same sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from openpyxl.utils import get_column_letter

from touchline.producers.imports.mapping.cells import text_of
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.rows.row import FileDamaged, NoNames, Row, RowFault
from touchline.producers.imports.rows.unreadable import UnreadableCell
from touchline.producers.imports.rows.workbook import (
    UNREADABLE,
    Merged,
    Sheet,
    open_workbook,
    outline_of,
    sheet_of,
    told,
)
from touchline.schemas.reasons import Reason

_ROWS_LOOKED_AT: Final = 50
_EXACT_MAX: Final = 10**15
_ZEROS: Final = re.compile(r"0(?:0|(?:[- /]|\\[- ./])(?=0))+")
_SHOWS_NOTHING: Final = re.compile(r"\[(?:\$[^\]]*|[A-Za-z]+ ?[0-9]*)\]|_.|\*.")
"""Of a format: language, colour, and room that is left."""
_HOURS: Final = re.compile(r"[hs]|AM/PM", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[\$[^\]]*\]|_.')
_MEND: Final = (
    "mend the formula in the spreadsheet and save it again, or name the text under `null_values` of the mapping"
)
_AS_TEXT: Final = "format the column as text and export the numbers into it again"
_NO_RESULT: Final = UnreadableCell(
    "(no result)",
    "a formula without a stored result",
    "open the workbook in a spreadsheet program, save it and import it again",
)
_COVERED: Final = UnreadableCell(
    "(merged)", "part of a merged cell", "unmerge the cells in the spreadsheet and give each row its own value"
)
Cells = Sequence[Any]


class XlsxRows:
    """An open sheet; its first row that is not empty names the columns, unless `form` names them or says where else they stand."""

    unit = "rows"

    def __init__(self, path: Path, form: FileForm) -> None:
        """Reads the names. Raises WrongUsage where the workbook cannot be read, where it is not clear which sheet is meant, or where names
        are missing or repeated."""
        self._path = path
        self._form = form
        self._book = open_workbook(path)
        self._formulas = None
        try:
            with told(path):
                self._sheet = sheet_of(self._book, path, form.sheet)
                outline = outline_of(self._book, self._sheet)
                self._sheet.reset_dimensions()  # some programs write wrong ones
                if outline.has_formulas:
                    self._formulas = open_workbook(path, with_formulas=True)
            self._merged = outline.merged
            self.size = outline.rows
            self.position = 0
            self._first_row = 0
            """The number of the last row that is none of the data."""
            with told(path):
                self.columns: list[str] | None = self._names()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()
        if self._formulas is not None:
            self._formulas.close()

    def first_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and texts of the first rows below those that are skipped."""
        with closing(self._filled()) as rows:
            for number, cells in islice(rows, _ROWS_LOOKED_AT):
                if number > self._form.skip_lines:
                    yield number, [text_of(cell) for cell in _stripped(cells)]

    def __iter__(self) -> Iterator[Row]:
        columns = self.columns or []
        width = len(columns)
        try:
            for number, cells in self._marked():
                self.position = min(number, self.size)
                if number <= self._first_row or _is_empty(cells):
                    continue
                if _is_empty(cells[width:]):
                    yield Row(number, dict(zip(columns, [*cells, *[None] * (width - len(cells))], strict=False)))
                else:
                    yield _too_wide(number, cells, width)
        except UNREADABLE:
            raise FileDamaged(self._path, f"it cannot be read beyond row {self.position:,}") from None

    def _names(self) -> list[str]:
        form = self._form
        rows_left = (0 if form.header else 1) if form.header_rows is None else form.header_rows
        names = list(form.header)
        with closing(self._filled()) as rows:
            below = (row for row in rows if row[0] > form.skip_lines and any(map(text_of, _stripped(row[1]))))
            self._first_row = form.skip_lines
            for at in range(rows_left):
                number, cells = next(below, (self._first_row, ()))
                self._first_row = max(number, form.skip_lines + at + 1)
                if at == 0 and not form.header:
                    names = [text_of(cell) for cell in _stripped(cells)]
        if form.header:
            return names
        while names and not names[-1]:
            names.pop()
        if names.count("") > 1:
            raise NoNames(
                f"several cells of row {self._first_row} of {self._path} are empty, so it names no columns",
                "where the names stand further down, write `file: {skip_lines: <rows above them>}` into the mapping",
            )
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise NoNames(
                f"{self._path} has several columns {', '.join(map(repr, repeated))} (a merged cell names all of its columns)",
                "give each its own name; where they stand in the row below, write `file: {skip_lines: <rows above it>}` into the mapping",
            )
        return names

    def _filled(self) -> Generator[tuple[int, list[Any]]]:
        """Rows above the data, where a merged cell stands for all of its cells."""
        held: list[tuple[Merged, Any]] = []
        for number, found in self._numbered(_value_above):
            cells = list(found)
            held = [one for one in held if one[0].last_row >= number]
            held += [
                (one, cells[one.first_column - 1])
                for one in self._merged
                if one.first_row == number and one.first_column <= len(cells)
            ]
            for merged, value in held:
                cells += [None] * (merged.last_column - len(cells))
                for column in range(merged.first_column, merged.last_column + 1):
                    cells[column - 1] = value
            yield number, cells

    def _marked(self) -> Iterator[tuple[int, Cells]]:
        """Rows of the data. A cell that is merged with the one above or before it says nothing of its own row, and may say it."""
        merged = [one for one in self._merged if one.last_row > self._first_row]
        for number, cells in self._numbered(_value_in_row):
            if merged and not _is_empty(cells):
                for one in merged:
                    if one.first_row <= number <= one.last_row:
                        first = one.first_column if number > one.first_row else one.first_column + 1
                        last = min(one.last_column, len(cells))
                        cells[first - 1 : last] = [_COVERED] * (last + 1 - first)
                merged = [one for one in merged if one.last_row > number]
            yield number, cells

    def _numbered(self, read: Callable[[Any, Any], Any]) -> Iterator[tuple[int, list[Any]]]:
        """Number, from 1, and values of each row; `read` makes the value of a cell, and of its formula where there are any."""
        sheet = self._sheet.iter_rows()
        if self._formulas is None:
            for number, cells in enumerate(sheet, start=1):
                yield number, [read(cell, None) for cell in cells]
            return
        twin = cast(Sheet, self._formulas[self._sheet.title])
        twin.reset_dimensions()
        for number, (cells, formulas) in enumerate(zip(sheet, twin.iter_rows(), strict=True), start=1):
            yield number, list(map(read, cells, formulas))


def _value_above(cell: Any, formula: Any) -> Any:
    """Of a cell above the data, where numbers and formulas are words like others."""
    return cell.value


def _value_in_row(cell: Any, formula: Any) -> Any:
    """What stands in a cell; None where nothing does."""
    value = cell.value
    if value is None:
        # A formula whose result is an empty text has the type of its result.
        is_open = formula is not None and formula.data_type == "f" and cell.data_type != "str"
        return _NO_RESULT if is_open else None
    if isinstance(value, str):
        return UnreadableCell(value, "the error of a formula", _MEND) if cell.data_type == "e" else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, cell.number_format)
    if isinstance(value, datetime) and value == datetime(value.year, value.month, value.day):
        return value if _HOURS.search(_QUOTED.sub("", cell.number_format)) else value.date()
    return value


def _number(value: float, form: str) -> Any:
    if isinstance(value, float):
        value = float(f"{value:.15g}")
        if not value.is_integer():
            return value
    whole = int(value)
    if abs(whole) >= _EXACT_MAX:
        return UnreadableCell(
            f"{whole:.14E}", "a number of more than 15 digits, of which a spreadsheet keeps 15", _AS_TEXT
        )
    signs = _signs_of(form)
    return _padded(whole, signs) if signs and whole >= 0 else whole


@lru_cache(maxsize=256)
def _signs_of(form: str) -> str:
    """Of a format of zeros these, and the signs that stand between them; empty for every other one."""
    shown = _SHOWS_NOTHING.sub("", form.split(";")[0])
    return shown.replace("\\", "") if _ZEROS.fullmatch(shown) else ""


def _padded(number: int, signs: str) -> str:
    places = signs.count("0")
    digits = f"{number:0{places}}"
    rest = iter(digits)
    more = islice(rest, len(digits) - places)
    return "".join([*more, *(next(rest) if sign == "0" else sign for sign in signs)])


def _too_wide(number: int, cells: Cells, width: int) -> Row:
    beyond = next(at for at, cell in enumerate(cells) if at >= width and not _is_empty((cell,)))
    what = f"the row has a value in column {get_column_letter(beyond + 1)}, which has no name"
    raw = repr([text_of(cell) for cell in _stripped(cells)]).encode("utf-8", "surrogatepass")
    return Row(
        number, None, RowFault(Reason.MISSING_FIELD, "id", what, "give the column a name, or clear its cells"), raw
    )


def _is_empty(cells: Cells) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _stripped(cells: Cells) -> list[Any]:
    return ["" if cell is None else cell for cell in cells]
