"""The id of a row's event: by the columns that number the row, or by all that stands in it.

Why: docs/decisions/0100.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping as Cells, Sequence
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.cells import CellUnreadable, fault_of, is_empty, require_readable, text_of
from touchline.producers.imports.mapping.model import Key
from touchline.producers.imports.rows.row import Row, RowFault
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import shape_of

_MOMENT: Final = ""
"""No column is called so."""


class RowIds:
    """Of the rows of one file. By content it counts equal rows, so each row must be shown to it in order. `time_of` is the moment that
    the columns `time` of a row say, None where they cannot be read."""

    def __init__(self, key: Key, time: Sequence[str], time_of: Callable[[Cells[str, Any]], str | None]) -> None:
        self._key = key
        self._time, self._time_of = frozenset(time), time_of
        self._equal_rows: Counter[str] = Counter()
        self._seal: Callable[[str], str] | None = None

    def seal_by(self, seal: Callable[[str], str]) -> None:
        """How ids are made of contents, and of columns that may name somebody (EventProducer.content_id)."""
        self._seal = seal

    def of(self, key: str) -> str:
        """The id of the joined key of a row."""
        return self._key.prefix + (self._sealed(key) if self._key.sealed else key)

    def _sealed(self, text: str) -> str:
        if self._seal is None:
            raise WrongUsage("ids of the mapping are sealed, and nothing seals them", "send the rows by a producer")
        return self._seal(text)

    def skip(self, row: Row) -> None:
        """A row that an earlier run has sent."""
        if self._key.content and row.cells is not None:
            self._equal_rows[self._content(row)] += 1

    def put(self, row: Row, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        """Into the event; what no id can be made of is a fault."""
        key = self._key
        if key.content:
            content = self._content(row)
            self._equal_rows[content] += 1
            event["id"] = f"{key.prefix}{content}-{self._equal_rows[content]}"
            return
        parts = []
        for column in key.columns:
            value = cells.get(column)
            if type(value) is str and (text := value.strip()):  # nearly all
                parts.append(text)
                continue
            if is_empty(value):
                hint = "give it a value, or key the rows by other columns"
                faults.append(RowFault(Reason.MISSING_FIELD, "id", f"column {column} is empty", hint))
                return
            try:
                parts.append(_single(value))
            except CellUnreadable as error:
                faults.append(fault_of(error, "id", column))
                if not key.sealed:
                    event["id"] = [text_of(value)]
                return
        event["id"] = self.of(joined_key(parts) if len(parts) > 1 else parts[0])

    def _content(self, row: Row) -> str:
        """Keyed hash of the cells of some columns, else of all, whatever their order. Texts are taken as they stand, so 1 is not 1.0;
        of some columns the time is what they say, for a tool may write it in another zone the next time."""
        assert row.cells is not None
        columns = self._key.columns
        cells = {name: row.cells.get(name) for name in columns} if columns else dict(row.cells)
        if self._time <= set(columns) and (moment := self._time_of(row.cells)) is not None:
            cells = {name: value for name, value in cells.items() if name not in self._time} | {_MOMENT: moment}
        pairs = sorted((name, value if isinstance(value, str) else str(value)) for name, value in cells.items())
        return self._sealed(json.dumps(pairs, ensure_ascii=True))


def joined_key(parts: Sequence[str]) -> str:
    """Several cells as one text: a/b and c must not be the key of a and b/c."""
    joined = "/".join(parts)
    if "%" in joined or joined.count("/") >= len(parts):
        return "/".join([part.replace("%", "%25").replace("/", "%2F") for part in parts])
    return joined


def _single(value: Any) -> str:
    if isinstance(value, list | tuple | dict):
        raise CellUnreadable(f"{shape_of(value)} is no single value", "key the rows by columns that hold one value")
    require_readable(value)
    return text_of(value)
