"""Whether a KPI changed from one period to the next: the change, its 95 % interval, and what that proves.

Of a difference of two shares (NPS): both periods are adjusted as for their own interval, then Wald (measuringu.com/nps-significance-test).
Of shares and means: from the two intervals by the method of variance estimates recovery, which for Wilson's is Newcombe's hybrid score.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import hypot, sqrt
from typing import NamedTuple

from touchline.errors import WrongUsage
from touchline.sql.formulas import Z, t_quantile

UP, DOWN, NO_PROOF, NOT_KNOWN = "up", "down", "no proof of change", "no answers to compare"
_MADE_UP, _ONE_SIDE = 3, 0.75
_ALIKE = 1e-6
"""An interval of a mean that is no wider comes from answers that are all alike."""


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
            begin = last - timedelta(days=days - 1)
            return cls(begin - timedelta(days=days), begin - timedelta(days=1), begin, last)
        except OverflowError:
            raise WrongUsage("the periods of the trends begin before the year 1", "take fewer --days") from None


class Sample(NamedTuple):
    """A survey KPI of one period, in its own unit."""

    value: float
    n: int
    n_positive: int
    n_negative: int
    ci_low: float
    ci_high: float
    ci_method: str


class Trend(NamedTuple):
    """`change` is the value less that of the period before, in the KPI's unit, with its 95 % interval. `verdict` is `up` or `down` where
    the interval leaves zero out; of several KPIs one in twenty does so by chance."""

    verdict: str
    change: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_before: int


def trend_of(now: Sample | None, before: Sample | None) -> Trend:
    """The change between two samples of one KPI; None is a period without answers."""
    if now is None or before is None:
        return Trend(NOT_KNOWN, None, None, None, now.n if now else 0, before.n if before else 0)
    low, high = _net_bounds(now, before) if now.ci_method == "adjusted_wald" else _bounds(now, before)
    verdict = UP if low > 0 else DOWN if high < 0 else NO_PROOF
    return Trend(verdict, now.value - before.value, low, high, now.n, before.n)


def _bounds(now: Sample, before: Sample) -> tuple[float, float]:
    change = now.value - before.value
    now, before = _with_spread(now, before, abs(change)), _with_spread(before, now, abs(change))
    below = hypot(now.value - now.ci_low, before.ci_high - before.value)
    above = hypot(now.ci_high - now.value, before.value - before.ci_low)
    return change - below, change + above


def _with_spread(one: Sample, other: Sample, change: float) -> Sample:
    """Answers that are all alike say nothing about spread (two of two would prove any change): then it is taken to be the other
    sample's, and at least the change."""
    if one.ci_method != "student_t" or one.ci_high - one.ci_low > _ALIKE:
        return one
    half = t_quantile(one.n - 1) * max(_deviation(other), change) / sqrt(one.n)
    return one._replace(ci_low=one.value - half, ci_high=one.value + half)


def _deviation(one: Sample) -> float:
    """Standard deviation, from the side of the interval that the end of the scale has not cut."""
    half = max(one.value - one.ci_low, one.ci_high - one.value)
    return half * sqrt(one.n) / t_quantile(one.n - 1) if one.n > 1 else half


def _net_bounds(now: Sample, before: Sample) -> tuple[float, float]:
    (net, variance), (net_before, variance_before) = _adjusted(now), _adjusted(before)
    half = Z * sqrt(variance + variance_before)
    return 100 * (net - net_before - half), 100 * (net - net_before + half)


def _adjusted(one: Sample) -> tuple[float, float]:
    """Net share and its variance with three made-up answers, 3/4 of them positive, 3/4 negative."""
    n = one.n + _MADE_UP
    positive, negative = (one.n_positive + _ONE_SIDE) / n, (one.n_negative + _ONE_SIDE) / n
    net = positive - negative
    return net, (positive + negative - net * net) / n
