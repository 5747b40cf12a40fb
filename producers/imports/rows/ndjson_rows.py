"""Rows of a JSON file: an object a line (NDJSON), or one array of objects, on as many lines as it likes; nested fields are named by
dotted paths."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from touchline.producers.imports.rows.json_items import JsonItems
from touchline.producers.imports.rows.row import FileDamaged, Row, RowFault
from touchline.producers.imports.rows.text import Lines, begin_of_line
from touchline.schemas.reasons import Reason

_BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_ROW_BYTES_MAX: Final = 1 << 24
"""An object that nothing closes must not fill the memory."""
_LINE_BYTES_MAX: Final = 1 << 20
"""Of an array on a longer line, as an API's list may be saved, one member at a time is held."""
_HINT_LINE: Final = "write one JSON object a line, or one array of objects"
_HINT_ARRAY: Final = "write objects within one array, or one JSON object a line"


class NdjsonRows:
    """An open JSON file; blank lines are skipped."""

    unit = "bytes"
    columns: list[str] | None = None

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        self._path = path
        begin = begin_of_line(path, _LINE_BYTES_MAX)
        is_long = len(begin) == _LINE_BYTES_MAX and begin.removeprefix(_BOM).lstrip().startswith(b"[")
        self._lines: Lines | JsonItems = JsonItems(path) if is_long else Lines(path)
        self.size = self._lines.size

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._lines.position

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()

    def __iter__(self) -> Iterator[Row]:
        if isinstance(self._lines, JsonItems):
            yield from self._members(self._lines)
            return
        lines = self._numbered(self._lines)
        is_first = True
        for number, text in lines:
            if is_first and text.startswith(b"["):
                yield from self._array(number, text[1:], lines)
            else:
                yield from _rows_in(number, text)
            is_first = False

    @staticmethod
    def _members(items: JsonItems) -> Iterator[Row]:
        """Of arrays on long lines; all count as the first line."""
        for item in items:
            if item.fault:
                yield _damaged(1, item.raw, "the object is no JSON", _HINT_ARRAY)
            else:
                yield _row_of(1, item.value)

    @staticmethod
    def _numbered(lines: Lines) -> Iterator[tuple[int, bytes]]:
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix(_BOM).strip()  # of files that were joined each may have one
            if text:
                yield number, text

    def _array(self, number: int, first: bytes, lines: Iterator[tuple[int, bytes]]) -> Iterator[Row]:
        """The objects of an array up to its end. Raises FileDamaged where it has none."""
        start, parts, size, curly, square = number, list[bytes](), 0, 0, 0
        text: bytes | None = first
        while text is not None:
            # No JSON has an object right within an object, so the one before lacks its end.
            if curly > 0 and square == 0 and text.startswith(b"{") and not parts[-1].endswith(b":"):
                yield _damaged(start, b"\n".join(parts), "the object is no JSON", _HINT_ARRAY)
                parts, size, curly = [], 0, 0
            if not parts:
                start = number
            parts.append(text)
            size += len(text)
            bare = _STRING.sub(b"", text)
            curly += bare.count(b"{") - bare.count(b"}")
            square += bare.count(b"[") - bare.count(b"]")
            if (curly <= 0 and square <= 0) or size > _ROW_BYTES_MAX:
                yield from _rows_of(start, b"\n".join(parts), is_end=square < 0)
                if square < 0:
                    return
                parts, size, curly, square = [], 0, 0, 0
            number, text = next(lines, (0, None))
        raise FileDamaged(self._path, "the array of its rows does not end")


def _rows_of(start: int, text: bytes, *, is_end: bool) -> Iterator[Row]:
    inner = (text.removesuffix(b"]") if is_end else text).strip().strip(b",")
    values = _parsed(b"[" + inner + b"]")
    if values is _NOT_JSON:  # one NaN must not cost the objects that stand beside it on one line
        values = _parsed(b"[" + inner + b"]", may_be_nan=True)
    if not isinstance(values, list):
        yield _damaged(start, text, "the object is no JSON", _HINT_ARRAY)
        return
    for value in values:
        yield _row_of(start, value)


def _row_of(number: int, value: Any) -> Row:
    """Of a member of an array."""
    if isinstance(value, dict) and _is_finite(value):
        return Row(number, _flat(value))
    what = "the object is no JSON" if isinstance(value, dict) else "the array holds what is no JSON object"
    return _damaged(number, repr(value).encode("utf-8", "replace"), what, _HINT_ARRAY)


def _rows_in(number: int, text: bytes) -> Iterator[Row]:
    """The object of a line, or the objects of an array on one line, as batches are written."""
    value = _parsed(text)
    if value is _NOT_JSON and text.endswith(b","):
        value = _parsed(text[:-1])
    if isinstance(value, dict):
        yield Row(number, _flat(value))
    elif isinstance(value, list):
        yield from (_row_of(number, member) for member in value)
    else:
        what = "the line is no JSON" if value is _NOT_JSON else "the line is no JSON object"
        yield _damaged(number, text, what, _HINT_LINE)


_NOT_JSON: Final = object()


def _parsed(text: bytes, *, may_be_nan: bool = False) -> Any:
    try:
        return from_json(text, allow_inf_nan=may_be_nan)
    except ValueError:
        return _NOT_JSON


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


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
