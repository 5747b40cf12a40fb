"""Cases as their events tell them: one row a case, its newest state, its times; and how well they are looked after."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.stored import answer, start_anew, store
from tests.unit.processors.loop.world import event
from touchline.settings import Settings


def case(name: str, state: str, minute: int, number: int = 1, **fields: Any) -> dict[str, Any]:
    """The case of the answer `a1` of person 1."""
    common = {key: value for key, value in event(number, 1, minute).items() if key != "touchpoint"}
    about = {"touchpoint": "till", "source": common["source"], "event_id": "a1"}
    said = {"case": name, "rule": "detractor", "rule_version": "1", "state": state, "about": about}
    return common | {"id": f"{name}/{state}/{number}", "type": "touchline.case.v1"} | said | fields


def test_a_case_shows_once_in_its_newest_state_whatever_came_first(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    told = [
        case("c", "opened", 5, due_at="2025-06-02T12:00:00Z", severity="high"),
        case("c", "contacted", 7, owner="Service"),
        case("c", "resolved", 8, cause="wait"),
    ]
    for number, order in enumerate(permutations(told)):
        start_anew(engine_client)
        store(engine_settings, tmp_path / str(number), [answer(1, 1, 0, score=3), *order, order[0]], sizes=(2, 1, 5))
        columns = "case_id, rule, severity, state, is_open, is_lapsed, touchpoint, about_event_id, owner, cause, is_in_sla, reopened"
        assert engine_client.execute(f"SELECT {columns} FROM journey.cases") == [
            ("c", "detractor", "high", "resolved", 0, 0, "till", "a1", "Service", "wait", 1, 0)
        ]


def test_a_case_is_of_the_person_to_whom_its_reason_belongs(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    store(engine_settings, tmp_path, [answer(1, 1, 0, score=3), case("c", "opened", 5)])
    person = engine_client.execute("SELECT person FROM journey.answers")
    assert engine_client.execute("SELECT person FROM journey.cases") == person != []


def test_a_case_whose_reason_is_gone_is_marked_and_not_lost(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    states = "SELECT state, is_lapsed, is_open FROM journey.cases"
    told = [answer(1, 1, 0, score=3), case("c", "opened", 5), case("c", "lapsed", 6)]
    store(engine_settings, tmp_path / "1", told)
    assert engine_client.execute(states) == [("opened", 1, 0)]
    start_anew(engine_client)
    store(engine_settings, tmp_path / "2", [*told, case("c", "owned", 6, 2), case("c", "restored", 9)])
    assert engine_client.execute(states) == [("owned", 0, 1)]


def test_rates_of_cases_have_their_interval_and_recovery_asks_the_same_question_again(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    due: dict[str, Any] = {"due_at": "2025-06-01T13:00:00Z"}
    one: dict[str, Any] = {
        "about": {"touchpoint": "till", "source": "shop", "event_id": "a11"},
        "persons": event(1, 2, 0)["persons"],
    }
    told = [
        answer(1, 1, 0, score=2), answer(2, 1, 40, score=9),  # recovered
        answer(11, 2, 1, score=1), answer(12, 2, 50, score=9, scope="relational"),  # another scope: not the same question
        case("c", "opened", 5, **due), case("c", "contacted", 15), case("c", "resolved", 20), case("c", "reopened", 30),
        case("d", "opened", 6, **due, **one), case("d", "contacted", 46, **one), case("d", "resolved", 47, **one),
    ]  # fmt: skip
    store(engine_settings, tmp_path, told)
    columns = "n, n_contacted, first_contact_seconds, sla_n, sla_rate, reopen_n, reopen_rate, recovery_n, recovery_rate"
    assert engine_client.execute(f"SELECT {columns} FROM journey.case_kpis") == [(2, 2, 1500.0, 2, 1.0, 2, 0.5, 1, 1.0)]
    bounds = engine_client.execute("SELECT reopen_ci_low, reopen_ci_high, recovery_ci_low FROM journey.case_kpis")[0]
    low, high = proportion_confint(1, 2, method="wilson")
    assert bounds == pytest.approx((low, high, proportion_confint(1, 1, method="wilson")[0]))


def test_causes_are_counted_with_those_that_nobody_said(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    told = [case(name, "opened", 5) for name in "abc"] + [case("a", "resolved", 6, cause="wait")]
    store(engine_settings, tmp_path, told)
    found = engine_client.execute("SELECT cause, n FROM journey.case_causes ORDER BY n")
    assert found == [("wait", 1), (None, 2)]


def test_times_of_a_case_are_the_first_of_their_kind(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    store(engine_settings, tmp_path, [case("c", "opened", 5), case("c", "owned", 9, 2), case("c", "owned", 7, 1)])
    opened, owned, changed = engine_client.execute("SELECT opened_at, owned_at, changed_at FROM journey.cases")[0]
    assert isinstance(opened, datetime)
    assert ((owned - opened).seconds, (changed - opened).seconds) == (120, 240)
