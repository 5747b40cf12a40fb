"""Where to act: gap, impact, verdicts on targets, against a count by hand and statsmodels."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, given, settings, strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.contract.sql.rows import NOON, Row, answer, attached, write
from tests.contract.sql.selecting import rows_of
from touchline.schemas.journey.read import load_map, parse_map
from touchline.sql.schema.reference import register_map

ASKS = """
map: retail
version: 1
title: A shop
stages: [{id: look, name: Look}, {id: buy, name: Buy}]
touchpoints:
  - {id: hotline, name: Hotline, channel: phone, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
rules:
  - {id: called, when: {touchpoint: hotline}, stage: look}
  - {id: paid, when: {touchpoint: till}, stage: buy}
goals: [{id: basket, name: Basket, when: {touchpoint: till}}]
cycle: {stays: []}
kpis:
  - {id: a, kpi: csat, variant: top_2_box, scope: transactional, scale: {min: 1, max: 5}, ask: {touchpoints: [hotline]},
     question: "Are you satisfied?", target: 80}
  - {id: b, kpi: csat, variant: top_2_box, scope: transactional, scale: {min: 1, max: 5}, ask: {stages: [buy]},
     question: "Are you satisfied?", target: 40}
  - {id: c, kpi: ces, variant: effort_mean, scope: transactional, scale: {min: 1, max: 5}, ask: {touchpoints: all},
     question: "How much effort was it?", target: 2}
"""


def journey(person: int, cycle: int, *, converts: bool, score: int | None = None, **values: Any) -> list[Row]:
    """A call, an answer about it a fortnight later, perhaps a purchase the day after the call."""
    number = 100 * person + 10 * cycle
    begin = NOON + timedelta(days=3 * cycle)
    common = {"person": f"k1:{person}", "identifier": f"k1:{person}", "cycle": cycle, "local_date": begin.date()}
    rows = [
        attached(
            number,
            touchpoint="hotline",
            stage="look",
            transition="enter",
            touchpoint_number=2 * cycle - 1,
            event_time=begin,
            **common,
        )
    ]
    if converts:
        later = begin + timedelta(days=1)
        rows.append(
            attached(
                number + 1, touchpoint="till", stage="buy", stage_order=2, transition="advance", touchpoint_number=2 * cycle,
                event_time=later, is_conversion=1, **common,
            )
        )  # fmt: skip
    if score is not None:
        answered = begin + timedelta(days=14)
        about = common | {"cycle": cycle + 5, "about_time": begin, "event_time": answered} | values
        rows.append(answer(number + 2, "csat", score, (1, 5), touchpoint="hotline", stage="look", **about))
    return rows


def shares(client: Client, good: tuple[int, int], bad: tuple[int, int]) -> dict[str, Any]:
    """The row of impact for (converted, all) journeys with a good and a bad experience."""
    rows: list[Row] = []
    person = 0
    for score, (converted, all_) in ((5, good), (1, bad)):
        for number in range(all_):
            person += 1
            rows += journey(person, 1, converts=number < converted, score=score)
    write(client, rows)
    (found,) = rows_of(client, "impact")
    return found


@pytest.fixture
def asking(empty_client: Client) -> Client:
    register_map(empty_client, parse_map(ASKS))
    return empty_client


@pytest.mark.parametrize(
    ("good", "bad"), [((30, 40), (10, 30)), ((5, 5), (0, 4)), ((1, 3), (2, 3)), ((0, 6), (0, 6))], ids=str
)
def test_the_difference_of_conversions_has_newcombes_interval(
    asking: Client, good: tuple[int, int], bad: tuple[int, int]
) -> None:
    found = shares(asking, good, bad)
    low, high = confint_proportions_2indep(*good, *bad, method="newcomb", compare="diff")
    assert (found["n_good"], found["n_bad"]) == (good[1], bad[1])
    assert found["conversion_good"] == pytest.approx(good[0] / good[1])
    assert found["difference"] == pytest.approx(good[0] / good[1] - bad[0] / bad[1])
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((low, high), abs=1e-9)
    journeys, n = good[1] + bad[1], good[1] + bad[1]
    value = 100 * good[1] / n
    assert (found["journeys"], found["n"], found["value"]) == (journeys, n, pytest.approx(value))
    assert (found["target"], found["gap"]) == (80, pytest.approx((80 - value) / 100))
    if min(good[1], bad[1]) < found["n_needed"]:
        assert (found["comparison"], found["impact"], found["score"], found["rank"]) == ("too few", None, None, None)
    else:
        assert found["comparison"] == ("significant" if low > 0 else "not significant")
        assert found["impact"] == pytest.approx(journeys * found["difference"])
        assert found["score"] == pytest.approx(found["impact"] * found["gap"])
    assert found["is_flagged"] == (100 * proportion_confint(good[1], n, method="wilson")[1] < 80)


def test_an_answer_counts_for_the_cycle_of_the_touchpoint_and_one_bad_answer_makes_it_bad(asking: Client) -> None:
    """The answer is placed into the cycle that ran when it was given: two weeks later, after the next journeys had begun."""
    rows = journey(1, 1, converts=True, score=5) + journey(1, 2, converts=False, score=5) + journey(1, 3, converts=True)
    rows += journey(2, 1, converts=True, score=5)
    again = answer(
        900,
        "csat",
        1,
        (1, 5),
        **{key: rows[-1][key] for key in ("person", "touchpoint", "stage", "about_time", "local_date")},
    )
    neutral = journey(3, 1, converts=False, score=3)
    nobody = answer(901, "csat", 1, (1, 5), touchpoint="hotline", stage="look")
    write(asking, [*rows, again, *neutral, nobody])
    (found,) = rows_of(asking, "impact")
    assert (found["n"], found["journeys"]) == (6, 5)
    assert (found["n_good"], found["conversion_good"]) == (2, 0.5)
    assert (found["n_bad"], found["conversion_bad"]) == (1, 1.0)


def test_simulated_journeys_count_for_simulated_answers_only(asking: Client) -> None:
    real = journey(1, 1, converts=True, score=5)
    simulated = [row | {"is_simulated": 1} for row in journey(2, 1, converts=False, score=1)]
    write(
        asking,
        [
            *real,
            *simulated,
            *[row | {"is_simulated": int(row["kpi"] != "")} for row in journey(3, 1, converts=True, score=1)],
        ],
    )
    found = {row["is_simulated"]: row["journeys"] for row in rows_of(asking, "impact")}
    assert found == {0: 2, 1: 3}
    hotline = {"touchpoint": ["hotline"]}
    real_ones = rows_of(asking, "journeys", hotline | {"is_simulated": ["0"]})
    assert [len(real_ones), len(rows_of(asking, "journeys", hotline))] == [2, 3]  # what the page opens behind each


@given(
    good=st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple),
    bad=st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_enough_journeys_and_the_difference_speak_for_is_ranked(
    asking: Client, good: tuple[int, int], bad: tuple[int, int]
) -> None:
    asking.execute("TRUNCATE TABLE journey_raw.ledger")
    if not good[1] + bad[1]:
        return
    found = shares(asking, good, bad)
    needed = found["n_needed"]
    converted, n = good[0] + bad[0], good[1] + bad[1]
    if min(good[1], bad[1]) < needed:
        expected = "too few"
    elif converted in (0, n):
        expected = "no contrast"
    else:
        low, high = confint_proportions_2indep(*good, *bad, method="newcomb", compare="diff")
        expected = "significant" if low > 1e-12 else "reversed" if high < -1e-12 else "not significant"
    assert found["comparison"] == expected
    may_rank = expected in ("significant", "not significant") and found["difference"] > 0 and found["gap"] > 0
    assert (found["rank"], found["score"] is not None) == ((1, True) if may_rank else (None, False))
    assert (found["impact"] is None) == (expected in ("too few", "no contrast"))


def test_a_rank_never_rests_on_a_handful_of_journeys_nor_on_bad_experiences_that_convert_better(
    asking: Client,
) -> None:
    handful = shares(asking, (1, 1), (0, 5))
    assert (handful["comparison"], handful["score"], handful["rank"]) == ("too few", None, None)
    asking.execute("TRUNCATE TABLE journey_raw.ledger")
    turned = shares(asking, (2, 30), (25, 40))
    assert turned["is_flagged"]
    assert turned["impact"] < 0
    assert (turned["comparison"], turned["score"], turned["rank"]) == ("reversed", None, None)
    asking.execute("TRUNCATE TABLE journey_raw.ledger")
    all_convert = shares(asking, (30, 30), (40, 40))
    assert (all_convert["comparison"], all_convert["impact"], all_convert["rank"]) == ("no contrast", None, None)


def test_ranks_put_what_misses_its_target_first(asking: Client) -> None:
    rows: list[Row] = []
    for person in range(60):
        rows += journey(person, 1, converts=person % 4 == 0, score=1 if person % 2 else 5)
    rows += [
        answer(9000 + number, "csat", 5, (1, 5), touchpoint="till", stage="buy", stage_order=2) for number in range(40)
    ]
    write(asking, rows)
    found = sorted(rows_of(asking, "impact"), key=lambda row: row["rank"] or 9)
    assert [(row["rank"], row["touchpoint"], row["is_flagged"], row["target"]) for row in found] == [
        (1, "hotline", 1, 80.0),
        (None, "till", 0, 40.0),
    ]


def test_where_the_target_is_reached_there_is_no_score(asking: Client) -> None:
    """Else a touchpoint that is better than it must be, and where unhappy people buy more, would be first."""
    rows: list[Row] = []
    for person in range(120):
        rows += journey(person, 1, converts=person % 8 == 0, score=1 if person % 8 == 0 else 5)
    write(asking, rows)
    (found,) = rows_of(asking, "impact")
    assert found["gap"] < 0
    assert found["impact"] < 0
    assert found["score"] is None


def test_targets_are_those_of_where_the_question_is_asked_and_verdicts_need_the_whole_interval(asking: Client) -> None:
    rows = [
        answer(number, "csat", 5 if number % 10 else 1, (1, 5), touchpoint="hotline", stage="look")
        for number in range(1, 401)
    ]
    rows += [
        answer(500 + number, "csat", 4, (1, 5), touchpoint="till", stage="buy", stage_order=2) for number in range(3)
    ]
    rows += [
        answer(600 + number, "ces", 3, (1, 5), touchpoint="till", stage="buy", stage_order=2) for number in range(1, 40)
    ]
    rows += [
        answer(700 + number, "nps", 3, (0, 10), touchpoint="till", stage="buy", stage_order=2) for number in range(1, 4)
    ]
    write(asking, rows)
    found = {(row["touchpoint"], row["kpi"]): row for row in rows_of(asking, "survey_by_touchpoint")}
    verdicts = {key: (row["target"], row["target_verdict"]) for key, row in found.items()}
    assert verdicts == {
        ("hotline", "csat"): (80.0, "met"),
        ("till", "csat"): (40.0, "met"),
        ("till", "ces"): (2.0, "missed"),  # effort: low is good
        ("till", "nps"): (None, None),
    }
    assert found["hotline", "csat"]["question"] == "Are you satisfied?"
    assert found["till", "nps"]["question"] is None
    assert [row["is_small_n"] for row in (found["hotline", "csat"], found["till", "csat"])] == [0, 1]
    # Over both places one KPI has two targets: none can be said to hold.
    (total,) = [row for row in rows_of(asking, "survey_total") if row["kpi"] == "csat"]
    assert total["target"] is None


def test_the_targets_of_a_shipped_map_are_read_from_its_content(empty_client: Client, project_dir: Path) -> None:
    retail = load_map(project_dir / "journeys" / "retail.yaml")
    register_map(empty_client, retail)
    write(empty_client, [answer(1, "nps", 9, (0, 10), map_version=retail.version)])
    (found,) = rows_of(empty_client, "survey_total", map_version=retail.version)
    (asked,) = [question for question in retail.kpis if question.kpi == "nps"]
    assert (found["target"], found["question"]) == (asked.target, asked.question)
