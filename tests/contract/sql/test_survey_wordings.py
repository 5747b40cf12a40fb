"""Wordings and languages stand apart, each against the one that is used most."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from clickhouse_driver import Client
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.contract.sql.asking import rows_of_view
from tests.contract.sql.rows import Row, answer, choose_default_map, retraction, write
from tests.contract.sql.selecting import rows_of
from touchline.sql.subjects.surveys.marts import SURVEYS, SURVEYS_OVER_TIME


def said(start: int, good: int, bad: int, **wording: Any) -> list[Row]:
    """CSAT answers of 5 and of 1 to a wording."""
    common = {"survey": "policy", "question": "satisfied", "question_version": "1", "language": "en"} | wording
    scores = [5] * good + [1] * bad
    return [answer(start + number, "csat", score, (1, 5)) | common for number, score in enumerate(scores)]


def shown(client: Client) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = rows_of_view(client, "journey.survey_wordings")
    return {(row["touchpoint"], row["survey"], row["question_version"], row["language"]): row for row in rows}


def test_each_wording_has_its_number_and_its_difference_to_the_one_used_most(empty_client: Client) -> None:
    choose_default_map(empty_client)
    rows = [
        *said(1, 60, 40), *said(200, 20, 40, language="fr"), *said(300, 30, 10, question_version="2", language="de"),
        *said(400, 2, 1, survey="other tool", language=""), *said(500, 9, 9, touchpoint="web_visit", language="fr"),
    ]  # fmt: skip
    taken_back = said(600, 3, 50, language="fr")
    write(empty_client, [*rows, *taken_back, *map(retraction, taken_back)])
    found = shown(empty_client)
    assert {key: (row["n"], row["value"], row["differs_in"], row["is_most_used"], row["is_small_n"]) for key, row in found.items()} == {
        ("store_visit", "policy", "1", "en"): (100, 60, None, 1, 0),
        ("store_visit", "policy", "1", "fr"): (60, pytest.approx(100 / 3), "language", 0, 0),
        ("store_visit", "policy", "2", "de"): (40, 75, "question_version, language", 0, 0),
        ("store_visit", "other tool", "1", None): (3, pytest.approx(200 / 3), "survey, language", 0, 1),
        ("web_visit", "policy", "1", "fr"): (18, 50, None, 1, 1),
    }  # fmt: skip
    french = found["store_visit", "policy", "1", "fr"]
    low, high = confint_proportions_2indep(20, 60, 60, 100, method="newcomb", compare="diff")
    assert (french["effect"], french["effect_low"], french["effect_high"]) == pytest.approx(
        (100 / 3 - 60, 100 * low, 100 * high)
    )
    assert (french["ci_low"], french["ci_high"]) == pytest.approx(
        [100 * one for one in proportion_confint(20, 60, method="wilson")]
    )
    verdicts = {key[1:]: row["effect_verdict"] for key, row in found.items() if key[0] == "store_visit"}
    assert verdicts == {
        ("policy", "1", "en"): None,
        ("policy", "1", "fr"): "lower",
        ("policy", "2", "de"): "no significant difference",
        ("other tool", "1", None): "no significant difference",
    }
    assert found["store_visit", "policy", "1", "en"]["effect"] is None


def test_scales_scopes_variants_and_simulated_answers_are_never_compared(empty_client: Client) -> None:
    choose_default_map(empty_client)
    apart = [
        answer(1, "csat", 5, (1, 5)), answer(2, "csat", 7, (1, 7)), answer(3, "ces", 7, (1, 7)), answer(4, "ces", 7, (1, 7), variant="net"),
        answer(5, "csat", 5, (1, 5), scope="relational"), answer(6, "csat", 5, (1, 5), is_simulated=1),
    ]  # fmt: skip
    write(empty_client, apart)
    rows = rows_of_view(empty_client, "journey.survey_wordings")
    assert [(row["n"], row["is_most_used"], row["effect"]) for row in rows] == [(1, 1, None)] * len(apart)


def mixed() -> list[Row]:
    """20 answers of one day to four wordings, six of them in another language; 5 more that are taken back."""
    gone = said(500, 5, 0, question_version="3")
    return [
        *said(1, 8, 2), *said(100, 2, 4, language="fr"), *said(200, 0, 3, question_version="2"), *said(300, 1, 0, question="liked"),
        *gone, *map(retraction, gone),
    ]  # fmt: skip


@pytest.mark.parametrize("mart", [view.name for view in (*SURVEYS, *SURVEYS_OVER_TIME)])
def test_no_row_of_a_mart_is_of_two_wordings(empty_client: Client, mart: str) -> None:
    write(empty_client, mixed())
    rows = rows_of_view(empty_client, f"journey.{mart}")
    assert len({row["bucket"] for row in rows}) == 1
    assert sorted(
        (row["question"], row["question_version"], row["language"], row["n"], row["value"]) for row in rows
    ) == [
        ("liked", "1", "en", 1, 100),
        ("satisfied", "1", "en", 10, 80),
        ("satisfied", "1", "fr", 6, pytest.approx(100 / 3)),
        ("satisfied", "2", "en", 3, 0),
    ]


def test_the_events_behind_a_mart_have_its_wordings(empty_client: Client) -> None:
    write(empty_client, mixed())
    rows = rows_of_view(empty_client, "journey_api.kpi_survey_1d_events")
    found = [(row["survey"], row["question_version"], row["language"]) for row in rows]
    assert {one: found.count(one) for one in found} == {
        ("policy", "1", "en"): 11,
        ("policy", "1", "fr"): 6,
        ("policy", "2", "en"): 3,
    }


def test_what_nobody_said_of_the_wording_is_null(empty_client: Client) -> None:
    write(empty_client, [answer(1, "csat", 5, (1, 5))])
    (row,) = rows_of_view(empty_client, "journey.kpi_survey_1d")
    assert [row[name] for name in ("survey", "question", "question_version", "language")] == [None] * 4


def test_a_number_says_of_how_many_wordings_it_is_and_languages_are_one(empty_client: Client) -> None:
    write(empty_client, mixed())
    for view in ("survey_total", "survey_by_stage", "survey_by_touchpoint", "survey_over_time"):
        (row,) = rows_of(empty_client, view)
        assert (row["n"], row["wordings"]) == (20, 3), view
    before = {
        "date_from": "2026-03-02",
        "date_to": "2026-03-02",
        "before_from": "2026-03-01",
        "before_to": "2026-03-01",
    }
    write(empty_client, said(600, 1, 0, question_version="4", local_date=date(2026, 3, 2)))
    (row,) = rows_of(empty_client, "survey_total", **before)
    assert (row["n"], row["n_before"], row["wordings"]) == (1, 20, 4)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("survey", {"policy": (20, 3)}),
        ("question", {"satisfied": (19, 2), "liked": (1, 1)}),
        ("question_version", {"1": (17, 2), "2": (3, 1)}),
        ("language", {"en": (14, 3), "fr": (6, 1)}),
    ],
)
def test_any_selection_is_split_by_what_makes_a_wording(
    empty_client: Client, by: str, expected: dict[str, tuple[int, int]]
) -> None:
    write(empty_client, mixed())
    rows = rows_of(empty_client, "survey_split", by=by)
    assert {row["split_value"]: (row["n"], row["wordings"]) for row in rows} == expected
