"""Control limits: how often a day on which nothing changed leaves them is what they say; a day that did change is seen."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from scipy import stats

from touchline.care.kpi.limits import (
    Counts,
    Limits,
    _chances,
    _normal,
    _t_quantile,
    limits_of_counts,
    limits_of_events,
    limits_of_means,
)

DAYS = 28
Z = 1.96
Draw = Callable[[random.Random, float], tuple[float, Limits]]


def added(days: list[Counts]) -> Counts:
    return Counts(*(sum(parts) for parts in zip(*days, strict=True)))


def answers(chance: random.Random, good: float, bad: float, most: int) -> Counts:
    """A day's answers, as many as it happens."""
    n = chance.randrange(most // 3, most)
    drawn = [chance.random() for _ in range(n)]
    return Counts(n, sum(one < good for one in drawn), sum(one > 1 - bad for one in drawn))


def share(chance: random.Random, asked: float) -> tuple[float, Limits]:
    day, *before = (answers(chance, 0.85, 0.0, 60) for _ in range(DAYS + 1))
    return 100 * day.net / day.n, limits_of_counts(day, added(before), asked)


def net(chance: random.Random, asked: float) -> tuple[float, Limits]:
    day, *before = (answers(chance, 0.5, 0.2, 24) for _ in range(DAYS + 1))
    return 100 * day.net / day.n, limits_of_counts(day, added(before), asked)


def mean(chance: random.Random, asked: float) -> tuple[float, Limits]:
    day, *before = (_mean_day(chance) for _ in range(DAYS + 1))
    return day[0], limits_of_means(day[1], before, asked)


def _mean_day(chance: random.Random) -> tuple[float, int]:
    n = chance.randrange(20, 50)
    return sum(chance.choices(range(1, 8), (2, 3, 5, 10, 20, 30, 30), k=n)) / n, n


def events(chance: random.Random, asked: float) -> tuple[float, Limits]:
    day, *before = (_poisson(chance, 40.0) for _ in range(DAYS + 1))
    return day, limits_of_events(before, asked)


def _poisson(chance: random.Random, expected: float) -> int:
    number, at = 0, chance.expovariate(expected)
    while at < 1:
        number, at = number + 1, at + chance.expovariate(expected)
    return number


@pytest.mark.parametrize(
    ("draw", "asked", "days"),
    [
        (share, 0.0027, 1_500), (share, 0.02, 500), (net, 0.02, 500), (mean, 0.02, 500), (events, 0.0027, 1_000), (events, 0.02, 500),
    ],
)  # fmt: skip
def test_days_on_which_nothing_changed_are_unusual_as_often_as_stated(draw: Draw, asked: float, days: int) -> None:
    chance = random.Random(f"{draw.__name__} {asked}")
    alarms, stated, variance = 0, 0.0, 0.0
    for _ in range(days):
        value, limits = draw(chance, asked)
        alarms += not limits.low - 1e-9 <= value <= limits.high + 1e-9
        stated += limits.false_alarms
        variance += limits.false_alarms * (1 - limits.false_alarms)
        assert limits.false_alarms <= asked
    # A whole alarm cannot be nearer than a half to what is stated.
    assert abs(alarms - stated) <= Z * math.sqrt(variance) + 0.5


def test_limits_are_narrower_with_more_answers_and_hold_what_is_expected() -> None:
    before = Counts(1_000, 500, 200)
    few, many = (limits_of_counts(Counts(n, n // 2, n // 5), before, 0.0027) for n in (30, 300))
    assert few.low < many.low < many.centre == few.centre == 30.0 < many.high < few.high


def test_a_day_that_did_change_is_outside() -> None:
    limits = limits_of_counts(Counts(60, 12, 30), Counts(1_500, 750, 300), 0.0027)
    assert limits.low > 100 * (12 - 30) / 60
    assert limits_of_events([40] * 14 + [44] * 14, 0.0027).low > 20


def test_a_share_has_the_tails_of_fishers_test() -> None:
    chances = _chances(40, Counts(440, 360, 0))
    for number in (25, 30, 33, 38):
        wanted = stats.hypergeom.cdf(number, 440, 360, 40)
        assert sum(chance for value, chance in chances.items() if value <= number) == pytest.approx(wanted, rel=1e-9)


def test_exact_chances_add_up_to_one_and_the_normal_ones_of_many_answers_are_near() -> None:
    lot = Counts(12_000, 6_000, 2_400)
    exact = _chances(250, lot)
    assert sum(exact.values()) == pytest.approx(1.0, abs=1e-9)
    near = _normal(250, lot)
    for value in (25, 50, 75, 100, 125):
        below, about = (sum(chance for other, chance in one.items() if other <= value) for one in (exact, near))
        assert about == pytest.approx(below, abs=3e-3)


@pytest.mark.parametrize("degrees", [13, 27, 60])
def test_the_quantile_is_students(degrees: int) -> None:
    for asked in (0.1, 0.0027, 0.0001):
        beyond = 2 * stats.t.sf(_t_quantile(1 - asked / 2, degrees), degrees)
        assert beyond == pytest.approx(asked, rel=3e-3)


def test_too_few_days_make_no_limits() -> None:
    with pytest.raises(ValueError, match="7 days"):
        limits_of_events([1, 2, 3], 0.01)


def test_days_of_no_answers_of_a_class_have_limits_that_they_do_not_leave() -> None:
    limits = limits_of_counts(Counts(30, 0, 0), Counts(800, 0, 0), 0.0027)
    assert (limits.low, limits.high, limits.false_alarms) == (0.0, 0.0, 0.0)
