"""Which reader a file needs, by the mapping or by its name."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from touchline.errors import WrongUsage
from touchline.producers.imports.exports.open import READERS
from touchline.producers.imports.mapping.file_form import FileForm
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows.chosen import ChosenRows
from touchline.producers.imports.rows.csv_rows import CsvRows
from touchline.producers.imports.rows.frame import (
    FirstRows,
    first_csv_rows,
    names_line,
    require_a_row,
    require_no_second_names,
)
from touchline.producers.imports.rows.ndjson_rows import NdjsonRows
from touchline.producers.imports.rows.row import NoNames, RowFile
from touchline.wording import counted

if TYPE_CHECKING:
    from touchline.producers.imports.rows.xlsx_rows import XlsxRows

FORMATS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson", ".parquet": "parquet",
    ".xlsx": "xlsx",
}  # fmt: skip

_OTHER_SPREADSHEETS: Final = frozenset((".xlsm", ".xlsb", ".xls", ".ods", ".numbers"))
_PACKED: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How spreadsheets begin, whatever their name is; zip archives as well."""
_GZIP: Final = b"\x1f\x8b"
_FRAMED: Final = ("csv", "xlsx")
"""Formats in which people write titles and names around the rows."""


def open_rows(path: Path, mapping: Mapping) -> RowFile:
    """The rows of the file that are events, whose columns are those that the mapping reads. Raises WrongUsage where it cannot be read or
    lacks columns."""
    chosen = mapping.file.format or format_of(path)
    wanted = {column for _, column in mapping.columns()}
    rows = _open(path, mapping, chosen)
    try:
        _require_columns(path, rows.columns, mapping, chosen)
        if chosen in _FRAMED:
            open_sheet = rows if chosen == "xlsx" else None
            require_no_second_names(path, mapping.file, wanted, _first_rows(path, mapping, chosen, open_sheet))
        if chosen == "xlsx":  # its rows can be read again
            require_a_row(path, rows, wanted, is_framed=True)
    except BaseException:
        rows.close()
        raise
    if chosen in ("csv", "ndjson", *READERS):
        try:
            require_a_row(path, rows, wanted, is_framed=chosen in _FRAMED)
        finally:
            rows.close()
        rows = _open(path, mapping, chosen)
    return ChosenRows.of(rows, mapping)


class Names(NamedTuple):
    """The names of the columns of a file, and the rows of names below those."""

    columns: list[str]
    further: list[list[str]]


def names_in(path: Path, mapping: Mapping) -> Names | None:
    """None where rows name their own cells. Raises WrongUsage where the file cannot be read."""
    chosen = mapping.file.format or format_of(path)
    rows = _open(path, mapping, chosen)
    try:
        if rows.columns is None:
            return None
        if chosen != "xlsx":
            return Names(rows.columns, rows.further_names if isinstance(rows, CsvRows) else [])
        first = islice(_first_rows(path, mapping, chosen, rows), 1, mapping.file.header_rows or 1)
        return Names(rows.columns, [cells for _, cells in first])
    finally:
        rows.close()


def require_columns(path: Path, names: Names, mapping: Mapping) -> None:
    """Raises WrongUsage where the mapping reads a column that the file does not have."""
    _require_columns(path, names.columns, mapping, mapping.file.format or format_of(path))


def _require_text(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return  # told by whoever opens it
    if start and start.startswith(_GZIP) != (path.suffix == ".gz"):
        is_gzip = start.startswith(_GZIP)
        raise WrongUsage(
            f"{path} is compressed with gzip, and its name does not say so" if is_gzip else f"{path} is not compressed",
            "add .gz to its name" if is_gzip else "leave .gz out of its name",
        )
    if start in _PACKED:
        raise WrongUsage(
            f"{path} is a spreadsheet or an archive, and no text",
            "write `file: {format: xlsx}` into the mapping, or call it .xlsx, where it is a workbook; unpack an archive",
        )


def _open(path: Path, mapping: Mapping, chosen: str) -> RowFile:
    if chosen in READERS:
        if path.suffix != ".parquet":
            _require_text(path)
        return READERS[chosen](path, mapping)
    if chosen == "ndjson":
        _require_text(path)
        return NdjsonRows(path)
    if chosen == "parquet":
        try:
            from touchline.producers.imports.rows.parquet_rows import ParquetRows
        except ModuleNotFoundError:
            raise WrongUsage("Parquet files need pyarrow", "pip install 'touchline[import]'") from None
        return ParquetRows(path, None if mapping.id.content else {column for _, column in mapping.columns()})
    if chosen == "csv":
        _require_text(path)
    try:
        return CsvRows(path, mapping.file) if chosen == "csv" else _open_sheet(path, mapping.file)
    except NoNames:
        _require_names_first(path, mapping, chosen)
        raise


def _open_sheet(path: Path, form: FileForm) -> XlsxRows:
    try:
        from touchline.producers.imports.rows.xlsx_rows import XlsxRows
    except ModuleNotFoundError:
        raise WrongUsage(".xlsx files need openpyxl", "pip install 'touchline[import]'") from None
    return XlsxRows(path, form)


def _first_rows(path: Path, mapping: Mapping, chosen: str, rows: RowFile | None = None) -> FirstRows:
    """Of the open sheet where its names could be read; else with a name that is given, since these cannot be missing."""
    if chosen == "csv":
        return first_csv_rows(path, mapping.file)
    if rows is not None:
        return cast("XlsxRows", rows).first_rows()
    sheet = _open_sheet(path, mapping.file.model_copy(update={"header": ("-",), "header_rows": None}))
    try:
        return list(sheet.first_rows())
    finally:
        sheet.close()


def format_of(path: Path) -> str:
    """By the file's name. Raises WrongUsage."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in _OTHER_SPREADSHEETS:
        raise WrongUsage(
            f"{path} is a spreadsheet of a kind that is not read ({suffixes[-1]})",
            "save it as .xlsx or as CSV UTF-8 in the spreadsheet program",
        )
    found = FORMATS.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise WrongUsage(
            f"the name of {path} does not tell its format",
            "write `file: {format: csv}` (or ndjson, parquet, xlsx) into the mapping",
        )
    return found


def _require_columns(path: Path, columns: list[str] | None, mapping: Mapping, chosen: str) -> None:
    if not columns:  # rows name their own cells, or the file is empty
        return
    missing = [(field, column) for field, column in mapping.columns() if column not in columns]
    if not missing:
        return
    if chosen in _FRAMED:
        _require_names_first(path, mapping, chosen)
    column = missing[0][1]
    close = get_close_matches(column, columns, n=1)
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"it has: {', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}"
    )
    if not close and chosen in _FRAMED and len(missing) == len(mapping.columns()) and not mapping.file.header:
        # It may be a row of values, which are not told.
        hint = (
            f"its first {'row' if chosen == 'xlsx' else 'line'} has {counted(len(columns), 'cell')}, none of which is "
            "a column of the mapping: "
            + ("if it is separated by something else, write `file: {delimiter: …}`, " if chosen == "csv" else "")
            + "if titles stand above the names, `file: {skip_lines: …}`, if no line names the columns, "
            "`file: {header: […]}`."
        )
    named = ", ".join(f"{column!r} ({field})" for field, column in missing)
    raise WrongUsage(
        f"{path} has no column {named}",
        f"{hint} In the mapping a bare name is a column; a fixed value is {{constant: {column}}}",
    )


def _require_names_first(path: Path, mapping: Mapping, chosen: str) -> None:
    """Raises WrongUsage where the names of the columns stand in another line than the one they were looked for in."""
    line = names_line({column for _, column in mapping.columns()}, _first_rows(path, mapping, chosen))
    if line is not None and line > mapping.file.skip_lines + 1:
        raise WrongUsage(
            f"the names of the columns stand in line {line} of {path}",
            f"write `file: {{skip_lines: {line - 1}}}` into the mapping",
        )
