"""From a cell to the value of a field. A cell that cannot be read raises CellUnreadable, which tells shapes and remedies, never values."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from touchline.producers.imports.mapping.model import ISO, UNIX, UNIX_MS, FieldColumn, Kind, Money
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES, shape_of
from touchline.schemas.times import format_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MINOR_TOLERANCE: Final = Decimal("0.000001")
"""Doubles of whole cents are off by less than 1e-11 cents; more than this is no whole cent."""


_DIGITS_MAX: Final = 100
"""Python writes no longer whole numbers than 4,300 digits; the contract's bound is told for the shorter ones."""


class CellUnreadable(ValueError):
    """A cell is not what the mapping says of it."""

    def __init__(self, what: str, hint: str, reason: Reason = Reason.WRONG_TYPE) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.reason = reason


def is_empty(value: Any) -> bool:
    """Whether nothing stands in a cell."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def text_of(value: Any) -> str:
    """A cell as text: one spelling for 330, 330.0 and " 330 ", whatever kind of file holds it."""
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


def value_of(cell: FieldColumn, value: Any, kind: Kind | None) -> Any:
    """The value of a field of that type (None: as it is typed in the file). Raises CellUnreadable."""
    if isinstance(value, list | tuple | dict):
        raise CellUnreadable(f"{shape_of(value)} is no single value", "name one field of it, or write it as text")
    if cell.values:
        text = text_of(value)
        if text not in cell.values:
            raise CellUnreadable(f"{shape_of(value)} that `values` does not list", "add it to `values` of the mapping")
        value = cell.values[text]
    match cell.as_ or kind:
        case "text":
            return text_of(value)
        case "integer":
            return _integer(value)
        case "number":
            return _number(value, cell.decimal)
        case "boolean":
            return _boolean(value)
        case _:
            return value if isinstance(value, bool | int | float) else text_of(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = text_of(value)
    if not _INTEGER.fullmatch(text):
        raise CellUnreadable(f"{shape_of(value)} is no whole number", "write digits only")
    return int(text)


def _number(value: Any, decimal: str) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = _with_point(text_of(value), decimal)
    if not _NUMBER.fullmatch(text):
        raise CellUnreadable(f"{shape_of(value)} is no number", _hint_number(decimal))
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    read = _BOOLEANS.get(text_of(value).lower())
    if read is None:
        raise CellUnreadable(f"{shape_of(value)} is neither true nor false", "write true or false (or yes, no, 1, 0)")
    return read


def _with_point(text: str, decimal: str) -> str:
    return text if decimal == "." else text.replace(".", "?").replace(",", ".")


def _hint_number(decimal: str) -> str:
    other = "," if decimal == "." else "."
    return f'write digits and {decimal!r}, without separators of thousands; if the file writes {other!r}, say `decimal: "{other}"`'


def minor_of(money: Money, value: Any, currency: str) -> int:
    """Minor units of an amount. Raises CellUnreadable."""
    exponent = CURRENCY_EXPONENTS.get(currency)
    if exponent is None:
        raise CellUnreadable(
            "the currency is no ISO 4217 code", REMEDIES[Reason.UNKNOWN_CURRENCY], Reason.UNKNOWN_CURRENCY
        )
    if money.unit == "minor":
        return _integer(value)
    is_double = isinstance(value, float)
    text = repr(value) if is_double else _with_point(text_of(value), money.decimal)
    if not is_double and not _NUMBER.fullmatch(text):
        raise CellUnreadable(f"{shape_of(value)} is no amount", _hint_number(money.decimal))
    try:
        exact = Decimal(text).scaleb(exponent)
        if not exact.is_finite() or exact.adjusted() > _DIGITS_MAX:
            raise OverflowError
        whole = exact.to_integral_value()
    except (InvalidOperation, OverflowError):
        raise CellUnreadable(f"{shape_of(value)} is no amount", _hint_number(money.decimal)) from None
    if abs(exact - whole) > (_MINOR_TOLERANCE if is_double else 0):
        raise CellUnreadable(
            f"the amount has more than {exponent} decimal places",
            f"{currency} has {exponent}: round it where it is made",
        )
    return int(whole)


def time_of(values: list[Any], form: str, zone: ZoneInfo | None) -> str:
    """RFC 3339: in UTC, or without offset where neither the cell nor the mapping knows one (then the source's zone counts). Raises
    CellUnreadable."""
    value = values[0] if len(values) == 1 else " ".join(map(text_of, values))
    moment = _unix(value, form) if form in (UNIX, UNIX_MS) else _moment(value, form)
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


def _moment(value: Any, form: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = text_of(value)
    try:
        return datetime.fromisoformat(text.upper()) if form == ISO else datetime.strptime(text, form)
    except ValueError:
        wanted = "2026-01-31T09:30:00+01:00" if form == ISO else form
        raise CellUnreadable(
            f"{shape_of(value)} is no time", f"write it as {wanted}, or fix `format` in the mapping"
        ) from None


def _unix(value: Any, form: str) -> datetime:
    number = _number(value, ".")
    try:
        return _EPOCH + timedelta(microseconds=round(number * (1_000_000 if form == UNIX else 1_000)))
    except (OverflowError, ValueError):
        raise CellUnreadable(
            "the time is beyond the calendar", "write a time since 1990", Reason.TIME_OUT_OF_RANGE
        ) from None
