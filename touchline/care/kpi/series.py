"""Which days of a KPI are the reason of a case: by its numbers as the views have them, and the rule. Pure.

A case is named by rule, version, touchpoint, KPI and day, so whoever decides again, from whatever numbers, finds the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from touchline.care.cases import case_id
from touchline.care.kpi.limits import Counts, Limits, limits_of_counts, limits_of_events, limits_of_means
from touchline.care.kpi.rules import EVENTS_AT_LEAST, KpiAsked, KpiBelowTarget, UnusualDay
from touchline.schemas.times import US_PER_HOUR

EVENTS: Final = "events"
"""Stands for the KPI where a rule is about the number of events."""
JUDGED_DAYS: Final = 35
"""So many days back a day is judged again: what late answers make of it. Cases of before stay as they are."""
_IS_BEYOND: Final = 1e-9
_FAR: Final = 1.5


class Cell(NamedTuple):
    """What a number is of: never two of them pooled. `stage` is empty where all are meant; `variant` and `scope` are for the number of
    events."""

    touchpoint: str
    stage: str
    kpi: str
    variant: str
    scope: str
    is_simulated: bool


class Reading(NamedTuple):
    """A number as a view shows it. `is_small` where the KPI's catalogue flags it."""

    n: int
    positive: int
    negative: int
    value: float
    low: float
    high: float
    is_small: bool


class Formula(NamedTuple):
    """How the KPI is made: net, share or mean; and whether its low values are the good ones."""

    kind: str
    is_low_good: bool


class Found(NamedTuple):
    """A day that is a reason, with what is told of it."""

    day: date
    context: Mapping[str, Any]


Readings = Mapping[date, Reading]


def kpi_case_id(rule: str, version: int, cell: Cell, day: date) -> str:
    """Id of the case about that day."""
    return case_id(rule, version, "kpi", "\0".join((*map(str, cell), day.isoformat())))


def last_day(asked: KpiAsked, now_us: int) -> date:
    """The newest day that may be judged: over, and settled."""
    settled_us = now_us - round(asked.settle_hours * US_PER_HOUR)
    return datetime.fromtimestamp(settled_us / 1_000_000, UTC).date() - timedelta(days=1)


def judged_days(asked: KpiAsked, now_us: int, first: date) -> list[date]:
    """The days to be judged now, in order; none before `first`."""
    last = last_day(asked, now_us)
    return [day for day in _before(last + timedelta(days=1), JUDGED_DAYS) if day >= first]


def first_needed(asked: KpiAsked, now_us: int) -> date:
    """The first day of which numbers are needed for that."""
    return last_day(asked, now_us) - timedelta(days=JUDGED_DAYS - 1 + asked.days)


def days_below(
    asked: KpiBelowTarget, readings: Readings, target: float, is_low_good: bool, days: Sequence[date], first: date
) -> Iterator[Found]:
    """Days with which an episode begins: below the target, and none of the `days` before was. Episodes begin on `first` at the earliest."""
    missed = {
        day
        for day, one in readings.items()
        if day >= first and _is_enough(one, asked.min_n) and (one.low > target if is_low_good else one.high < target)
    }
    for day in days:
        if day in missed and missed.isdisjoint(_before(day, asked.days)):
            one = readings[day]
            told = {"days": asked.days, "value": one.value, "ci_low": one.low, "ci_high": one.high, "n": one.n}
            yield Found(day, told | {"target": target})


def unusual_days(asked: UnusualDay, readings: Readings, kind: str, days: Sequence[date]) -> Iterator[Found]:
    """Days whose KPI lies beyond the limits that the days before them make. At least half of these must have answers."""
    for day in days:
        one = readings.get(day)
        before = [readings[other] for other in _before(day, asked.days) if other in readings]
        if one is None or not _is_enough(one, asked.min_n) or 2 * len(before) < asked.days:
            continue
        limits = _limits(asked, one, before, kind)
        if limits is not None and _is_outside(one.value, limits):
            yield Found(day, {"value": one.value, "n": one.n} | _told(asked, limits))


def unusual_volumes(asked: UnusualDay, events: Mapping[date, int], days: Sequence[date]) -> Iterator[Found]:
    """Days whose number of events lies beyond the limits that the days before them make; a day without events counts 0. The touchpoint must
    have been there all the time."""
    if not events:
        return
    since, enough = min(events), asked.min_n or EVENTS_AT_LEAST
    for day in days:
        number, before = events.get(day, 0), [events.get(other, 0) for other in _before(day, asked.days)]
        if since > day - timedelta(days=asked.days) or sum(before) < enough * asked.days:
            continue
        limits = limits_of_events(before, asked.false_alarms)
        if _is_outside(number, limits):
            yield Found(day, {"value": number, "n": number} | _told(asked, limits))


def _limits(asked: UnusualDay, one: Reading, before: Sequence[Reading], kind: str) -> Limits | None:
    """None where it is plain that the day is a usual one."""
    if kind == "mean":
        return limits_of_means(one.n, [(other.value, other.n) for other in before], asked.false_alarms)
    day, sums = _counts([one], kind), _counts(before, kind)
    return limits_of_counts(day, sums, asked.false_alarms) if _is_far(day, sums) else None


def _counts(readings: Sequence[Reading], kind: str) -> Counts:
    negative = sum(one.negative for one in readings) if kind == "net" else 0
    return Counts(sum(one.n for one in readings), sum(one.positive for one in readings), negative)


def _is_far(day: Counts, before: Counts) -> bool:
    """Whether the day is so far from the days before that exact limits are worth their time."""
    mean = (day.net + before.net) / (day.n + before.n)
    square = (day.positive + day.negative + before.positive + before.negative) / (day.n + before.n)
    variance = (square - mean * mean) / day.n
    return bool((day.net / day.n - mean) ** 2 > _FAR**2 * variance)


def _is_enough(one: Reading, min_n: int | None) -> bool:
    return not one.is_small if min_n is None else one.n >= min_n


def _is_outside(value: float, limits: Limits) -> bool:
    return value < limits.low - _IS_BEYOND or value > limits.high + _IS_BEYOND


def _told(asked: UnusualDay, limits: Limits) -> dict[str, Any]:
    return {
        "days": asked.days, "expected": limits.centre, "limit_low": limits.low, "limit_high": limits.high,
        "false_alarm_rate": limits.false_alarms,
    }  # fmt: skip


def _before(day: date, number: int) -> list[date]:
    """So many days before the day, in order."""
    return [day - timedelta(days=back) for back in range(number, 0, -1)]
