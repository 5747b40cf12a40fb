"""What every kind of file gives: numbered rows of named cells, or why a row is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from touchline.errors import TouchlineError, WrongUsage
from touchline.schemas.reasons import Reason


class FileDamaged(TouchlineError):
    """A file breaks off; the rows before were given."""

    def __init__(self, path: Path, where: str) -> None:
        super().__init__(f"{path} is damaged: {where}", "fetch it again; the rows before have been sent")


class NoNames(WrongUsage):
    """The line that should name the columns does not."""


class RowFault(NamedTuple):
    """Why a row becomes no event: reason and field as in the quarantine, what is the case (shapes, never values), and the remedy."""

    reason: Reason
    field: str
    what: str
    hint: str


class Row(NamedTuple):
    """One row. `number` is the line it starts in, from 1 (of Parquet and .xlsx the row's). `cells` is None where the row is damaged:
    then `fault` says why, and `raw` is what stands there."""

    number: int
    cells: Mapping[str, Any] | None
    fault: RowFault | None = None
    raw: bytes = b""


class RowFile(Protocol):
    """An open file of rows. `columns` is None where rows name their own cells; `size` and `position` are in `unit`s."""

    columns: list[str] | None
    size: int
    unit: str

    @property
    def position(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    def close(self) -> None: ...
