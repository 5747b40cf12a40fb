"""When a call happened, by our clock: senders say when they sent it, so their clock's error can be taken out.

`received - sent` is how far the sender's clock runs behind, the way of the request included. Only whole minutes of it are taken: a
way of some seconds is no error of a clock, and a call that is sent again must stay the same event to the letter, though its way took
another time.

Why: docs/decisions/0195.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.schemas.times import (
    EARLIEST_US,
    LATEST_US,
    US_PER_SECOND,
    TimeUnreadable,
    format_time,
    is_usual,
    parse_time,
)

_US_PER_MS: Final = 1_000
_US_PER_MINUTE: Final = 60 * US_PER_SECOND


class SenderClock(NamedTuple):
    """`behind_us` is what the sender's times lack, in whole minutes; `received_us` stands where a call says no time. `sent_us` is when the
    request was sent, by the sender's clock."""

    received_us: int
    behind_us: int
    sent_us: int | None = None
    sent: str = ""
    """The same as text, to the microsecond."""

    @classmethod
    def of(cls, sent_at: object, received_us: int) -> SenderClock:
        """By the time at which the request says that it was sent; None where it says none, or that of a first attempt."""
        sent_us = read_us(sent_at)
        if sent_us is None:
            return cls(received_us, 0)
        minutes = (received_us - sent_us + _US_PER_MINUTE // 2) // _US_PER_MINUTE
        return cls(received_us, minutes * _US_PER_MINUTE, sent_us, format_time(sent_us))

    def corrected(self, time: object) -> object:
        """The time as an event has it. What cannot be read stays as it is: it is refused then, with its reason."""
        if time is None or time == "":
            return format_time(self.received_us)
        if (
            not self.behind_us
            and isinstance(time, str)
            and (self.sent_us is None or (time < self.sent and is_usual(time)))
        ):
            return time  # as nearly all times are: it need not be read, since texts of this form are in the order of their times
        time_us = read_us(time)
        if time_us is None:
            return time
        if isinstance(time, str):
            if (
                self._is_in_future(time_us)
                and (utc_us := _clock_as_utc(time)) is not None
                and not self._is_in_future(utc_us)
            ):
                return format_time(utc_us + self.behind_us)
            if not self.behind_us:
                return time
        return format_time(time_us + self.behind_us)

    def vouched(self, time: object) -> object:
        """The time as an event has it, where the sender's clock is not asked."""
        return SenderClock(self.received_us, 0).corrected(time)

    def _is_in_future(self, time_us: int) -> bool:
        """Whether it lies after the call was sent, by the same clock."""
        return self.sent_us is not None and time_us > self.sent_us + _US_PER_MINUTE


def _clock_as_utc(time: str) -> int | None:
    """The digits of a time with an offset west of Greenwich, read as UTC: some libraries take UTC that says no zone for local time."""
    clock, minus, _ = time.rpartition("-")
    return read_us(f"{clock}Z") if minus and len(clock) > len("2026-01-31") else None


def read_us(time: object) -> int | None:
    """Microseconds since 1970 of RFC 3339 text, of milliseconds, or of seconds: no number can be both, since as milliseconds seconds lie
    before 1990. None where it is none of them, or lies where no event can."""
    if isinstance(time, bool) or not isinstance(time, str | int | float):
        return None
    try:
        time_us = parse_time(time) if isinstance(time, str) else _us_of_number(time)
    except (TimeUnreadable, OverflowError, ValueError):
        return None
    return time_us if EARLIEST_US <= time_us < LATEST_US else None


def _us_of_number(time: float) -> int:
    time_us = int(time * _US_PER_MS)
    return time_us if time_us >= EARLIEST_US else round(time * US_PER_SECOND)
