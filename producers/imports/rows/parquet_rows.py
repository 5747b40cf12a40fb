"""Rows of a Parquet file, a row group's batch at a time; fields of structs are named by dotted paths, as in NDJSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import FileDamaged, Row, RowFault
from touchline.schemas.reasons import Reason

_ROWS_PER_BATCH = 16_384
_UNREADABLE: Final = object()
"""Stands for a value that Python has none for."""


class ParquetRows:
    """An open Parquet file; only the columns that are asked for are read."""

    unit = "rows"

    def __init__(self, path: Path, wanted: set[str] | None = None) -> None:
        """Reads the footer. Raises WrongUsage where that fails, or where two of the columns have one name."""
        self._path = path
        try:
            self._file = pq.ParquetFile(path)
        except OSError as error:
            raise WrongUsage(
                f"{path} cannot be read ({error.strerror or 'no Parquet'})", "give the path of a file"
            ) from None
        except pa.ArrowException:
            raise WrongUsage(
                f"{path} cannot be read as Parquet", "check what wrote it, or name its format in the mapping"
            ) from None
        # Of the schema, not of an empty table: for an empty list pyarrow loads pandas where it is installed, for half a second.
        self.columns: list[str] | None = [
            name for field in self._file.schema_arrow for name in _names(field.name, field.type)
        ]
        self._read = None if wanted is None else [name for name in self.columns if name in wanted]
        read = self.columns if self._read is None else self._read
        if repeated := sorted({name for name in read if read.count(name) > 1}):
            self.close()
            raise WrongUsage(f"{path} has several columns {', '.join(map(repr, repeated))}", "give each its own name")
        self.size = int(self._file.metadata.num_rows)
        self.position = 0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        number = 0
        try:
            for batch in self._file.iter_batches(_ROWS_PER_BATCH, columns=self._read, use_threads=False):
                table = _flat(pa.Table.from_batches([batch]))
                names = table.column_names
                for cells in zip(*map(_values, table.columns), strict=True):
                    number += 1
                    self.position = number
                    yield _row(number, names, cells)
        except (pa.ArrowException, OSError):
            raise FileDamaged(self._path, f"it cannot be read beyond row {number:,}") from None


def _row(number: int, names: list[str], cells: tuple[object, ...]) -> Row:
    if not any(cell is _UNREADABLE for cell in cells):
        return Row(number, dict(zip(names, cells, strict=True)))
    column = next(name for name, cell in zip(names, cells, strict=True) if cell is _UNREADABLE)
    others = [None if cell is _UNREADABLE else str(cell) for cell in cells]
    fault = RowFault(
        Reason.MISSING_FIELD,
        "id",
        f"column {column} holds what cannot be read: a time beyond the calendar, or text that is not UTF-8",
        "fix it where the file is made",
    )
    return Row(number, None, fault, repr(others).encode("utf-8", "surrogateescape"))


def _names(name: str, of: pa.DataType) -> Iterator[str]:
    """Of the columns that `_flat` makes of one."""
    if not pa.types.is_struct(of):
        yield name
        return
    for member in of:
        yield from _names(f"{name}.{member.name}", member.type)


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _values(column: pa.ChunkedArray) -> list[object]:
    # Python's datetime has no nanoseconds; the contract cuts what is beyond microseconds, too.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError, KeyError):  # one value that Python cannot hold must not cost the others
        values = [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar) -> object:
    try:
        value: object = scalar.as_py()
    except (OverflowError, ValueError, KeyError):
        return _UNREADABLE
    return value
