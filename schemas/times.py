"""Times: RFC 3339 text to microseconds since 1970-01-01T00:00:00Z, and the local day of an instant.

As RFC 3339 has it, `t` or a blank may stand for `T` and `z` for `Z`; an offset may be written as ISO 8601's basic form and
databases do (`+0100`, `+01`). Strict in the rest: seconds present, no leap second, no week dates; digits of the fraction
beyond microseconds are cut. An offset is required, or the source declares the zone of its naive times (a time that the
clock shows twice is the first, one that it skips is read with the offset before the gap). `local_date` follows the
zone, never the offset.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_DAY: Final = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,12})?"
_OFFSET: Final = r"([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
TIMESTAMP_PATTERN: Final = f"^{_DAY}[Tt ]{_CLOCK}{_OFFSET}?$"
"""What `parse_time` accepts, but for days that the calendar lacks; for JSON Schema, hence without look-around."""

US_PER_SECOND: Final = 1_000_000
US_PER_HOUR: Final = 3600 * US_PER_SECOND
US_PER_DAY: Final = 24 * US_PER_HOUR
_US_PER_QUARTER_HOUR: Final = US_PER_HOUR // 4

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_is_timestamp: Final[Callable[[str], object]] = re.compile(TIMESTAMP_PATTERN.replace("(", "(?:")[1:-1]).fullmatch
_read: Final = datetime.fromisoformat
_USUAL: Final = ("2026-01-31T08:30:00.000Z", "2026-01-31T08:30:00.000000Z")
_USUAL_LENGTHS: Final = frozenset(map(len, _USUAL)) if sys.version_info < (3, 14) else frozenset[int]()
"""From Python 3.14 on fromisoformat reads hour 24, so there the pattern is always asked."""

EARLIEST_US: Final = 631_152_000 * US_PER_SECOND
"""1990-01-01T00:00:00Z: no event happened before."""
_EARLIEST_DAY: Final = "1990-01-01"
LATEST_US: Final = 4_102_444_800 * US_PER_SECOND
"""2100-01-01T00:00:00Z: bound of declared times (end of an initiative, effect of a withdrawal) and of received_at."""
FUTURE_TOLERANCE_US: Final = US_PER_DAY
"""An event may lie this far after it was received: clocks differ."""
RECEIVED_UNKNOWN_US: Final = 0
"""Stands for a time of receipt that nobody knows."""


class TimeUnreadable(ValueError):
    """The text is no RFC 3339 time, or has no offset and no zone was declared."""


class UnknownZone(ValueError):
    """The zone is not in the IANA time zone database."""


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZone("the zone is not in the IANA time zone database") from None


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether the IANA database has a zone of that name."""
    try:
        zone_of(name)
    except UnknownZone:
        return False
    return True


def zone_hint(name: object) -> str:
    """What to write instead of a name that `zone_of` does not know: nothing of the name itself is repeated."""
    known = {one.lower(): one for one in sorted(available_timezones())} if isinstance(name, str) else {}
    meant = get_close_matches(str(name).strip().lower(), known, 1, 0.9)
    if meant:
        return f"did you mean {known[meant[0]]}?"
    return (
        "write a zone of the IANA database, such as Europe/Berlin: not every city has one, so take that of its country "
        "(Europe/Rome for Milan)"
    )


def parse_time(text: str, naive_zone: str | None = None) -> int:
    """Microseconds since the epoch, UTC. A time without offset is read in `naive_zone`; without that it is unreadable.

    Raises TimeUnreadable, UnknownZone.
    """
    moment = moment_of(text)
    try:
        if moment.tzinfo is None:
            if not naive_zone:
                raise TimeUnreadable("the time has no offset and its source declares no zone")
            moment = moment.replace(tzinfo=zone_of(naive_zone))
        since = moment - _EPOCH
        return (since.days * 86_400 + since.seconds) * US_PER_SECOND + since.microseconds
    except OverflowError:
        raise TimeUnreadable("the time is beyond the calendar") from None


def moment_of(text: str) -> datetime:
    """The moment that a text names, without zone where it has no offset: the one rule of all ways in. Raises TimeUnreadable."""
    # Where a text is usual, fromisoformat accepts what the pattern does, and the pattern need not be asked: 0.6 µs instead of 0.95.
    if not is_usual(text):
        if _is_timestamp(text) is None:
            raise TimeUnreadable("not an RFC 3339 time such as 2026-01-31T09:30:00+01:00")
        if text[-1] == "z":
            text = f"{text[:-1]}Z"
    try:
        return _read(text)
    except ValueError:
        raise TimeUnreadable("the calendar has no such day") from None


def is_usual(text: str) -> bool:
    """Whether it is written as most senders do, YYYY-MM-DDThh:mm:ss.ffffffZ or three digits less."""
    return len(text) in _USUAL_LENGTHS and text[4:20:3] == "--T::." and text[-1] == "Z"


def is_plainly_past(text: str, received_us: int) -> bool:
    """Whether a usual text is a time from 1990 on and before the day, in UTC, after its receipt: quicker than reading both. What is not
    may be a valid event time, too."""
    if not (
        len(text) in _USUAL_LENGTHS  # as is_usual has it, without a call
        and text[4:20:3] == "--T::."
        and text[-1] == "Z"
        and _EARLIEST_DAY <= text < _next_day(received_us // US_PER_DAY)
    ):
        return False
    try:
        _read(text)
    except ValueError:
        return False
    return True


def plain_past(received_us: int) -> tuple[str, str]:
    """The texts between which `is_plainly_past` holds of a usual time: from the first on, and before the other."""
    return _EARLIEST_DAY, _next_day(received_us // US_PER_DAY)


@lru_cache(maxsize=8)
def _next_day(day: int) -> str:
    """The day that follows, `2026-02-01`; an empty text, before every time, where none can be received."""
    day_us = day * US_PER_DAY
    return format_time(day_us + US_PER_DAY)[:10] if EARLIEST_US <= day_us < LATEST_US else ""


def is_valid_event_time(time_us: int, received_us: int) -> bool:
    """Whether an event can have happened then: from 1990-01-01 to 24 h after it was received, or to 2100 where that is unknown."""
    if received_us == RECEIVED_UNKNOWN_US:
        return EARLIEST_US <= time_us < LATEST_US
    return EARLIEST_US <= time_us <= received_us + FUTURE_TOLERANCE_US


def is_valid_declared_time(time_us: int) -> bool:
    """Whether a declared or received time lies in 1990-01-01 .. 2100-01-01."""
    return EARLIEST_US <= time_us < LATEST_US


def format_time(time_us: int) -> str:
    """RFC 3339 in UTC with microseconds: `2026-01-31T08:30:00.000000Z`; text order is time order."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat(timespec="microseconds")[:-6] + "Z"


def local_day(time_us: int, zone: str) -> int:
    """Days from 1970-01-01 to the local date of the instant in an IANA zone. Raises UnknownZone.

    Cached per zone and quarter hour: since 1990 all offsets are multiples of 15 minutes, so the day is constant within
    one, but for those in which the clock is set over midnight (St. John's until 2011: at 00:01), which are computed
    each time.
    """
    key = (zone, time_us // _US_PER_QUARTER_HOUR)
    day = _days.get(key)
    if day is None:
        return _find_day(time_us, key)
    return day


_days: Final[dict[tuple[str, int], int]] = {}
_DAYS_KEPT: Final = 200_000


def _find_day(time_us: int, key: tuple[str, int]) -> int:
    zone, quarter = key
    info = zone_of(zone)
    start_us = quarter * _US_PER_QUARTER_HOUR
    first, last = (_day_at(instant, info) for instant in (start_us, start_us + _US_PER_QUARTER_HOUR - 1))
    if first != last:
        return _day_at(time_us, info)
    if len(_days) >= _DAYS_KEPT:
        _days.clear()
    _days[key] = first
    return first


def _day_at(time_us: int, zone: ZoneInfo) -> int:
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone).toordinal() - _EPOCH_ORDINAL
