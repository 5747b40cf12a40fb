"""Whether a KPI changed: held against published methods computed by others."""

from __future__ import annotations

from datetime import date
from math import sqrt

import pytest
from hypothesis import given, strategies as st
from scipy.stats import norm, t
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from touchline.errors import WrongUsage
from touchline.reporting.trend import DOWN, NO_PROOF, NOT_KNOWN, UP, Periods, Sample, trend_of

answers = st.integers(1, 400)


def share(positive: int, n: int) -> Sample:
    """A CSAT with Wilson's interval, in percent."""
    low, high = proportion_confint(positive, n, method="wilson")
    return Sample(100 * positive / n, n, positive, 0, 100 * low, 100 * high, "wilson")


def net(positive: int, negative: int, n: int) -> Sample:
    """An NPS; its own interval is not asked for."""
    return Sample(100 * (positive - negative) / n, n, positive, negative, -100, 100, "adjusted_wald")


@given(n=answers, m=answers, data=st.data())
def test_of_shares_the_interval_is_newcombes_hybrid_score(n: int, m: int, data: st.DataObject) -> None:
    now, before = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    trend = trend_of(share(now, n), share(before, m))
    low, high = confint_proportions_2indep(now, n, before, m, method="newcomb", compare="diff")
    assert trend.change == pytest.approx(100 * (now / n - before / m))
    assert (trend.ci_low, trend.ci_high) == pytest.approx((100 * low, 100 * high), abs=1e-9)


@given(n=answers, m=answers, data=st.data())
def test_of_nps_it_is_the_published_test_of_two_adjusted_scores(n: int, m: int, data: st.DataObject) -> None:
    """z = (NPS1 - NPS2) / sqrt(SE1² + SE2²), each with three more answers: of the scores as multinomial counts."""
    samples = []
    for size in (n, m):
        positive = data.draw(st.integers(0, size))
        samples.append((positive, data.draw(st.integers(0, size - positive)), size))
    trend = trend_of(*(net(*one) for one in samples))
    scores = []
    for positive, negative, size in samples:
        shares = ((positive + 0.75) / (size + 3), (negative + 0.75) / (size + 3))
        mean = shares[0] - shares[1]
        variance = sum(shares[i] * (sign - mean) ** 2 for i, sign in ((0, 1), (1, -1))) + (1 - sum(shares)) * mean**2
        scores.append((mean, variance / (size + 3)))
    z = (scores[0][0] - scores[1][0]) / sqrt(scores[0][1] + scores[1][1])
    proven = abs(z) > norm.ppf(0.975)
    assert (trend.verdict != NO_PROOF) == proven or abs(abs(z) - norm.ppf(0.975)) < 1e-9


def test_of_means_with_equal_spread_it_is_the_usual_interval() -> None:
    half = t.ppf(0.975, 99) * 1.2 / 10
    samples = [Sample(mean, 100, 0, 0, mean - half, mean + half, "student_t") for mean in (5.5, 5.0)]
    trend = trend_of(*samples)
    assert (trend.ci_low, trend.ci_high) == pytest.approx((0.5 - half * sqrt(2), 0.5 + half * sqrt(2)))
    assert trend.verdict == UP


def test_the_verdict_says_which_way_and_never_more_than_the_interval_shows() -> None:
    assert trend_of(share(90, 100), share(60, 100)).verdict == UP
    assert trend_of(share(60, 100), share(90, 100)).verdict == DOWN
    assert trend_of(share(9, 10), share(6, 10)).verdict == NO_PROOF
    assert trend_of(share(1, 1), share(0, 1)).verdict == NO_PROOF


def test_without_answers_in_one_of_the_periods_nothing_is_compared() -> None:
    trend = trend_of(None, share(3, 4))
    assert (trend.verdict, trend.change, trend.n, trend.n_before) == (NOT_KNOWN, None, 0, 4)
    assert trend_of(share(3, 4), None).verdict == NOT_KNOWN


def test_periods_are_of_equal_length_and_touch() -> None:
    assert Periods.ending(date(2017, 12, 31), 28) == (
        date(2017, 11, 6),
        date(2017, 12, 3),
        date(2017, 12, 4),
        date(2017, 12, 31),
    )


@pytest.mark.parametrize(
    ("last", "days"), [(date(1, 1, 1), 28), (date(2017, 12, 31), 10**12), (date(2017, 12, 31), 500_000)]
)
def test_periods_before_the_calendar_are_wrong_usage(last: date, days: int) -> None:
    with pytest.raises(WrongUsage, match="before the year 1"):
        Periods.ending(last, days)
