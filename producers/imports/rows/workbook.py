"""An .xlsx workbook (ISO/IEC 29500): the sheet that is meant, and what openpyxl does not tell of it while it streams.

openpyxl gives a formula without a stored result as an empty cell, and merged cells as empty ones; both would be lost in silence. So the
sheet's XML is looked through once before its rows are read.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from openpyxl import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from touchline.errors import WrongUsage

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

UNREADABLE: Final = (
    OSError, EOFError, KeyError, ValueError, TypeError, IndexError, AttributeError, SyntaxError, zlib.error, zipfile.BadZipFile,
    InvalidFileException,
)  # fmt: skip
"""What openpyxl raises of files that are no workbooks, or damaged ones (an XML error is a SyntaxError)."""
_EAST_ASIAN_DAYS: Final = dict.fromkeys((*range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd")
_EAST_ASIAN_CLOCKS: Final = dict.fromkeys(range(32, 36), "h:mm:ss")
"""Formats that a Chinese, Japanese or Korean spreadsheet names by number only (ISO/IEC 29500-1, 18.8.30). openpyxl does not know them."""
BUILTIN_FORMATS.update(_EAST_ASIAN_DAYS | _EAST_ASIAN_CLOCKS)
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_TEXTS_BYTES_MAX: Final = 256 << 20
"""The texts of a workbook stand in one table, which is held in memory."""
_CHUNK: Final = 1 << 20
_TAG_MAX: Final = 256
_TAGS: Final = re.compile(
    rb'<(?:[\w.-]+:)?(?:(row)(?=[\s/>])(?:[^>]*?\sr\s*=\s*"([0-9]+)")?|(f)(?=[\s/>])|mergeCell\s[^>]*?ref\s*=\s*"([A-Z]+[0-9]+:[A-Z]+[0-9]+)")'
)


class Sheet(Protocol):
    """What we use of openpyxl's sheet for reading, whose types say less. It has no public way to the sheet's own bytes."""

    title: str
    sheet_state: str

    def reset_dimensions(self) -> None: ...
    def iter_rows(self) -> Iterator[tuple[Any, ...]]: ...
    def _get_source(self) -> IO[bytes]: ...


class Merged(NamedTuple):
    """A range of cells that are one, all counted from 1."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int


class Outline(NamedTuple):
    """What stands in a sheet's XML: how many rows, whether formulas do, and which cells are merged."""

    rows: int
    has_formulas: bool
    merged: tuple[Merged, ...]


def open_workbook(path: Path, *, with_formulas: bool = False) -> Workbook:
    """With results in place of formulas, unless these are asked for. Raises WrongUsage where it cannot be read."""
    _require_workbook(path)
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # of styles and extensions
    with told(path):
        return load_workbook(path, read_only=True, data_only=not with_formulas)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Says of a damaged workbook that it is one. Raises WrongUsage."""
    try:
        yield
    except UNREADABLE as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no workbook, or a damaged one"
        raise WrongUsage(
            f"{path} cannot be read ({reason})", "open it in a spreadsheet program and save it again as .xlsx"
        ) from None


def sheet_of(book: Workbook, path: Path, wanted: str | int | None) -> Sheet:
    """The sheet of that name or number (of those that are not hidden, from 1); None: the only one that is not hidden. Raises WrongUsage."""
    sheets = [cast(Sheet, sheet) for sheet in book.worksheets]
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in sheets if sheet.title == str(wanted).strip()]
    if named:
        return named[0]
    if isinstance(wanted, int) and 1 <= wanted <= len(visible):
        return visible[wanted - 1]
    if wanted is None and len(visible) == 1:
        return visible[0]
    names = ", ".join(repr(sheet.title) for sheet in visible[:12]) + (", …" if len(visible) > 12 else "")
    if wanted is not None:
        raise WrongUsage(f"{path} has no sheet {wanted!r}", f"it has: {names or 'hidden sheets only'}")
    if not visible:
        raise WrongUsage(
            f"{path} has no sheet that can be seen", "write `file: {sheet: <name>}` into the mapping, or show the sheet"
        )
    raise WrongUsage(
        f"{path} has {len(visible)} sheets: {names}",
        f"write `file: {{sheet: {visible[0].title}}}` into the mapping, or another of them",
    )


def outline_of(book: Workbook, sheet: Sheet) -> Outline:
    """Reads the sheet's XML once, a piece at a time. Raises ValueError where its rows are out of order, of which openpyxl leaves
    some out."""
    rows, number, has_formulas, merged = 0, 0, False, list[Merged]()
    for found in _tags(sheet._get_source()):
        if found[1] is not None:
            rows, before = rows + 1, number
            number = before + 1 if found[2] is None else int(found[2])
            if number <= before:
                raise ValueError("rows out of order")
        has_formulas = has_formulas or found[3] is not None
        if found[4] is not None:
            first_column, first_row, last_column, last_row = range_boundaries(found[4].decode())
            merged.append(Merged(first_column or 1, first_row or 1, last_column or 1, last_row or 1))
    return Outline(rows, has_formulas, tuple(merged))


def _tags(source: IO[bytes]) -> Iterator[re.Match[bytes]]:
    with source:
        rest = b""
        while chunk := source.read(_CHUNK):
            text = rest + chunk
            end = max(0, len(text) - _TAG_MAX)
            done = 0
            for found in _TAGS.finditer(text):
                if found.start() >= end and len(chunk) == _CHUNK:
                    break  # it may be cut off: it is found again in the next piece
                done = found.end()
                yield found
            rest = text[max(done, end) :]


def _require_workbook(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
            rest = file.read(16 << 20) if start == _OLE else b""
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read ({error.strerror})", "give the path of a file") from None
    if _ENCRYPTED in rest:
        raise WrongUsage(f"{path} is protected by a password", "save it without one, in the spreadsheet program")
    if start == _OLE:
        raise WrongUsage(
            f"{path} is a spreadsheet of an old kind (.xls)",
            "save it as .xlsx or as CSV UTF-8 in the spreadsheet program",
        )
    if not start.startswith(b"PK"):
        raise WrongUsage(
            f"{path} is no .xlsx workbook" + (" (it is empty)" if not start else ""),
            "where its name is wrong, write `file: {format: csv}` (or what it is) into the mapping",
        )
    with told(path), zipfile.ZipFile(path) as archive:
        sizes = {info.filename.lower(): info.file_size for info in archive.infolist()}
    if "mimetype" in sizes and "content.xml" in sizes:
        raise WrongUsage(
            f"{path} is an OpenDocument spreadsheet", "save it as .xlsx or as CSV UTF-8 in the spreadsheet program"
        )
    if sizes.get("xl/sharedstrings.xml", 0) > _TEXTS_BYTES_MAX:
        raise WrongUsage(
            f"{path} has more than {_TEXTS_BYTES_MAX >> 20} MB of texts",
            "save it as CSV UTF-8, which is read line by line",
        )
