"""How times are written in a column: by name, or as Python's strptime reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

ISO: Final = "iso"
UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"


def _as_time_format(value: str) -> str:
    if value in (ISO, UNIX, UNIX_MS):
        return value
    if "%Z" in value.replace("%%", ""):
        raise ValueError(
            f"{value!r} reads the name of a zone and forgets it; write %z where the file has offsets, else zone"
        )
    written = datetime(2026, 1, 31, 21, 30, 15, tzinfo=UTC).strftime(value)
    try:
        read = datetime.strptime(written, value)
    except ValueError:
        read = datetime(1900, 1, 1)
    if read.year % 100 != 26 or (read.month, read.day) != (1, 31):
        raise ValueError(
            f"{value!r} does not name a day; write iso, unix, unix_ms, or a form such as %d.%m.%Y %H:%M:%S (as Python's strptime)"
        )
    if read.hour not in (0, 21):
        raise ValueError(f"{value!r} does not tell 9 in the morning from 9 in the evening; write %H, or %I with %p")
    return value


_WIDTHS: Final = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_DAY_PARTS: Final = frozenset("Ymd")
_NUMBER: Final = re.compile("%(.)")
_MINUTES: Final = re.compile("%M(?:([^%]*)%S)?")
_GMT: Final = " GMT%z"
_FROM_GMT: Final = re.compile("GMT(?:([+-])([0-9]{1,2})(?::([0-9]{2}))?)?")
_OF_RFC_5322: Final = {
    "UT": 0, "UTC": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Hours from GMT; other names of zones mean several, such as IST. UTC is beside those of the standard."""
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.*", re.DOTALL)


def read_time(text: str, form: str) -> datetime:
    """The time in a text, as strptime reads it; a fifth of its cost where each number has its usual width. Raises ValueError."""
    fixed = _fixed(form)
    found = None if fixed is None else fixed.fullmatch(text)
    if found is None:
        return datetime.strptime(_with_offset(text) if form.endswith(_GMT) else text, form)
    parts = found.groupdict()
    year, month, day, hour, minute, second = (int(parts.get(name, 0)) for name in _WIDTHS)
    return datetime(year, month, day, hour, minute, second)


def _with_offset(text: str) -> str:
    """`GMT+1`, `GMT` and the zones of RFC 5322 (EST, EDT …) as strptime reads `GMT%z`."""
    head, _, zone = text.rstrip().rpartition(" ")
    found = _FROM_GMT.fullmatch(zone)
    if found is None:
        return f"{head} GMT{_OF_RFC_5322[zone]:+03}:00" if zone in _OF_RFC_5322 else text
    sign, hours, minutes = found.groups()
    return f"{head} GMT{sign or '+'}{int(hours or 0):02}:{minutes or '00'}"


def has_usual_width(text: str, form: str) -> bool:
    """Whether each number of a text in that format stands at its usual place."""
    fixed = _ISO if form == ISO else _fixed(form)
    return fixed is not None and fixed.fullmatch(text) is not None


@lru_cache(maxsize=64)
def minutes_in(form: str) -> tuple[int, int, dict[str, str]]:
    """Where the minutes and seconds stand in a text of usual width, from and to, and what they are for each text there, as `mm:ss`. Of
    formats that have them not side by side, or not at a fixed place, there is none."""
    if form == ISO:
        form = "%Y-%m-%dT%H:%M:%S"
    found = _MINUTES.search(form)
    if _fixed(form) is None or found is None or ("%S" in form) != (found[1] is not None):
        return 0, 0, {}
    begin, mark = len(_NUMBER.sub(_zeros, form[: found.start()])), found[1]
    minutes = (f"{minute:02}" for minute in range(60))
    if mark is None:
        return begin, begin + 2, {minute: f"{minute}:00" for minute in minutes}
    seconds = [f"{second:02}" for second in range(60)]
    texts = {f"{minute}{mark}{second}": f"{minute}:{second}" for minute in minutes for second in seconds}
    return begin, begin + 4 + len(mark), texts


def _zeros(number: re.Match[str]) -> str:
    return "0" * _WIDTHS[number[1]]


@lru_cache(maxsize=64)
def _fixed(form: str) -> re.Pattern[str] | None:
    """The texts of a format in which each number has its usual width. None where it has other directives, or one twice."""
    pieces = re.split(r"%(.)", form)
    names = pieces[1::2]
    if not set(names) <= _WIDTHS.keys() or len(set(names)) < len(names) or not _DAY_PARTS.issubset(names):
        return None
    numbers = [f"(?P<{name}>[0-9]{{{_WIDTHS[name]}}})" for name in names]
    texts = [re.escape(text) for text in pieces[::2]]
    return re.compile("".join(piece for pair in zip(texts, [*numbers, ""], strict=True) for piece in pair))


TimeFormat = Annotated[str, AfterValidator(_as_time_format)]
