"""Weighted survey KPIs against weights computed answer by answer, and against statsmodels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import floor, sqrt
from random import Random
from typing import Any

import numpy as np
import pytest
from clickhouse_driver import Client
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from tests.contract.sql.recount import VARIANTS
from tests.contract.sql.rows import Row, answer, attached, choose_default_map, retraction, standing, write
from tests.contract.sql.selecting import rows_of

Z = 1.959963984540054
K = 5
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
CHANCES = (1.0, 0.5, 0.1)


def ledger(seed: int) -> list[Row]:
    """Events of two touchpoints over three channels, and answers of whoever likes to answer; some are taken back."""
    random = Random(seed)
    rows: list[Row] = []
    number = 1
    for touchpoint, channel, events, answers in (
        ("till", "store", 300, 60), ("till", "web", 700, 20), ("till", "", 40, 3), ("till", "phone", 25, 0),
        ("web", "web", 500, 40), ("web", "store", 0, 7), ("poster", "street", 800, 0),
    ):  # fmt: skip
        common = {"touchpoint": touchpoint, "channel": channel}
        for _ in range(events):
            rows.append(attached(number, **common))
            number += 1
        for _ in range(answers):
            kpi = random.choice(tuple(SCALES))
            low, high = SCALES[kpi]
            score = min(high, random.randint(low, high) + 2 * (channel == "store"))
            row = answer(number, kpi, score, (low, high), **common) | {"sampling_probability": random.choice(CHANCES)}
            rows += [row, retraction(row)] if random.random() < 0.1 else [row]
            number += 1
    return rows


def put(client: Client, rows: Sequence[Row]) -> None:
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    for is_answer in (False, True):
        write(client, [row for row in rows if bool(row["kpi"]) == is_answer])


def strata_of(answers: Sequence[Row], events: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Stratum -> number of its class, after those of less than K answers were put together, the smallest first."""
    touchpoints = {row["touchpoint"] for row in answers}
    counts = {key: 0 for key in events if key[0] in touchpoints}
    for row in answers:
        key = (row["touchpoint"], row["channel"])
        counts[key] = counts.get(key, 0) + 1
    order = sorted(counts, key=lambda key: (counts[key], key))
    merged, taken = set(), 0
    if counts[order[0]] < K:
        for key in order:
            if counts[key] >= K and taken >= K:
                break
            merged.add(key)
            taken += counts[key]
    return {key: 0 if key in merged else number for number, key in enumerate(order, start=1)}


def weighed(answers: Sequence[Row], events: Mapping[tuple[str, str], int]) -> tuple[np.ndarray, np.ndarray]:
    """Scores and weights of the answers that have a weight."""
    classes = strata_of(answers, events)
    population: dict[int, int] = defaultdict(int)
    design: dict[int, float] = defaultdict(float)
    for key, number in classes.items():
        population[number] += events.get(key, 0)
    for row in answers:
        design[classes[row["touchpoint"], row["channel"]]] += 1 / row["sampling_probability"]
    found = []
    for row in answers:
        number = classes[row["touchpoint"], row["channel"]]
        found.append((row["score"], population[number] / design[number] / row["sampling_probability"]))
    kept = [one for one in found if one[1] > 0]
    return np.array([one[0] for one in kept]), np.array([one[1] for one in kept])


def expected(kpi: str, scores: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Value, bounds, effective number and design effect."""
    low, high = SCALES[kpi]
    _, good, bad, kind = VARIANTS[kpi, "", low, high]
    effective = weights.sum() ** 2 / (weights**2).sum()
    if kind == "mean":
        stats = DescrStatsW(scores, weights=weights * effective / weights.sum())
        n = max(floor(effective + 1e-9), 1)
        half = student.ppf(0.975, n - 1) * sqrt(stats.var / (n - 1))
        bounds = (stats.mean, max(stats.mean - half, low), min(stats.mean + half, high))
    else:
        positive, negative = (float(weights[np.isin(scores, list(one))].sum() / weights.sum()) for one in (good, bad))
        if kind == "share":
            ends = proportion_confint(positive * effective, effective, method="wilson")
            bounds = tuple(100 * one for one in (positive, *ends))
        else:
            shares = [(share * effective + 0.75) / (effective + 3) for share in (positive, negative)]
            net = shares[0] - shares[1]
            half = Z * sqrt((sum(shares) - net**2) / (effective + 3))
            bounds = (100 * (positive - negative), 100 * max(net - half, -1), 100 * min(net + half, 1))
    return {
        "weighted_value": bounds[0], "weighted_low": bounds[1], "weighted_high": bounds[2], "effective_n": effective,
        "design_effect": len(weights) / effective, "n_weighted": len(weights),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_those_of_each_answer_and_the_interval_takes_the_effective_number(
    empty_client: Client, seed: int
) -> None:
    choose_default_map(empty_client)
    rows = ledger(seed)
    put(empty_client, rows)
    net = standing(rows)
    events: dict[tuple[str, str], int] = defaultdict(int)
    for row in net:
        events[row["touchpoint"], row["channel"]] += not row["kpi"]
    events = {key: number for key, number in events.items() if number}
    found = {row["kpi"]: row for row in rows_of(empty_client, "survey_weighted", by="channel")}
    assert found.keys() == SCALES.keys()
    for kpi, row in found.items():
        answers = [one for one in net if one["kpi"] == kpi]
        scores, weights = weighed(answers, events)
        for name, value in expected(kpi, scores, weights).items():
            is_series = kpi == "ces" and name in (
                "weighted_low",
                "weighted_high",
            )  # the quantile of Student's t (0.2 %)
            assert row[name] == pytest.approx(value, rel=1e-3 if is_series else 1e-9), name
        assert row["n"] == len(answers)
        assert row["population"] == 1565
        assert row["difference"] == pytest.approx(row["weighted_value"] - row["value"])


def test_weights_bring_back_the_mix_of_the_touchpoint(empty_client: Client) -> None:
    """Of 900 online and 100 in the store ten each answer: all online are dissatisfied, all in the store satisfied."""
    choose_default_map(empty_client)
    number = 0
    rows: list[Row] = []
    for channel, events, score in (("web", 900, 1), ("store", 100, 5)):
        rows += [attached(number + one, channel=channel) for one in range(events)]
        number += 1_000
        rows += [
            answer(number + one, "csat", score, (1, 5), channel=channel) | {"sampling_probability": 1.0}
            for one in range(10)
        ]
        number += 1_000
    put(empty_client, rows)
    (row,) = rows_of(empty_client, "survey_weighted", by="channel")
    # Kish: 20 (10 * 90 + 10 * 10)^2 / 20 / (10 * 90^2 + 10 * 10^2) = 12.195 answers
    assert (row["value"], row["weighted_value"], row["effective_n"]) == pytest.approx((50, 10, 1000**2 / 82_000))
    assert (row["population"], row["strata"], row["n_merged"], row["is_small_effective_n"]) == (1000, 2, 0, 1)
    (plain,) = rows_of(empty_client, "survey_weighted", by="touchpoint")
    assert (plain["weighted_value"], plain["design_effect"], plain["weighted_low"]) == pytest.approx(
        (50, 1, plain["ci_low"])
    )


def test_the_answer_of_a_single_person_cannot_be_solved_for(empty_client: Client) -> None:
    """Two numbers, two unknowns: unweighted and weighted value would give a stratum of one away, were it weighted alone."""
    choose_default_map(empty_client)
    rows = [attached(one, persona=("guest", "regular")[one % 2]) for one in range(100)]
    rows += [answer(200, "csat", 5, (1, 5), persona="guest") | {"sampling_probability": 1.0}]
    rows += [
        answer(201 + one, "csat", 1, (1, 5), persona="regular") | {"sampling_probability": 1.0} for one in range(8)
    ]
    put(empty_client, rows)
    (row,) = rows_of(empty_client, "survey_weighted", by="persona")
    assert (row["strata"], row["n_merged"], row["design_effect"]) == (1, 9, 1)
    assert row["weighted_value"] == pytest.approx(row["value"])
    (few,) = rows_of(empty_client, "survey_weighted", {"persona": ["guest"]}, by="touchpoint")
    assert {few[name] for name in ("n", "value", "weighted_value", "population", "effective_n")} == {None}
    assert few["is_suppressed"] == 1


def test_without_an_event_to_stand_for_there_is_no_weighted_value(empty_client: Client) -> None:
    """A touchpoint that only surveys know of."""
    choose_default_map(empty_client)
    put(empty_client, [answer(one, "nps", 9, (0, 10)) | {"sampling_probability": 1.0} for one in range(6)])
    (row,) = rows_of(empty_client, "survey_weighted", by="touchpoint")
    assert (row["n"], row["value"], row["population"], row["n_weighted"]) == (6, 100, 0, 0)
    assert {row[name] for name in ("weighted_value", "weighted_low", "difference", "design_effect")} == {None}


def test_an_answer_without_a_probability_was_surely_asked(empty_client: Client) -> None:
    choose_default_map(empty_client)
    rows: list[Any] = [attached(one) for one in range(10)]
    rows += [answer(20 + one, "csat", 5, (1, 5)) | {"sampling_probability": 0.0} for one in range(5)]
    rows += [answer(30 + one, "csat", 1, (1, 5)) | {"sampling_probability": 0.25} for one in range(5)]
    put(empty_client, rows)
    (row,) = rows_of(empty_client, "survey_weighted", by="touchpoint")
    assert (row["value"], row["weighted_value"]) == pytest.approx((50, 20))
