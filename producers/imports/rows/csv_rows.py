"""Rows of a CSV file. A row that is damaged (an open quote, too many cells) costs itself and no other.

An open quote makes the csv module swallow the lines that follow. Where a row that spans several lines is damaged, only its first line
is given up, and the others are read anew.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.rows.frame import first_csv_rows
from touchline.producers.imports.rows.names import joined_names, numbered_names
from touchline.producers.imports.rows.row import NoNames, Row, RowFault
from touchline.producers.imports.rows.text import Lines
from touchline.schemas.reasons import Reason
from touchline.schemas.tool_forms import VISIBLE

_HINT_QUOTES: Final = "close the quote, and double quotes within a quoted cell"
_HINT_LINE_ENDS: Final = "save it as CSV UTF-8, whose lines end with a line feed"
_NOTHING: Final = " \t\r\n\f\v\0\x1a\u00a0"
"""Also the sign with which DOS ends a file, and what fills a block up."""
_RULE: Final = re.compile(r"\s*:?[-=+]{2,}:?\s*")
_COUNT: Final = re.compile(r"\(\d+ [^\W\d]+(?: [^\W\d]+)?\)")
"""`(2 rows affected)`, in any language."""
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_BOM: Final = b"\xef\xbb\xbf"
_ROWS_LOOKED_AT: Final = 15
"""Below the names: a spreadsheet may end 16 lines so, and the next 16 otherwise."""


class CsvRows:
    """An open CSV file; its first line names the columns unless `form` names them, or says where else they stand."""

    unit = "bytes"

    def __init__(self, path: Path, form: FileForm) -> None:
        """Reads the names. Raises WrongUsage where the file cannot be read or names are missing or repeated."""
        self._lines = Lines(path)
        self._delimiter = form.delimiter
        self._encoding = form.encoding
        self._characters = form.escapes
        self._escapes = re.compile("|".join(map(re.escape, form.escapes))) if form.escapes else None
        self.size = self._lines.size
        self._source = iter(self._lines)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._consumed: list[tuple[int, bytes]] = []
        self._line_number = 0
        self._names: list[str] = []
        """The cells of the line that names the columns."""
        self._no_cells = 0
        """How many empty cells behind the columns are none: each line ends with so many delimiters."""
        self.further_names: list[list[str]] = []
        """The rows of names below the first."""
        try:
            self._skip_lines(form.skip_lines)
            self.columns: list[str] | None = list(form.header)
            if not form.header:
                self.columns = self._header(path, form.names)
            rows_left = (0 if form.header else 1) if form.header_rows is None else form.header_rows
            self._skip_rows((rows_left if form.header else rows_left - 1) - len(self.further_names))
            named = max(len(self._names) - len(self.columns), 0) if self._names else 0
            self._no_cells = self._delimiters_at_ends(path, form, len(self.columns), named)
        except BaseException:
            self.close()
            raise

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._lines.position

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        columns = self.columns or []
        width = len(columns)
        reader = self._reader()
        while True:
            self._consumed.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._give_up(f"the line is no CSV ({_words(error)})", _HINT_QUOTES)
                reader = self._reader()
                continue
            if self._is_frame(cells):
                continue
            if len(cells) == width or (len(cells) == width + self._no_cells and not any(cells[width:])):
                yield Row(self._consumed[0][0], dict(zip(columns, self._unescaped(cells), strict=False)))
            else:
                yield self._give_up(
                    f"the row has {len(cells)} cells, the first line names {width} columns",
                    f"write {width} cells, in quotes those that hold {self._delimiter!r}; where all lines end so, end the first so",
                )

    def _unescaped(self, cells: list[str]) -> list[str]:
        if self._escapes is None:
            return cells
        return [self._escapes.sub(lambda found: self._characters[found[0]], cell) for cell in cells]

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._texts(), delimiter=self._delimiter, strict=True)

    def _texts(self) -> Iterator[str]:
        while True:
            if self._waiting:
                number, line = self._waiting.popleft()
            else:
                line = next(self._source, b"")
                if not line:
                    return
                self._line_number += 1
                number = self._line_number
                line = line.removeprefix(_BOM)  # of files that were joined each may have one
            self._consumed.append((number, line))
            yield line.decode(self._encoding, "surrogateescape")

    def _is_frame(self, cells: list[str]) -> bool:
        """Whether a row holds none of the data: it is empty, a rule, the number of rows, or names the columns again."""
        if cells and cells[0][:1].isalnum():  # most are data, and this costs a tenth of what the rest does
            return cells == self._names
        filled = [cell for cell in cells if cell.strip(_NOTHING)]
        if not filled or all(map(_RULE.fullmatch, filled)):
            return True
        is_count = len(filled) == 1 and _COUNT.fullmatch(filled[0].strip()) is not None
        return is_count or (bool(self._names) and _visible(cells) == self._names)

    def _delimiters_at_ends(self, path: Path, form: FileForm, width: int, named: int) -> int:
        """How many delimiters end each line: as many as end the line of the names (`named`), unless most of the first rows end otherwise;
        else as many as end all of these at least. After an unquoted comma a row whose last cell is empty looks so, too, and its cells
        would stand under other names."""
        rows = (cells for _, cells in first_csv_rows(path, form) if len(cells) >= width and not self._is_frame(cells))
        first = list(islice(rows, _ROWS_LOOKED_AT))
        if named and 2 * sum(len(cells) == width + named and not any(cells[width:]) for cells in first) >= len(first):
            return named
        least = min(map(len, first), default=width)
        alike = [cells for cells in first if len(cells) == least]
        return least - width if len(alike) > 1 and not any(any(cells[width:]) for cells in alike) else 0

    def _give_up(self, what: str, hint: str) -> Row:
        (number, line), *others = self._consumed
        self._waiting.extendleft(reversed(others))
        return Row(number, None, RowFault(Reason.MISSING_FIELD, "id", what, hint), line.rstrip(b"\r\n"))

    def _skip_lines(self, count: int) -> None:
        for _ in range(count):
            next(self._texts(), None)
        self._consumed.clear()

    def _skip_rows(self, count: int) -> None:
        """Rows below the names that are none of the data; one may span several lines."""
        reader = self._reader()
        for _ in range(count):
            self._consumed.clear()
            try:
                self.further_names.append(next(reader, []))
            except csv.Error:
                return  # the rows that follow tell it

    def _header(self, path: Path, form: str) -> list[str]:
        try:
            above = (row for row in self._reader() if any(cell.strip() for cell in row))
            names = self._names = _visible(next(above, []))
            first = self._consumed[0][1] if self._consumed else b""
            if b"\0" in first:
                raise WrongUsage(f"{path} is UTF-16, or no text", "save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
        except csv.Error as error:
            hint = _HINT_LINE_ENDS if "new-line" in str(error) else _HINT_QUOTES
            raise NoNames(f"the first line of {path} is no CSV ({_words(error)})", hint) from None
        if any(_UNDECODED.search(name) for name in names):
            raise WrongUsage(
                f"the first line of {path} is not in the encoding {self._encoding}",
                "write `file: {encoding: cp1252}` into the mapping where an old program made it, or save it as UTF-8",
            )
        if form == "joined":
            self._skip_rows(1)
            names = joined_names(names, _visible(self.further_names[0]) if self.further_names else [])
        while names and not names[-1]:
            names = names[:-1]
        if form != "unique":
            return numbered_names(names)
        repeated = sorted({name for name in names if names.count(name) > 1})
        if "" in repeated:
            raise NoNames(
                f"several cells of the first line of {path} are empty, so it names no columns",
                "where the names stand further down, write `file: {skip_lines: <lines above them>}` into the mapping",
            )
        if repeated:
            raise NoNames(
                f"{path} has several columns {', '.join(map(repr, repeated))}",
                "give each its own name, or say in the mapping how they are called: `file: {names: numbered}` for `name (2)`, or list "
                "names (file: {header: […], header_rows: 1})",
            )
        return names


def _visible(cells: list[str]) -> list[str]:
    return [cell.translate(VISIBLE).strip() for cell in cells]


def _words(error: csv.Error) -> str:
    text = str(error)
    if "new-line" in text:
        return "its lines end with a carriage return alone, as on old Macs"
    return (
        "a quote that nothing closes"
        if "unexpected end" in text
        else "a cell that is too long"
        if "limit" in text
        else "quotes within a cell"
    )
