"""Whom touchpoints reached that no system can see: shares of answers, weights, intervals and estimated buyers, against statsmodels."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_driver import Client
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.rows import Row, answer, attached, write
from tests.contract.sql.selecting import rows_of


def heard(number: int, *touchpoints: str, probability: float = 1.0, separator: str = ".", **values: Any) -> list[Row]:
    """An answer to "how did you hear of us" with the touchpoints that it declares, as the survey engine sends both."""
    common = {
        "person": f"k1:{number}",
        "identifier": f"k1:{number}",
        "source": "surveys",
        "sampling_probability": probability,
    }
    asked = common | {
        "question": "heard_of_us",
        "question_version": "1",
        "event_id": f"{number:032x}",
        "has_score": 0,
        "provenance": "",
    }
    rows = [answer(10 * number, "heard_of_us", 0, (0, 1), **(asked | values))]
    for place, touchpoint in enumerate(touchpoints, start=1):
        told = {"event_id": f"{number:032x}{separator}{touchpoint}", "touchpoint": touchpoint, "provenance": "declared"}
        rows.append(attached(10 * number + place, **(common | told)))
    return rows


def bought(number: int, **values: Any) -> Row:
    at_till = {
        "person": f"k1:{number}",
        "identifier": f"k1:{number}",
        "is_conversion": 1,
        "provenance": "observed",
        "sampling_probability": 1.0,
    }
    return attached(100_000 + number, **(at_till | values))


def reach(client: Client, *filter_: Any) -> dict[str, dict[str, Any]]:
    return {row["touchpoint"]: row for row in rows_of(client, "declared_reach", *filter_)}


def test_reach_is_the_share_of_answers_that_name_it_and_that_share_of_the_buyers(empty_client: Client) -> None:
    rows = [
        row
        for number in range(1, 41)
        for row in heard(number, *(("radio",) if number <= 12 else ("newspaper", "friend")), separator="./"[number % 2])
    ]
    rows += heard(50, disposition="shown") + heard(51, "radio", disposition="dismissed")
    rows += [bought(number % 200) | {"row_id": 100_000 + number} for number in range(1, 401)]
    write(empty_client, rows)
    found = reach(empty_client)
    low, high = proportion_confint(12, 40, method="wilson")
    radio = found["radio"]
    assert {name: (row["n_named"], row["n"]) for name, row in found.items()} == {
        "radio": (12, 40),
        "newspaper": (28, 40),
        "friend": (28, 40),
    }
    assert (radio["share"], radio["ci_low"], radio["ci_high"]) == pytest.approx((0.3, low, high))
    assert (radio["weighted_share"], radio["weighted_low"], radio["weighted_high"]) == pytest.approx((0.3, low, high))
    assert (radio["n_effective"], radio["buyers"], radio["is_small_n"]) == (pytest.approx(40), 200, 0)
    assert (radio["persons"], radio["persons_low"], radio["persons_high"]) == pytest.approx((60, 200 * low, 200 * high))


def test_answers_weigh_as_many_as_they_were_drawn_for(empty_client: Client) -> None:
    """Of those who heard the radio all were asked, of the others a quarter."""
    rows = [row for number in range(1, 21) for row in heard(number, "radio")]
    rows += [row for number in range(21, 41) for row in heard(number, "friend", probability=0.25)]
    write(empty_client, [*rows, *map(bought, range(100))])
    radio = reach(empty_client)["radio"]
    effective = 100**2 / (20 + 20 * 16)
    low, high = proportion_confint(0.2 * effective, effective, method="wilson")
    assert (radio["share"], radio["weighted_share"], radio["n_effective"]) == pytest.approx((0.5, 0.2, effective))
    assert (radio["weighted_low"], radio["weighted_high"], radio["persons"]) == pytest.approx((low, high, 20))


def test_versions_and_simulated_answers_are_never_pooled_and_few_are_flagged(empty_client: Client) -> None:
    rows = heard(1, "radio") + heard(2, "radio", question_version="2")
    rows += [row | {"is_simulated": 1} for row in heard(3, "radio")]
    write(empty_client, rows)
    found = rows_of(empty_client, "declared_reach")
    assert sorted((row["question_version"], row["is_simulated"], row["n"], row["is_small_n"]) for row in found) == [
        ("1", 0, 1, 1),
        ("1", 1, 1, 1),
        ("2", 0, 1, 1),
    ]


def test_reach_in_a_place_is_hidden_where_few_answered_there_or_elsewhere(empty_client: Client) -> None:
    rows = [row for number in range(1, 11) for row in heard(number, "radio", place="7")]
    write(empty_client, rows + [row for number in range(11, 14) for row in heard(number, "radio", place="8")])
    assert reach(empty_client)["radio"]["n"] == 13
    for place in ("7", "8"):
        hidden = reach(empty_client, {"place": [place]})["radio"]
        assert (hidden["is_suppressed"], hidden["n"], hidden["share"], hidden["persons"]) == (1, None, None, None)
    write(empty_client, [row for number in range(14, 18) for row in heard(number, "friend", place="8")])
    shown = reach(empty_client, {"place": ["8"]})["radio"]
    assert (shown["is_suppressed"], shown["n"], shown["n_named"]) == (0, 7, 3)
