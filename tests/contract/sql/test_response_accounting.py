"""Response accounting: every request in one outcome, steps that add up, rates as published, small cells suppressed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.asking import (
    CHAIN,
    LETTERS,
    NOT_ASKED,
    OUTCOMES,
    Key,
    put,
    random_request,
    recounted,
    rows_of_view,
    version,
)
from tests.contract.sql.rows import choose_default_map
from tests.contract.sql.selecting import call
from tests.contract.sql.stored import start_anew, store
from tests.contract.sql.survey_recount import Cell, hidden, together, unsafe
from touchline.schemas.answer import BY_COMPLETENESS
from touchline.settings import Settings
from touchline.sql.subjects.surveys.requests import AAPOR, OUTCOMES as NAMED_OUTCOMES, STEPS

KEYS = ("bucket", "survey", "question", "question_version", "language", "kpi", "scope", "touchpoint", "is_simulated")
RATES = ("rr1", "rr2", "rr3", "rr4", "rr5", "rr6")


def key_of(one: Mapping[str, Any]) -> Key:
    day = date.fromisoformat(one["time"][:10])
    named = (one[name] or None for name in ("survey", "question", "question_version", "language", "kpi", "scope"))
    return (day, *named, one["about"]["touchpoint"], int(one["simulated"]))


@settings(
    max_examples=2,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6), requests=st.integers(40, 120), batch=st.integers(5, 200))
def test_each_request_stands_in_one_outcome_whatever_the_order_the_duplicates_and_the_versions(
    engine_client: Client, engine_settings: Settings, seed: int, requests: int, batch: int
) -> None:
    random = Random(seed)
    made = [random_request(random, number) for number in range(requests)]
    sent = [one for versions in made for one in versions for _ in range(random.choice((1, 1, 2)))]
    random.shuffle(sent)
    start_anew(engine_client)
    with tempfile.TemporaryDirectory() as folder:
        store(engine_settings, Path(folder), sent, [batch] * (len(sent) // batch + 1))
    expected = recounted(made, key_of)
    accounting = rows_of_view(engine_client, "journey.survey_accounting")
    assert {
        tuple(row[name] for name in KEYS): {name: row[name] for name in (*CHAIN, *OUTCOMES)} for row in accounting
    } == {key: {name: counts[name] for name in (*CHAIN, *OUTCOMES)} for key, counts in expected.items()}
    assert sum(row["eligible"] for row in accounting) == requests
    check_sums(accounting)
    rated = rows_of_view(engine_client, "journey.survey_response_rates")
    assert {tuple(row[name] for name in KEYS): [row[f"aapor_{letter}"] for letter in LETTERS] for row in rated} == {
        key: [counts[f"aapor_{letter}"] for letter in LETTERS] for key, counts in expected.items()
    }
    assert all(row["sampled"] == sum(row[f"aapor_{letter}"] for letter in LETTERS) for row in rated)


def check_sums(accounting: list[dict[str, Any]]) -> None:
    for row in accounting:
        assert sum(row[name] for name in OUTCOMES) == row["eligible"]
        assert sum(row[name] for name in NOT_ASKED) == row["eligible"] - row["sampled"]
        assert [row[name] for name in CHAIN] == sorted((row[name] for name in CHAIN), reverse=True)
        assert row["answered"] == row["partial"] + row["complete"]


def test_every_disposition_of_the_contract_has_an_outcome_and_no_name_is_forgotten(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    store(engine_settings, tmp_path, [version(number, name) for number, name in enumerate(BY_COMPLETENESS)])
    (total,) = rows_of_view(
        engine_client,
        f"(SELECT {', '.join(f'sum({name}) AS {name}' for name in (*CHAIN, *OUTCOMES))} FROM journey.survey_accounting)",
    )
    assert total["eligible"] == len(BY_COMPLETENESS) == sum(total[name] for name in OUTCOMES)
    assert (tuple(STEPS), set(NAMED_OUTCOMES), set(AAPOR)) == (
        CHAIN,
        set(OUTCOMES),
        {f"aapor_{one}" for one in LETTERS},
    )


# Published worked values. Which of R, NC and O, and which of UH and UO, a request is makes no difference to a response rate: the views have
# no O, so its cases stand as NC here.
README_OF_OUTCOMERATE = (
    "ropensci/outcomerate, README (checked by its authors against AAPOR's Outcome Rate Calculator 4.0)"
)
TESTS_OF_OUTCOMERATE = "ropensci/outcomerate, tests/testthat/test-rate.R, e = 0.5"
README_OF_RESPONSERATES = "leeper/responserates, README, e = 0.25"
PUBLISHED = {
    README_OF_OUTCOMERATE: (
        {"complete": 4, "partial": 2, "refused": 1, "delivered": 1, "shown": 1, "invited": 1, "bounced": 1, "ineligible": 1},
        (0.364, 0.545, 0.370, 0.556, 0.444, 0.667),
        0.0005,
    ),
    TESTS_OF_OUTCOMERATE: (
        {"complete": 5, "partial": 3, "dismissed": 2, "delivered": 1, "shown": 2, "sampled": 1, "bounced": 1, "ineligible": 13},
        (1 / 3, 8 / 15, 5 / 14, 4 / 7, 5 / 13, 8 / 13),
        1e-12,
    ),
    README_OF_RESPONSERATES: (
        {"complete": 100, "delivered": 20, "bounced": 100, "ineligible": 360},
        (0.455, 0.455, 0.690, 0.690, 0.833, 0.833),
        0.0005,
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", PUBLISHED)
def test_the_rates_are_those_that_others_published(empty_client: Client, source: str) -> None:
    counts, rates, within = PUBLISHED[source]
    choose_default_map(empty_client)
    put(empty_client, counts)
    for view in ("journey.survey_response_rates", call("survey_response", by="touchpoint")):
        (row,) = rows_of_view(empty_client, view)
        assert [row[name] for name in RATES] == pytest.approx(rates, abs=within), view


def test_completion_is_of_those_who_began_with_the_interval_of_wilson(empty_client: Client) -> None:
    choose_default_map(empty_client)
    put(empty_client, {"complete": 30, "partial": 6, "started": 14, "shown": 50, "not_sampled": 900, "eligible": 7})
    (row,) = rows_of_view(empty_client, "journey.survey_response_rates")
    assert (row["sampled"], row["started"], row["completion_rate"], row["rr1"]) == (100, 50, 0.6, 0.3)
    assert (row["completion_low"], row["completion_high"]) == pytest.approx(
        proportion_confint(30, 50, method="wilson"), abs=1e-9
    )
    assert (row["e"], row["is_small_n"], row["is_small_started"]) == (1, 0, 0)


def test_an_expired_request_counts_as_far_as_it_came(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    """Who began and let the time go by broke off; of whom nothing came back it is not known whether they are eligible."""
    start_anew(engine_client)
    expired = [
        version(number, "expired", properties={"reached": reached})
        for number, reached in enumerate(("started", "shown", "delivered", "invited", "sampled"))
    ]
    store(engine_settings, tmp_path, [*expired, version(5, "expired")])
    steps = ", ".join(f"sum({name})" for name in CHAIN)
    assert engine_client.execute(f"SELECT {steps}, sum(expired) FROM journey.survey_accounting") == [
        (6, 6, 5, 3, 2, 1, 0, 6)
    ]
    letters = ", ".join(f"sum(aapor_{letter})" for letter in ("r", "nc", "uh"))
    assert engine_client.execute(f"SELECT {letters} FROM journey.survey_response_rates") == [(1, 2, 3)]


def test_where_nothing_but_answers_is_reported_no_rate_is_shown(empty_client: Client) -> None:
    choose_default_map(empty_client)
    put(empty_client, {"complete": 40, "partial": 2}, survey="tool")
    put(empty_client, {"complete": 4}, start=100)
    put(empty_client, {"invited": 1}, start=110, touchpoint="web_visit")
    rows = rows_of_view(empty_client, "journey.survey_response_rates")
    found = {
        (row["survey"], row["touchpoint"]): (row["is_accounted"], row["rr1"], row["completion_rate"]) for row in rows
    }
    assert found == {
        ("tool", "store_visit"): (0, None, None),
        ("policy", "store_visit"): (1, 1, 1),
        ("policy", "web_visit"): (1, 0, None),
    }
    assert all(row["is_small_started"] for row in rows if row["survey"] == "policy")


def test_of_nobody_whose_eligibility_is_known_the_rates_that_need_it_are_null(empty_client: Client) -> None:
    choose_default_map(empty_client)
    put(empty_client, {"invited": 3, "eligible": 1})
    (row,) = rows_of_view(empty_client, "journey.survey_response_rates")
    assert [row[name] for name in ("e", *RATES)] == [None, 0, 0, None, None, None, None]


@pytest.mark.parametrize("seed", [0, 3])
def test_who_does_not_answer_is_shown_by_persona_and_few_are_hidden(empty_client: Client, seed: int) -> None:
    random = Random(seed)
    choose_default_map(empty_client)
    parts: dict[str, dict[str, int]] = {}
    start = 1
    for persona in ("regular", "new", "guest", "staff", ""):
        most = random.choice((2, 3, 12))
        parts[persona] = {name: random.randint(0, most) for name in ("complete", "invited", "dismissed", "eligible")}
        put(empty_client, parts[persona], start, persona=persona)
        start += 1_000
    cells = {
        (persona,): Cell([0.0] * sum(counts.values()), 0) for persona, counts in parts.items() if any(counts.values())
    }
    gone = set(cells) if unsafe(together(cells.values())) else hidden(cells)
    rows = rows_of_view(empty_client, call("survey_response", by="persona"))
    own = {row["split_value"] or "": row for row in rows if not row["is_other"]}
    assert {name: row["is_suppressed"] for name, row in own.items()} == {
        name: int((name,) in gone) for (name,) in cells
    }
    for name, row in own.items():
        shown = [row[one] for one in ("eligible", "complete", "only_invited", "dismissed")]
        counts = parts[name]
        full = [sum(counts.values()), counts["complete"], counts["invited"], counts["dismissed"]]
        assert shown == ([None] * 4 if (name,) in gone else full)
        if (name,) in gone:
            assert {row[one] for one in ("rr1", "rr6", "e", "completion_rate", "is_accounted", "is_small_n")} == {None}
    whole = sum(row["eligible"] for row in rows if not row["is_suppressed"])
    assert whole == sum(sum(counts.values()) for counts in parts.values()) or unsafe(together(cells.values()))
    assert all(row["eligible"] >= 5 for row in rows if not row["is_suppressed"])
