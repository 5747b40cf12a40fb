"""From a cell to what names a person."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from touchline.producers.imports.mapping.cells import CellUnreadable, is_empty, require_readable, text_of
from touchline.producers.imports.mapping.model import IdentifierColumn
from touchline.producers.imports.mapping.read_before import ReadBefore
from touchline.schemas.markers import Markers
from touchline.schemas.nobody import is_nobody
from touchline.schemas.tool_forms import plain


class Named:
    """Identifiers of one type, from a column or the same in every row; `nobody` are the whole mapping's markers."""

    def __init__(self, kind: str, cell: IdentifierColumn, nobody: tuple[str, ...]) -> None:
        self.kind = kind
        self.column = cell.column
        self._cell = cell
        self._markers = Markers((*nobody, *cell.nobody))
        self.constant = cell.constant
        self._known = ReadBefore(self.name_of)

    def name_in(self, cells: Any) -> Any:
        """What names a person, None for nobody; a list names nobody and is left for the check to refuse. Raises CellUnreadable."""
        if self.column is None:
            return text_of(self.constant)
        value = cells.get(self.column)
        return self._known[value] if type(value) is str else self.name_of(value)

    def name_of(self, value: Any) -> Any:
        """The same of a cell, or of the constant."""
        cell = self._cell
        if is_empty(value):
            value = cell.default
        if isinstance(value, list | tuple | dict):
            return value or None
        if value is not None and cell.values:
            text = text_of(value)
            value = cell.values.get(text, value)
        if is_empty(value):
            return None
        if isinstance(value, date | time | timedelta):
            raise CellUnreadable(
                "a day or a time, which names nobody; a spreadsheet makes one of 3-12", "format the column as text"
            )
        text = text_of(value)
        if self._markers and self._markers.name_nobody(self.kind, text):
            return None
        if not (text.startswith("#") and is_nobody(plain(text))):  # #N/A is nobody, as in the CSV of the same sheet
            require_readable(value)
        return text
