"""Whether a KPI changed, as ClickHouse computes it: held against published methods and other packages."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Any, NamedTuple

import pytest
from clickhouse_driver import Client
from scipy.stats import norm, t
from statsmodels.stats.proportion import confint_proportions_2indep

from touchline.sql.language.formulas import t_quantile_sql
from touchline.sql.language.trends import DOWN, NOT_KNOWN, NOT_SIGNIFICANT, OF_SAMPLE, SIDE, UP, trend_layers
from touchline.sql.language.views import layered
from touchline.sql.subjects.surveys.values import value_layers


class Sample(NamedTuple):
    """Sums of the answers of one period."""

    kind: str
    n: int
    n_positive: int
    n_negative: int
    total: float
    squares: float
    lowest: float = 1
    highest: float = 7


class Trend(NamedTuple):
    change: float
    low: float
    high: float
    verdict: str


NOTHING = Sample("mean", 0, 0, 0, 0, 0)


def share(positive: int, n: int) -> Sample:
    return Sample("share", n, positive, 0, 0, 0, 0, 100)


def net(positive: int, negative: int, n: int) -> Sample:
    return Sample("net", n, positive, negative, 0, 0, -100, 100)


def mean(scores: Sequence[float]) -> Sample:
    return Sample("mean", len(scores), 0, 0, sum(scores), sum(score * score for score in scores))


def trends_of(client: Client, pairs: Sequence[tuple[Sample, Sample]]) -> list[Trend]:
    """Now against before, pair by pair."""
    rows = ", ".join(str((number, side, *pair[side])) for number, pair in enumerate(pairs) for side in (0, 1))
    names = (
        "number UInt32, side UInt8, kind String, n Int64, n_positive Int64, n_negative Int64, total Float64, "
        "squares Float64, lowest Float64, highest Float64"
    )
    samples = layered(f" values('{names}', {rows})", *value_layers(), OF_SAMPLE)
    sides = ", ".join(
        f"anyIf({name}, side = {side}) AS {prefix}_{name}"
        for side, prefix in enumerate(("now", "before"))
        for name in SIDE
    )
    pivoted = f"(SELECT number, any(kind) AS kind, {sides} FROM {samples} GROUP BY number)"
    query = f"SELECT change, change_low, change_high, trend FROM {layered(pivoted, *trend_layers())} ORDER BY number"
    return [Trend(*row) for row in client.execute(query)]


def trend_of(client: Client, now: Sample, before: Sample) -> Trend:
    return trends_of(client, [(now, before)])[0]


def drawn(random: Random, number: int) -> list[tuple[int, int, int]]:
    """(n, positive, negative), small and large, with all and with none."""
    found = []
    for _ in range(number):
        n = random.choice((random.randint(1, 5), random.randint(1, 400)))
        positive = random.choice((0, n, random.randint(0, n)))
        found.append((n, positive, random.randint(0, n - positive)))
    return found


def test_of_shares_the_interval_is_newcombes_hybrid_score(engine_client: Client) -> None:
    random = Random(1)
    cases = list(zip(drawn(random, 300), drawn(random, 300), strict=True))
    pairs = [(share(now[1], now[0]), share(before[1], before[0])) for now, before in cases]
    for (now, before), trend in zip(cases, trends_of(engine_client, pairs), strict=True):
        low, high = confint_proportions_2indep(now[1], now[0], before[1], before[0], method="newcomb", compare="diff")
        assert trend.change == pytest.approx(100 * (now[1] / now[0] - before[1] / before[0]))
        assert (trend.low, trend.high) == pytest.approx((100 * low, 100 * high), abs=1e-9)


def test_of_nps_it_is_the_published_test_of_two_adjusted_scores(engine_client: Client) -> None:
    """z = (NPS1 - NPS2) / sqrt(SE1² + SE2²), each with three more answers: of the scores as multinomial counts."""
    random = Random(2)
    cases = list(zip(drawn(random, 300), drawn(random, 300), strict=True))
    pairs = [(net(*now[1:], now[0]), net(*before[1:], before[0])) for now, before in cases]
    for case, trend in zip(cases, trends_of(engine_client, pairs), strict=True):
        scores = []
        for n, positive, negative in case:
            shares = ((positive + 0.75) / (n + 3), (negative + 0.75) / (n + 3))
            value = shares[0] - shares[1]
            variance = sum(shares[i] * (sign - value) ** 2 for i, sign in ((0, 1), (1, -1)))
            variance += (1 - sum(shares)) * value**2
            scores.append((value, variance / (n + 3)))
        z = (scores[0][0] - scores[1][0]) / sqrt(scores[0][1] + scores[1][1])
        proven = abs(z) > norm.ppf(0.975)
        assert (trend.verdict != NOT_SIGNIFICANT) == proven or abs(abs(z) - norm.ppf(0.975)) < 1e-9
        assert (trend.verdict == UP) == (proven and z > 0)


def test_of_means_with_equal_spread_it_is_the_usual_interval(engine_client: Client) -> None:
    """Middle of the scale, so that neither interval is cut: the half widths add as the squares."""
    scores = [3.0, 4.0, 5.0] * 40
    trend = trend_of(engine_client, mean([score + 0.5 for score in scores]), mean(scores))
    spread = sqrt(sum((score - 4) ** 2 for score in scores) / 119 / 120)
    half = t.ppf(0.975, 119) * spread * sqrt(2)
    assert (trend.low, trend.high) == pytest.approx((0.5 - half, 0.5 + half), rel=2e-3)
    assert trend.verdict == UP


def test_a_few_answers_that_are_all_alike_prove_no_change_of_a_mean(engine_client: Client) -> None:
    many = [7] * 35 + [6] * 12 + [5] * 3
    expected: list[tuple[list[int], list[int], str]] = [
        ([7, 7], many, NOT_SIGNIFICANT),
        (many, [7, 7, 7], NOT_SIGNIFICANT),
        ([5, 5], [4, 4], NOT_SIGNIFICANT),
        ([5] * 30, [4] * 30, UP),
        ([4] * 30, many, DOWN),
        ([5, 5], [5], NOT_SIGNIFICANT),
        ([5], [6], NOT_SIGNIFICANT),
    ]
    found = trends_of(engine_client, [(mean(now), mean(before)) for now, before, _ in expected])
    assert [trend.verdict for trend in found] == [verdict for _, _, verdict in expected]


def test_means_that_did_not_change_seem_to_in_one_of_twenty_cases_at_most(engine_client: Client) -> None:
    """Few answers, most of them at the end of the scale, against many."""
    draw = Random(5)

    def scores(n: int) -> list[int]:
        return [7 - sum(draw.random() < 0.05 for _ in range(6)) for _ in range(n)]

    found = trends_of(engine_client, [(mean(scores(3)), mean(scores(100))) for _ in range(1_000)])
    assert sum(trend.verdict != NOT_SIGNIFICANT for trend in found) / len(found) < 0.07


def test_the_quantile_of_t_is_the_published_one(engine_client: Client) -> None:
    rows: list[Any] = engine_client.execute(
        f"SELECT {t_quantile_sql('d')} FROM (SELECT number + 1 AS d FROM numbers(400))"
    )
    assert [value for (value,) in rows] == pytest.approx([t.ppf(0.975, d) for d in range(1, 401)], rel=0.002)


def test_the_verdict_says_which_way_and_never_more_than_the_interval_shows(engine_client: Client) -> None:
    pairs = [((90, 100), (60, 100)), ((60, 100), (90, 100)), ((9, 10), (6, 10)), ((1, 1), (0, 1))]
    found = trends_of(engine_client, [(share(*now), share(*before)) for now, before in pairs])
    assert [trend.verdict for trend in found] == [UP, DOWN, NOT_SIGNIFICANT, NOT_SIGNIFICANT]


def test_without_answers_in_one_of_the_periods_nothing_is_compared(engine_client: Client) -> None:
    pairs = [(share(3, 4), NOTHING), (NOTHING, mean([4, 5])), (net(1, 1, 3), NOTHING)]
    assert {trend.verdict for trend in trends_of(engine_client, pairs)} == {NOT_KNOWN}
