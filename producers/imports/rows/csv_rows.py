"""Rows of a CSV file. A row that is damaged (an open quote, too many cells) costs itself and no other.

An open quote makes the csv module swallow the lines that follow. Where a row that spans several lines is damaged, only its first line
is given up, and the others are read anew.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import Row, RowFault
from touchline.producers.imports.rows.text import Lines
from touchline.schemas.reasons import Reason

_HINT_QUOTES: Final = "close the quote, and double quotes within a quoted cell"
_BOM: Final = b"\xef\xbb\xbf"


class CsvRows:
    """An open CSV file; its first line names the columns unless `header` does."""

    unit = "bytes"

    def __init__(self, path: Path, delimiter: str, encoding: str, header: tuple[str, ...]) -> None:
        """Reads the names. Raises WrongUsage where the file cannot be read or names are missing or repeated."""
        self._lines = Lines(path)
        self._delimiter = delimiter
        self._encoding = encoding
        self.size = self._lines.size
        self._source = iter(self._lines)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._consumed: list[tuple[int, bytes]] = []
        self._line_number = 0
        try:
            self.columns: list[str] | None = list(header) or self._header(path)
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
            if len(cells) == width:
                yield Row(self._consumed[0][0], dict(zip(columns, cells, strict=True)))
            elif cells and any(cells):
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

    def _header(self, path: Path) -> list[str]:
        try:
            names = [name.strip() for name in next(self._reader(), [])]
            first = self._consumed[0][1] if self._consumed else b""
            if b"\0" in first:
                raise WrongUsage(f"{path} is UTF-16, or no text", "save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
        except csv.Error as error:
            raise WrongUsage(f"the first line of {path} is no CSV ({_words(error)})", _HINT_QUOTES) from None
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise WrongUsage(
                f"{path} has several columns {', '.join(map(repr, repeated))}",
                "give each its own name, or list names in the mapping (file: {header: […]})",
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
