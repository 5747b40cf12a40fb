"""How exactly a source knows its times: the span of time in which an event of it may have happened.

A till that writes seconds says 10:00:00 of all that happened up to 10:00:00.999999, a loyalty system that writes days says the day.

Why: docs/decisions/0184.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from touchline.schemas.times import zone_of

Precision = Literal["second", "minute", "hour", "day"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNIT_US: Final = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}


def span_of(time_us: int, precision: Precision, zone: str) -> tuple[int, int]:
    """Start of the unit that holds the time, in microseconds since the epoch, and how many microseconds later its last one is.

    Hours and days are those of the clock in the IANA zone: a day has 23 to 25 hours. Raises UnknownZone.
    """
    if precision == "day":
        day = (
            (_EPOCH + timedelta(microseconds=time_us))
            .astimezone(zone_of(zone))
            .replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        )
        start_us, next_us = _instant(day), _instant(day + timedelta(days=1))
        return start_us, next_us - 1 - start_us
    unit_us = _UNIT_US[precision]
    if precision == "hour":  # not every zone is whole hours from UTC; minutes are the same in all of them
        local = (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone_of(zone))
        return time_us - (local.minute * 60 + local.second) * 1_000_000 - local.microsecond, unit_us - 1
    return time_us - time_us % unit_us, unit_us - 1


def _instant(local: datetime) -> int:
    """Microseconds since the epoch. Differences of times in one zone would be those of its clock, not of time."""
    return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND
