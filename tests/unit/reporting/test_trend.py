"""Whether a KPI changed: held against published methods computed by others."""

from __future__ import annotations

from datetime import date
from math import sqrt
from random import Random

import pytest
from hypothesis import given, strategies as st
from scipy.stats import norm, t
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from touchline.errors import WrongUsage
from touchline.reporting.trend import DOWN, NO_PROOF, NOT_KNOWN, UP, Periods, Sample, trend_of
from touchline.sql.formulas import t_quantile

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


def mean(scores: list[int], lowest: int = 1, highest: int = 7) -> Sample:
    """A mean with Student's interval, cut at the ends of the scale."""
    n, value = len(scores), sum(scores) / len(scores)
    if n == 1:
        return Sample(value, n, 0, 0, lowest, highest, "student_t")
    half = t.ppf(0.975, n - 1) * sqrt(sum((one - value) ** 2 for one in scores) / (n - 1) / n)
    return Sample(value, n, 0, 0, max(value - half, lowest), min(value + half, highest), "student_t")


def test_a_few_answers_that_are_all_alike_prove_no_change_of_a_mean() -> None:
    many = [7] * 35 + [6] * 12 + [5] * 3
    assert trend_of(mean([7, 7]), mean(many)).verdict == NO_PROOF
    assert trend_of(mean(many), mean([7, 7, 7])).verdict == NO_PROOF
    assert trend_of(mean([5, 5]), mean([4, 4])).verdict == NO_PROOF
    assert trend_of(mean([5] * 30), mean([4] * 30)).verdict == UP
    assert trend_of(mean([4] * 30), mean(many)).verdict == DOWN
    assert trend_of(mean([5, 5]), mean([5])).verdict == NO_PROOF


def test_means_that_did_not_change_seem_to_in_one_of_twenty_cases_at_most() -> None:
    """Few answers, most of them at the end of the scale, against many."""
    draw = Random(5)

    def scores(n: int) -> list[int]:
        return [7 - sum(draw.random() < 0.05 for _ in range(6)) for _ in range(n)]

    proven = [trend_of(mean(scores(3)), mean(scores(100))).verdict != NO_PROOF for _ in range(1_000)]
    assert sum(proven) / len(proven) < 0.07


@given(st.integers(1, 400))
def test_the_quantile_of_t_is_the_published_one(degrees: int) -> None:
    assert t_quantile(degrees) == pytest.approx(t.ppf(0.975, degrees), rel=0.002)


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
