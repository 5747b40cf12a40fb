"""The periods that trends compare, and what the views say of one KPI over them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from touchline.errors import WrongUsage
from touchline.sql.language.trends import NOT_KNOWN
from touchline.sql.language.usual import Period


class Periods(NamedTuple):
    """Two periods of equal length, one after the other; all days are included."""

    before_from: date
    before_to: date
    from_: date
    to: date

    @classmethod
    def ending(cls, last: date, days: int) -> Periods:
        """The `days` that end with `last`, and as many before. Raises WrongUsage where the calendar does not go back so far."""
        try:
            period = Period.ending(last, days)
            return cls(*period.before(), *period)
        except OverflowError:
            raise WrongUsage("the periods of the trends begin before the year 1", "take fewer --days") from None


class Trend(NamedTuple):
    """`change` is the value less that of the period before, in the KPI's unit, with its 95 % interval. `verdict` is `up` or `down` where
    the interval leaves zero out; of several KPIs one in twenty does so by chance (sql/language/trends.py)."""

    verdict: str
    change: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_before: int


NO_TREND = Trend(NOT_KNOWN, None, None, None, 0, 0)
