"""What a reader selects who says nothing: a map's last 28 days, as many days before to compare with, seen from noon after the last day.

The last day is that of the newest event, but for a few events after a gap of more than 28 days (`usual_day` of journey.map_days): one
event that somebody sends to try it out, years after the data, would leave every number empty.

Here once, as values for the server, its page, the snapshot and the report, and as SQL for the view that takes no arguments. By noon (UTC)
after a day that day has ended everywhere on earth; and since it follows from the events alone, two readers see the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

PERIOD_DAYS: Final = 28
_NOON: Final = time(12)


class Period(NamedTuple):
    """Local days, both included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int = PERIOD_DAYS) -> Period:
        """So many days up to that one. Raises OverflowError where the calendar does not go back so far, as `before` does."""
        return cls(last - timedelta(days=days - 1), last)

    def before(self) -> Period:
        """As many days just before."""
        days = (self.last - self.first).days + 1
        return Period(self.first - timedelta(days=days), self.first - timedelta(days=1))


class Usual(NamedTuple):
    """The selection of a map whose last day is known; `as_of` is the moment (UTC) from which one looks what is still open."""

    period: Period
    before: Period
    as_of: datetime


def moment_after(last_day: date) -> datetime:
    """From when one looks at a map whose events end with that day."""
    return datetime.combine(last_day + timedelta(days=1), _NOON, UTC)


def usual(last_day: date) -> Usual:
    """What is selected of a map whose last day is that one."""
    period = Period.ending(last_day)
    return Usual(period, period.before(), moment_after(last_day))


def usual_arguments(last_day: str) -> dict[str, str]:
    """The same as arguments of views; `last_day` is SQL of type Date."""
    return {
        "date_from": f"addDays({last_day}, -{PERIOD_DAYS - 1})",
        "date_to": last_day,
        "before_from": f"addDays({last_day}, -{2 * PERIOD_DAYS - 1})",
        "before_to": f"addDays({last_day}, -{PERIOD_DAYS})",
        "as_of": f"toDateTime(addDays({last_day}, 1), 'UTC') + toIntervalHour({_NOON.hour})",
    }
