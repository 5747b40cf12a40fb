"""The rows of a file that are events; the others are read over and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping as Cells
from typing import Any

from touchline.producers.imports.mapping.cells import is_empty, text_of
from touchline.producers.imports.mapping.file_form import RowChoice
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows.row import Row, RowFile


class ChosenRows:
    """An open file, without the rows that `rows` of the mapping leaves out. A damaged row is given: nobody knows what it was."""

    def __init__(self, rows: RowFile, mapping: Mapping) -> None:
        self._rows = rows
        self.columns, self.size, self.unit = rows.columns, rows.size, rows.unit
        self.passed_over = 0
        """Rows so far that are no events."""
        nothing = frozenset(mapping.file.null_values)
        cells = [*mapping.fields.values(), *mapping.properties.values()]
        self._required = [
            [(column, nothing.union(*(cell.nothing for cell in cells if cell.column == column))) for column in columns]
            for columns in mapping.rows.required()
        ]
        self._without = [(column, frozenset(texts)) for column, texts in mapping.rows.without.items()]

    @classmethod
    def of(cls, rows: RowFile, mapping: Mapping) -> RowFile:
        """The file as it is where the mapping leaves no row out."""
        return rows if mapping.rows == RowChoice() else cls(rows, mapping)

    @property
    def left_out(self) -> object:
        """What the file within left out itself."""
        return getattr(self._rows, "left_out", None)

    @property
    def position(self) -> int:
        """As of the file."""
        return self._rows.position

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if row.cells is None or self._is_event(row.cells):
                yield row
            else:
                self.passed_over += 1

    def _is_event(self, cells: Cells[str, Any]) -> bool:
        if any(column in cells and text_of(cells[column]) in texts for column, texts in self._without):
            return False
        return all(
            any(
                not is_empty(value) and text_of(value) not in nothing
                for column, nothing in columns
                for value in (cells.get(column),)
            )
            for columns in self._required
        )
