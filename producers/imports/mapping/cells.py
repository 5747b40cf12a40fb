"""From a cell to the value of a field. A cell that cannot be read raises CellUnreadable, which tells shapes and remedies, never values."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from touchline.producers.imports.mapping.model import FieldColumn, Kind
from touchline.producers.imports.mapping.numbers import NumberForm, hint_number, read_written
from touchline.producers.imports.mapping.time_format import ISO, UNIX, UNIX_MS, read_time
from touchline.producers.imports.rows.row import RowFault
from touchline.producers.imports.rows.unreadable import UnreadableCell
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import shape_of
from touchline.schemas.times import format_time, moment_of as iso_moment_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,19}")
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class _Form(NamedTuple):
    decimal: str | None = None
    thousands: str | None = None
    negative: str | None = None


_AS_PYTHON: Final = _Form(decimal=".")


class CellUnreadable(ValueError):
    """A cell is not what the mapping says of it."""

    def __init__(self, what: str, hint: str, reason: Reason = Reason.WRONG_TYPE) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.reason = reason


def fault_of(error: CellUnreadable, field: str, column: str) -> RowFault:
    """What is wrong with a row, of whose column that cell is."""
    return RowFault(error.reason, field, f"column {column}: {error.what}", error.hint)


def is_empty(value: Any) -> bool:
    """Whether nothing stands in a cell."""
    if type(value) is str:  # nearly all
        return not value or value.isspace()
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def text_of(value: Any) -> str:
    """A cell as text: one spelling for 330, 330.0 and " 330 ", whatever kind of file holds it."""
    if type(value) is str:  # nearly all
        return value.strip()
    match value:
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case _:
            return str(value)


def require_readable(value: Any) -> None:
    """Raises CellUnreadable where a spreadsheet has lost what stood in the cell, or where it has two readings."""
    if type(value) is UnreadableCell:
        raise CellUnreadable(value.what, value.hint)


def is_nothing(cell: FieldColumn, value: Any) -> bool:
    """Whether nothing stands in a cell of that column, or a text that the mapping says means nothing."""
    return is_empty(value) or (bool(cell.nothing) and text_of(value) in cell.nothing)


def value_of(cell: FieldColumn, value: Any, kind: Kind | None) -> Any:
    """The value of a field of that type (None: as it is typed in the file). Raises CellUnreadable."""
    if isinstance(value, list | tuple | dict):
        raise CellUnreadable(f"{shape_of(value)} is no single value", "name one field of it, or write it as text")
    require_readable(value)
    if cell.nothing or cell.sent or cell.other is not None:
        text = text_of(value)
        if text in cell.nothing:
            raise CellUnreadable(f"{shape_of(value)} that means nothing", "leave it out")
        if cell.sent and text not in cell.sent and cell.other is None:
            raise CellUnreadable(f"{shape_of(value)} that `values` does not list", "add it to `values` of the mapping")
        value = cell.sent.get(text, value if cell.other is None else cell.other)
    match cell.as_ or kind:
        case "text":
            return text_of(value)
        case "integer":
            return integer_of(value, cell)
        case "number":
            return _number(value, cell)
        case "boolean":
            return _boolean(value)
        case _:
            return value if isinstance(value, bool | int | float) else text_of(value)


def integer_of(value: Any, form: NumberForm = _AS_PYTHON) -> int:
    """A whole number. Raises CellUnreadable."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = text_of(value)
    if _INTEGER.fullmatch(text):
        return int(text)
    written = read_written(text, form) if form.thousands or form.negative else None
    if written is None or written.decimals or written.power or not _INTEGER.fullmatch(written.text):
        raise CellUnreadable(f"{shape_of(value)} is no whole number", "write digits only")
    return int(written.text)


def _number(value: Any, form: NumberForm) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    written = read_written(text_of(value), form)
    if written is None:
        raise CellUnreadable(f"{shape_of(value)} is no number", hint_number(form, text_of(value)))
    if written.could_be_thousands and form.decimal is None and form.thousands is None:
        raise CellUnreadable(
            f"{shape_of(value)} is a number with decimals, or one of thousands",
            'say which it is in the mapping: `decimal: "."` or `thousands: "."`',
        )
    return int(written.text) if _INTEGER.fullmatch(written.text) else float(written.text)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    read = _BOOLEANS.get(text_of(value).lower())
    if read is None:
        raise CellUnreadable(f"{shape_of(value)} is neither true nor false", "write true or false (or yes, no, 1, 0)")
    return read


def time_of(values: list[Any], form: str, zone: ZoneInfo | None) -> str:
    """RFC 3339: in UTC, or without offset where neither the cell nor the mapping knows one (then the source's zone counts). Raises
    CellUnreadable."""
    return written(moment_of(values, form), zone)


def written(moment: datetime, zone: ZoneInfo | None) -> str:
    """As `time_of` gives it."""
    if moment.tzinfo is None:
        if zone is None:
            return moment.isoformat(timespec="microseconds")
        moment = moment.replace(tzinfo=zone)  # a time that the clock shows twice is the first, as in the contract
    try:
        return format_time((moment - _EPOCH) // timedelta(microseconds=1))
    except OverflowError:
        raise CellUnreadable(
            "the time is beyond the calendar", "write a time since 1990", Reason.TIME_OUT_OF_RANGE
        ) from None


def moment_of(values: list[Any], form: str) -> datetime:
    """The time in cells that stand beside each other, with an offset where they name one. Raises CellUnreadable."""
    for value in values:
        require_readable(value)
    value = values[0] if len(values) == 1 else _joined(values)
    return _unix(value, form) if form in (UNIX, UNIX_MS) else _moment(value, form)


def _joined(values: list[Any]) -> Any:
    """A day and a clock as one time, where the file has types for them; else their texts, joined by a blank."""
    day, clock = values[0], values[-1]
    if len(values) == 2 and isinstance(day, date):
        try:
            clock = time.fromisoformat(clock.strip()) if isinstance(clock, str) else clock
        except ValueError:
            clock = None
        if isinstance(clock, time):
            return datetime.combine(day, clock)
        if isinstance(clock, timedelta) and timedelta(0) <= clock < timedelta(days=1):
            return datetime.combine(day, time()) + clock
    return " ".join(map(text_of, values))


def _moment(value: Any, form: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = text_of(value)
    try:
        if form != ISO:
            return read_time(text, form)
        return datetime.strptime(text, "%Y-%m-%d") if _DAY.fullmatch(text) else iso_moment_of(text)
    except ValueError:
        hint = (
            "write it as 2026-01-31T09:30:00+01:00, or name the `format` of the column, such as %Y-%m-%d %H:%M"
            if form == ISO
            else f"write it as {form}, or fix `format` in the mapping"
        )
        raise CellUnreadable(f"{shape_of(value)} is no time", hint) from None


def _unix(value: Any, form: str) -> datetime:
    number = _number(value, _AS_PYTHON)
    try:
        return _EPOCH + timedelta(microseconds=round(number * (1_000_000 if form == UNIX else 1_000)))
    except (OverflowError, ValueError):
        raise CellUnreadable(
            "the time is beyond the calendar", "write a time since 1990", Reason.TIME_OUT_OF_RANGE
        ) from None
