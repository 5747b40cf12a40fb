"""Who stays away after a bad experience, beside who does after a good one, against statsmodels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clickhouse_driver import Client
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.contract.sql.rows import NOON, Row, answer, attached, write
from tests.contract.sql.selecting import rows_of
from touchline.schemas.journey.read import parse_map
from touchline.sql.schema.reference import register_map

TERM = """
map: retail
version: 1
title: A taco stand
stages: [{id: eat, name: Eat}]
touchpoints: [{id: waiter, name: Waiter, channel: store, ownership: owned, observability: traceable}]
rules: [{id: served, when: {touchpoint: waiter}, stage: eat}]
goals: [{id: paid, name: Paid, when: {touchpoint: waiter}}]
cycle: {stays: [eat]}
churn: {inactivity_days: 7}
"""
SEEN_FROM = {"date_from": "2026-03-01", "date_to": "2026-03-31", "as_of": "2026-04-30 00:00:00"}


def visit(person: int, day: float, score: int | None = None, **values: Any) -> list[Row]:
    """A visit, the bill an hour later, and perhaps an answer about the waiter."""
    begin = NOON + timedelta(days=day)
    number = 10_000 * person + 10 * int(10 * day)
    common = {
        "person": f"k1:{person}",
        "identifier": f"k1:{person}",
        "cycle": 1,
        "local_date": begin.date(),
        "touchpoint": "waiter",
    }
    rows = [
        attached(
            number + step,
            touchpoint_number=1 + step,
            transition="stay" if day or step else "enter",
            event_time=begin + timedelta(hours=step),
            **(common | values),
        )
        for step in range(2)
    ]
    if score is not None:
        rows.append(answer(number + 2, "csat", score, (1, 5), about_time=begin, event_time=begin, **common))
    return rows


@pytest.fixture
def stand(empty_client: Client) -> Client:
    register_map(empty_client, parse_map(TERM))
    return empty_client


def of_shares(client: Client, good: tuple[int, int], bad: tuple[int, int]) -> dict[str, Any]:
    """(lost, all) with a good and a bad experience; who is not lost was there four days later."""
    rows: list[Row] = []
    person = 0
    for score, (lost, all_) in ((5, good), (1, bad)):
        for number in range(all_):
            person += 1
            rows += visit(person, 0, score) + ([] if number < lost else visit(person, 4))
    write(client, rows)
    (found,) = rows_of(client, "churn_after_experience", **SEEN_FROM)
    return found


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ((5, 40), (20, 30), "significant"),
        ((1, 3), (2, 3), "too few"),
        ((6, 12), (6, 12), "not significant"),
        ((0, 12), (0, 12), "no contrast"),
        ((20, 30), (5, 40), "reversed"),
    ],
)
def test_the_difference_of_those_who_stay_away_has_newcombes_interval(
    stand: Client, good: tuple[int, int], bad: tuple[int, int], said: str
) -> None:
    found = of_shares(stand, good, bad)
    low, high = confint_proportions_2indep(*bad, *good, method="newcomb", compare="diff")
    assert (found["n_bad"], found["n_bad_lost"], found["n_good"], found["n_good_lost"]) == (
        bad[1],
        bad[0],
        good[1],
        good[0],
    )
    assert found["difference"] == pytest.approx(bad[0] / bad[1] - good[0] / good[1])
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((low, high), abs=1e-9)
    assert (found["lost_bad_low"], found["lost_bad_high"]) == pytest.approx(
        proportion_confint(*bad, method="wilson"), abs=1e-12
    )
    assert found["comparison"] == said
    assert ("consistent with" in found["says"]) == (said in ("significant", "reversed", "not significant"))


def test_of_each_person_the_last_experience_whose_term_is_over_counts_and_the_same_visit_is_no_return(
    stand: Client,
) -> None:
    """Four visits with a rude waiter, then none; the other comes again, and the third's term still runs."""
    rows = [row for week in range(4) for row in visit(1, 5 * week, 2)]
    rows += visit(2, 0, 2) + visit(2, 5, 5) + visit(2, 10)
    rows += visit(3, 30, 1)
    rows += visit(4, 0, 3)  # of neither class
    write(stand, rows)
    (found,) = rows_of(stand, "churn_after_experience", **(SEEN_FROM | {"as_of": "2026-04-01 00:00:00"}))
    assert (found["n_bad"], found["n_bad_lost"], found["n_good"], found["n_good_lost"]) == (1, 1, 1, 0)


def test_what_was_declared_afterwards_is_no_coming_back(stand: Client) -> None:
    write(stand, visit(1, 0, 1) + visit(1, 3, provenance="declared"))
    (found,) = rows_of(stand, "churn_after_experience", **SEEN_FROM)
    assert (found["n_bad"], found["n_bad_lost"]) == (1, 1)


def test_a_selection_by_who_they_are_is_not_shown(stand: Client) -> None:
    write(stand, visit(1, 0, 1))
    (found,) = rows_of(stand, "churn_after_experience", {"segment": [""]}, **SEEN_FROM)
    assert (found["is_suppressed"], found["n_bad"], found["lost_bad"], found["comparison"]) == (1, None, None, None)
