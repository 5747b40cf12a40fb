"""Rows of a CSV file. A row that is damaged (an open quote, too many cells) costs itself and no other.

An open quote makes the csv module swallow the lines that follow. Where a row that spans several lines is damaged, only its first line
is given up, and the others are read anew.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.model import FileForm
from touchline.producers.imports.rows.row import NoNames, Row, RowFault
from touchline.producers.imports.rows.text import Lines
from touchline.schemas.reasons import Reason

_HINT_QUOTES: Final = "close the quote, and double quotes within a quoted cell"
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_BOM: Final = b"\xef\xbb\xbf"


class CsvRows:
    """An open CSV file; its first line names the columns unless `form` names them, or says where else they stand."""

    unit = "bytes"

    def __init__(self, path: Path, form: FileForm) -> None:
        """Reads the names. Raises WrongUsage where the file cannot be read or names are missing or repeated."""
        self._lines = Lines(path)
        self._delimiter = form.delimiter
        self._encoding = form.encoding
        self.size = self._lines.size
        self._source = iter(self._lines)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._consumed: list[tuple[int, bytes]] = []
        self._line_number = 0
        try:
            self._skip_lines(form.skip_lines)
            self.columns: list[str] | None = list(form.header)
            if not form.header:
                self.columns = self._header(path)
            rows_left = (0 if form.header else 1) if form.header_rows is None else form.header_rows
            self._skip_rows(rows_left if form.header else rows_left - 1)
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
            if not any(cells):
                continue  # an empty line, or an empty row of a spreadsheet
            if len(cells) == width or (len(cells) > width and not any(cells[width:])):  # lines may end with a delimiter
                yield Row(self._consumed[0][0], dict(zip(columns, cells, strict=False)))
            else:
                yield self._give_up(
                    f"the row has {len(cells)} cells, the first line names {width} columns",
                    f"write {width} cells, separated by {self._delimiter!r}",
                )

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
                if number == 1:
                    line = line.removeprefix(_BOM)
            self._consumed.append((number, line))
            yield line.decode(self._encoding, "surrogateescape")

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
                next(reader, None)
            except csv.Error:
                return  # the rows that follow tell it

    def _header(self, path: Path) -> list[str]:
        try:
            above = (row for row in self._reader() if any(cell.strip() for cell in row))
            names = [name.strip() for name in next(above, [])]
            first = self._consumed[0][1] if self._consumed else b""
            if b"\0" in first:
                raise WrongUsage(f"{path} is UTF-16, or no text", "save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
        except csv.Error as error:
            raise NoNames(f"the first line of {path} is no CSV ({_words(error)})", _HINT_QUOTES) from None
        if any(_UNDECODED.search(name) for name in names):
            raise WrongUsage(
                f"the first line of {path} is not in the encoding {self._encoding}",
                "write `file: {encoding: cp1252}` into the mapping where an old program made it, or save it as UTF-8",
            )
        while names and not names[-1]:
            names.pop()
        repeated = sorted({name for name in names if names.count(name) > 1})
        if "" in repeated:
            raise NoNames(
                f"several cells of the first line of {path} are empty, so it names no columns",
                "where the names stand further down, write `file: {skip_lines: <lines above them>}` into the mapping",
            )
        if repeated:
            raise NoNames(
                f"{path} has several columns {', '.join(map(repr, repeated))}",
                "give each its own name, or list names in the mapping (file: {header: […], header_rows: 1})",
            )
        return names


def _words(error: csv.Error) -> str:
    text = str(error)
    return (
        "a quote that nothing closes"
        if "unexpected end" in text
        else "a cell that is too long"
        if "limit" in text
        else "quotes within a cell"
    )
