"""One URL value to one SQL literal, by the ClickHouse type of what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from touchline.dashboards.server.arguments import wrong_argument
from touchline.sql.language.views import quoted

TEXT_CHARACTERS_MAX: Final = 256
"""Of the contract's names (schemas/envelope.py)."""
_FIRST_DAY: Final = date(1990, 1, 1)  # of the contract's times, and well within Date
_LAST_DAY: Final = date(2149, 6, 6)  # the last of ClickHouse's type Date
_WRAPPED: Final = re.compile(r"^(?:LowCardinality|Nullable|SimpleAggregateFunction)\((.+)\)$")
_INTEGER: Final = re.compile(r"^(U?)Int(8|16|32|64)$")
_DIGITS: Final = re.compile(r"^-?[0-9]{1,20}$")


def literal(field: str, type_: str, value: str) -> str:
    """The value as SQL. Raises RequestRefused with the field and what it takes."""
    plain = plain_type(type_)
    if bounds := _INTEGER.match(plain):
        return _integer(field, value, is_signed=not bounds[1], bits=int(bounds[2]))
    reader = _READERS.get(plain.partition("(")[0], _text)
    return reader(field, value)


def plain_type(type_: str) -> str:
    """Without LowCardinality and Nullable around it."""
    while wrapped := _WRAPPED.match(type_):
        type_ = wrapped[1]
    return type_


def day_of(field: str, value: str) -> date:
    """A local day YYYY-MM-DD."""
    expected = f"a day as YYYY-MM-DD from {_FIRST_DAY} to {_LAST_DAY}"
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise wrong_argument(field, value, expected) from None
    if len(value) != 10 or not _FIRST_DAY <= day <= _LAST_DAY:
        raise wrong_argument(field, value, expected)
    return day


def moment_of(field: str, value: str) -> datetime:
    """A moment of ISO 8601; UTC where it names no offset."""
    expected = "a moment as 2026-03-01T10:15:00Z"
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))  # a plus of an offset that a URL turned into a space
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise wrong_argument(field, value, expected) from None
    if not _FIRST_DAY <= moment.date() <= _LAST_DAY or moment.year > 2105:  # DateTime ends in 2106
        raise wrong_argument(field, value, expected)
    return moment


def moment_literal(moment: datetime) -> str:
    """In whole seconds of UTC, as the type DateTime takes it."""
    return quoted(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))


def _fine_moment_literal(moment: datetime) -> str:
    """In microseconds of UTC, as columns of events have them: in whole seconds no row would equal what its own answer says."""
    return quoted(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))


def count_of(field: str, value: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    if not _DIGITS.match(value) or not low <= int(value) <= high:
        raise wrong_argument(field, value, f"a whole number from {low} to {high:,}")
    return int(value)


def _integer(field: str, value: str, *, is_signed: bool, bits: int) -> str:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    return str(count_of(field, value, low, high))


def _float(field: str, value: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value):
        raise wrong_argument(field, value, "a number such as 12.5")
    return value


def _text(field: str, value: str) -> str:
    if len(value) > TEXT_CHARACTERS_MAX or "\0" in value or not _is_text(value):
        raise wrong_argument(field, value, f"text of at most {TEXT_CHARACTERS_MAX} characters")
    return quoted(value)


def _is_text(value: str) -> bool:
    """Bytes of a URL that are no UTF-8 come as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_READERS: Final[dict[str, Callable[[str, str], str]]] = {
    "Date": lambda field, value: quoted(day_of(field, value).isoformat()),
    "DateTime": lambda field, value: moment_literal(moment_of(field, value)),
    "DateTime64": lambda field, value: _fine_moment_literal(moment_of(field, value)),
    "Float64": _float,
    "Float32": _float,
    "Decimal": _float,
}
