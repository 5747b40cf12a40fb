"""Rows of a Parquet file, a row group's batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from touchline.errors import WrongUsage
from touchline.producers.imports.rows.row import FileDamaged, Row

_ROWS_PER_BATCH = 16_384


class ParquetRows:
    """An open Parquet file; only the columns that are asked for are read."""

    unit = "rows"

    def __init__(self, path: Path, wanted: set[str] | None = None) -> None:
        """Reads the footer. Raises WrongUsage where that fails."""
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
        self.columns: list[str] | None = list(self._file.schema_arrow.names)
        self._read = None if wanted is None else [name for name in self.columns if name in wanted]
        self.size = int(self._file.metadata.num_rows)
        self.position = 0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        number = 0
        try:
            for batch in self._file.iter_batches(_ROWS_PER_BATCH, columns=self._read):
                columns = [_values(batch.column(index)) for index in range(batch.num_columns)]
                names = batch.schema.names
                for cells in zip(*columns, strict=True):
                    number += 1
                    self.position = number
                    yield Row(number, dict(zip(names, cells, strict=True)))
        except (pa.ArrowException, OSError):
            raise FileDamaged(self._path, f"it cannot be read beyond row {number:,}") from None


def _values(column: pa.Array) -> list[object]:
    # Python's datetime has no nanoseconds; the contract cuts what is beyond microseconds, too.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[object] = column.to_pylist()
    return values
