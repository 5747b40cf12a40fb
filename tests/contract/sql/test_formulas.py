"""Intervals as ClickHouse computes them, against published values and independent libraries."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import pytest
from clickhouse_driver import Client
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.rows import answer, write
from touchline.sql.language.formulas import IntervalSql, adjusted_wald, student_t, wilson

CASES = [
    (positive, negative, n)
    for n in (1, 2, 3, 11, 100, 5000)
    for positive in {0, n // 2, n}
    for negative in {0, n - positive}
]


def bounds(
    client: Client, interval: IntervalSql, cases: Sequence[tuple[float, ...]], names: str
) -> list[tuple[float, float]]:
    steps = ", ".join(f"{sql} AS {name}" for layer in interval.layers for name, sql in layer.items())
    rows = ", ".join(map(str, cases))
    sql = f"SELECT {steps}, {interval.low}, {interval.high} FROM values('{names}', {rows})"
    return [row[-2:] for row in client.execute(sql)]


def test_wilson_equals_statsmodels(engine_client: Client) -> None:
    found = bounds(engine_client, wilson("p", "n"), CASES, "p Int64, m Int64, n Int64")
    for (positive, _, n), interval in zip(CASES, found, strict=True):
        assert interval == pytest.approx(proportion_confint(positive, n, 0.05, "wilson"), abs=1e-12)


def test_adjusted_wald_equals_the_variance_with_pseudo_answers(engine_client: Client) -> None:
    """Independently: the mean and variance of n answers of +1, 0, -1 and of three more, of which 3/4 are +1 and 3/4 are -1."""
    found = bounds(engine_client, adjusted_wald("p", "m", "n"), CASES, "p Int64, m Int64, n Int64")
    for (positive, negative, n), interval in zip(CASES, found, strict=True):
        weights = {1: positive + 0.75, -1: negative + 0.75, 0: n - positive - negative + 1.5}
        mean = sum(value * weight for value, weight in weights.items()) / (n + 3)
        variance = sum(weight * (value - mean) ** 2 for value, weight in weights.items()) / (n + 3)
        half = stats.norm.ppf(0.975) * math.sqrt(variance / (n + 3))
        assert interval == pytest.approx((max(mean - half, -1), min(mean + half, 1)), abs=1e-12)


@pytest.mark.parametrize("scores", [[7.0] * 2 + [1.0], [1, 4, 4, 6, 7], list(range(1, 8)) * 30, [5, 6]], ids=len)
def test_student_t_is_within_a_thousandth_of_scipy(engine_client: Client, scores: list[float]) -> None:
    n, mean = len(scores), statistics.fmean(scores)
    expected = stats.t.interval(0.95, n - 1, loc=mean, scale=statistics.stdev(scores) / math.sqrt(n))
    case = [(sum(scores), sum(score**2 for score in scores), n)]
    ((low, high),) = bounds(engine_client, student_t("s", "q", "n", "1", "7"), case, "s Float64, q Float64, n Int64")
    assert low == pytest.approx(max(expected[0], 1), rel=2e-3)
    assert high == pytest.approx(min(expected[1], 7), rel=2e-3)


def survey_rows(
    client: Client, kpi: str, scale: tuple[int, int], scores: list[int], **values: object
) -> dict[str, Any]:
    write(client, [answer(number, kpi, score, scale, **values) for number, score in enumerate(scores, start=1)])
    names = "variant, n, n_positive, n_neutral, n_negative, numerator, denominator, value, ci_low, ci_high, ci_method"
    rows = client.execute(f"SELECT {names} FROM journey.kpi_survey_1d")
    assert len(rows) == 1
    return dict(zip(names.split(", "), rows[0], strict=True))


def test_nps_of_a_half_a_third_and_a_sixth(empty_client: Client) -> None:
    """O4: promoters 1/2, passives 1/3, detractors 1/6: NPS 33.33, variance 5/9 of one answer."""
    found = survey_rows(empty_client, "nps", (0, 10), [9, 10, 9, 7, 8, 0])
    assert (found["n_positive"], found["n_neutral"], found["n_negative"]) == (3, 2, 1)
    assert found["value"] == pytest.approx(100 / 3)
    shares = found["n_positive"] / 6, found["n_negative"] / 6
    assert sum(shares) - (shares[0] - shares[1]) ** 2 == pytest.approx(5 / 9)


def test_nps_of_eleven_answers_stays_below_a_hundred(empty_client: Client) -> None:
    """O5: n = 11, 9 promoters, 2 detractors: 63.6; plain Wald's upper bound is 109, adjusted-Wald [8.0, 92.0]."""
    found = survey_rows(empty_client, "nps", (0, 10), [10] * 9 + [3] * 2)
    assert found["value"] == pytest.approx(63.6, abs=0.05)
    assert (found["ci_low"], found["ci_high"]) == (pytest.approx(8.0, abs=0.05), pytest.approx(92.0, abs=0.05))
    assert (found["variant"], found["ci_method"], found["n"]) == ("standard", "adjusted_wald", 11)


def test_only_of_one_answer_the_interval_of_a_difference_leaves_the_value_out(engine_client: Client) -> None:
    """As docs/kpis.md says."""
    cases = [(p, d, n) for n in (*range(1, 40), 1_000, 10**6) for p, d in ((n, 0), (0, n))]
    found = bounds(engine_client, adjusted_wald("p", "d", "n"), cases, "p Int64, d Int64, n Int64")
    outside = [
        case for case, (low, high) in zip(cases, found, strict=True) if not low <= (case[0] - case[1]) / case[2] <= high
    ]
    assert outside == [(1, 0, 1), (0, 1, 1)]
    assert found[1] == pytest.approx((-0.985, 0.485), abs=5e-4)


def test_csat_is_the_top_two_boxes_and_not_the_mean(empty_client: Client) -> None:
    """O6: 5:10 4:20 3:10 2:5 1:5 gives 60 %, not 3.5."""
    found = survey_rows(empty_client, "csat", (1, 5), [5] * 10 + [4] * 20 + [3] * 10 + [2] * 5 + [1] * 5)
    assert found["value"] == pytest.approx(60)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(
        [100 * end for end in proportion_confint(30, 50, 0.05, "wilson")]
    )


@pytest.mark.parametrize(
    ("variant", "value", "method"),
    [
        ("", 30 / 7, "student_t"),
        ("mean", 30 / 7, "student_t"),
        ("top_3_box", 400 / 7, "wilson"),
        ("net", 0.0, "adjusted_wald"),
    ],
)
def test_the_three_variants_of_customer_effort(empty_client: Client, variant: str, value: float, method: str) -> None:
    found = survey_rows(empty_client, "ces", (1, 7), [7, 6, 6, 5, 3, 2, 1], variant=variant)
    assert found["value"] == pytest.approx(value)
    assert found["ci_method"] == method
    assert found["ci_low"] <= found["value"] <= found["ci_high"]


@pytest.mark.parametrize(
    ("kpi", "scale", "scores", "variant", "value"),
    [
        ("csat", (1, 3), [3, 3, 2, 1], "top_box_of_3", 50), ("csat", (1, 4), [4, 3, 2, 1], "top_2_box_of_4", 50),
        ("csat", (1, 10), [10, 9, 8, 1], "top_2_box_of_10", 50), ("csat", (0, 10), [10, 9, 8, 0], "top_2_box_of_11", 50),
        ("csat", (0, 100), [100, 80, 60, 0], "mean_of_100", 60), ("csat", (5, 1), [1, 1, 2, 5], "top_2_box_reversed", 75),
        ("csat", (10, 1), [1, 2, 3, 10], "top_2_box_of_10_reversed", 50), ("ces", (1, 10), [10, 2, 3, 5], "mean_of_10", 5),
        ("ces", (7, 1), [1, 1, 3, 7], "mean_reversed", 3), ("emotion", (1, 5), [5, 4, 3, 1], "net_of_5", 25),
        ("emotion", (7, 1), [1, 2, 4, 7], "net_reversed", 25),
    ],
)  # fmt: skip
def test_a_scale_of_its_own_is_a_variant_of_its_own(
    empty_client: Client, kpi: str, scale: tuple[int, int], scores: list[int], variant: str, value: float
) -> None:
    found = survey_rows(empty_client, kpi, scale, scores)
    assert (found["variant"], found["n"]) == (variant, 4)
    assert found["value"] == pytest.approx(value)
    assert found["ci_low"] <= found["value"] <= found["ci_high"]


def test_answers_of_two_scales_are_never_one_number(empty_client: Client) -> None:
    scales = [(1, 3), (1, 4), (1, 5), (5, 1), (1, 7), (1, 10), (0, 100)]
    write(empty_client, [answer(number, "csat", 2, scale) for number, scale in enumerate(scales, start=1)])
    rows = empty_client.execute("SELECT variant, n FROM journey.kpi_survey_1d")
    assert len({variant for variant, _ in rows}) == len(rows) == len(scales)


def test_one_answer_to_a_mean_has_the_whole_scale_as_interval(empty_client: Client) -> None:
    found = survey_rows(empty_client, "ces", (1, 7), [6])
    assert (found["value"], found["ci_low"], found["ci_high"]) == (6, 1, 7)


@pytest.mark.parametrize(
    "values",
    [
        {"disposition": "dismissed"},
        {"has_score": 0},
        {"scale_max": 5, "kpi": "nps"},
        {"kpi": "stars"},
        {"variant": "unheard_of"},
    ],
    ids=str,
)
def test_an_answer_that_no_formula_covers_enters_no_kpi_but_stands_in_answers(
    empty_client: Client, values: dict[str, object]
) -> None:
    empty_client.execute(
        "INSERT INTO journey_raw.shown_maps VALUES", [("retail", 1, 0, 1, answer(1, "", 0, (0, 1))["event_time"])]
    )
    write(empty_client, [answer(1, "nps", 9, (0, 10)) | values])
    assert empty_client.execute("SELECT count() FROM journey.kpi_survey_1d") == [(0,)]
    assert empty_client.execute("SELECT count() FROM journey.answers") == [(1,)]
    is_scored = not values.keys() & {"disposition", "has_score"}
    assert empty_client.execute("SELECT count() FROM journey.answers WHERE is_classified = 0") == [(int(is_scored),)]
    found = empty_client.execute(
        "SELECT sum(answers), any(score_low), any(score_mean) FROM journey.unclassified_answers HAVING count() > 0"
    )
    assert found == ([(1, 9.0, 9.0)] if is_scored else [])
