"""Which reader a file needs, by the mapping or by its name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows.csv_rows import CsvRows
from touchline.producers.imports.rows.ndjson_rows import NdjsonRows
from touchline.producers.imports.rows.row import RowFile

FORMATS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson", ".parquet": "parquet",
}  # fmt: skip


def open_rows(path: Path, mapping: Mapping) -> RowFile:
    """The rows of the file, whose columns are those that the mapping reads. Raises WrongUsage where it cannot be read or lacks columns."""
    chosen = mapping.file.format or format_of(path)
    rows: RowFile
    if chosen == "csv":
        rows = CsvRows(path, mapping.file.delimiter, mapping.file.encoding, mapping.file.header)
    elif chosen == "ndjson":
        rows = NdjsonRows(path)
    else:
        try:
            from touchline.producers.imports.rows.parquet_rows import ParquetRows
        except ModuleNotFoundError:
            raise WrongUsage("Parquet files need pyarrow", "pip install 'touchline[import]'") from None
        rows = ParquetRows(path, None if mapping.id.content else {column for _, column in mapping.columns()})
    try:
        _require_columns(path, rows.columns, mapping, chosen)
    except BaseException:
        rows.close()
        raise
    return rows


def format_of(path: Path) -> str:
    """By the file's name. Raises WrongUsage."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    found = FORMATS.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise WrongUsage(
            f"the name of {path} does not tell its format",
            "write `file: {format: csv}` (or ndjson, parquet) into the mapping",
        )
    return found


def _require_columns(path: Path, columns: list[str] | None, mapping: Mapping, chosen: str) -> None:
    if not columns:  # rows name their own cells, or the file is empty
        return
    missing = [(field, column) for field, column in mapping.columns() if column not in columns]
    if not missing:
        return
    column = missing[0][1]
    close = get_close_matches(column, columns, n=1)
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"it has: {', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}"
    )
    if not close and chosen == "csv" and len(missing) == len(mapping.columns()) and not mapping.file.header:
        # It may be a row of values, which are not told.
        hint = (
            f"its first line has {len(columns)} cells, none of which is a column of the mapping: if it names no columns, write "
            "`file: {header: […]}`, if it is separated by something else, `file: {delimiter: …}`."
        )
    named = ", ".join(f"{column!r} ({field})" for field, column in missing)
    raise WrongUsage(
        f"{path} has no column {named}",
        f"{hint} In the mapping a bare name is a column; a fixed value is {{constant: {column}}}",
    )
