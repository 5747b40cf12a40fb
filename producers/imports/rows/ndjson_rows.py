"""Rows of an NDJSON file: an object a line, its nested fields named by dotted paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from touchline.producers.imports.rows.row import Row, RowFault
from touchline.producers.imports.rows.text import Lines
from touchline.schemas.reasons import Reason

_BOM = b"\xef\xbb\xbf"


class NdjsonRows:
    """An open NDJSON file; blank lines are skipped."""

    unit = "bytes"
    columns: list[str] | None = None

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        self._lines = Lines(path)
        self.size = self._lines.size

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._lines.position

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        for number, line in enumerate(self._lines, start=1):
            text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if not text:
                continue
            try:
                value = from_json(text, allow_inf_nan=False)
            except ValueError:
                yield _damaged(number, text, "the line is no JSON", "write one JSON object a line")
                continue
            if isinstance(value, dict):
                yield Row(number, _flat(value))
            else:
                yield _damaged(number, text, "the line is no JSON object", "write one JSON object a line")


def _damaged(number: int, text: bytes, what: str, hint: str) -> Row:
    return Row(number, None, RowFault(Reason.MISSING_FIELD, "id", what, hint), text)


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    if not prefix and not any(isinstance(one, dict) for one in value.values()):
        return value
    cells: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, dict):
            cells |= _flat(one, f"{prefix}{name}.")
        else:
            cells[prefix + name] = one
    return cells
