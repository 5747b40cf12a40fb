"""What may be said of a case, and what the event is that says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rich.console import Console

from touchline.care.work.page import case_object, case_page
from touchline.care.work.read import Case, Said
from touchline.care.work.steps import AFTER, require_step, step_event
from touchline.errors import WrongUsage
from touchline.schemas.case import WORKED_STATES, CaseEvent, CaseState
from touchline.schemas.times import parse_time

console = Console(width=200)
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
AT_US = parse_time("2026-03-01T10:00:00Z")
KEY = f"k1:{'a' * 64}"
OPENED = Said(AT, "opened", "care", "c/opened", "", "", KEY, "loyalty")


def case(state: str) -> Case:
    values = dict.fromkeys(Case._fields, None) | {
        "case_id": "c" * 32, "kind": "recovery", "rule": "detractor", "rule_version": "1", "state": state, "touchpoint": "hotline",
        "about_source": "shop", "about_event_id": "a1", "changed_at": AT, "is_simulated": False,
    }  # fmt: skip
    return Case(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", WORKED_STATES)
def test_a_step_follows_only_those_that_it_may(state: CaseState) -> None:
    for before in ("opened", *WORKED_STATES):
        if before in AFTER[state]:
            require_step(case(before), state)
        else:
            with pytest.raises(WrongUsage, match="cannot become"):
                require_step(case(before), state)


def test_a_step_that_is_said_again_before_the_first_was_stored_is_the_same_event() -> None:
    one, again = (
        step_event(case("opened"), [OPENED], "owned", "care", AT_US + wait, "desk", None) for wait in (10, 90)
    )
    assert one["id"] == again["id"] == f"{'c' * 32}/owned/{AT_US}"


def test_a_step_is_never_before_the_state_that_it_follows_however_clocks_differ() -> None:
    event = step_event(case("resolved"), [OPENED], "reopened", "care", AT_US - 5_000_000, None, None)
    assert parse_time(event["time"]) == AT_US + 1


def test_a_case_of_a_kpi_is_shown_with_the_numbers_that_it_was_opened_by() -> None:
    context = {"kpi": "nps", "kpi_day": "2026-03-29", "value": "12.345678", "n": "100", "target": "30"}
    said = [OPENED._replace(context=context), OPENED._replace(state="owned")]
    assert case_object(case("owned"), said)["kpi"] == context
    assert "kpi" not in case_object(case("owned"), [OPENED])
    with console.capture() as shown:
        console.print(case_page(case("owned"), said))
    assert "kpi       kpi nps, day 2026-03-29, value 12.35, n 100, target 30" in shown.get()


def test_a_step_is_a_case_event_of_the_person_whom_the_case_was_opened_for() -> None:
    event = step_event(case("opened"), [OPENED], "resolved", "care", AT_US + 1, "desk", "queue")
    valid = CaseEvent.model_validate(event | {"received_at": event["time"]})
    assert (valid.persons[0].key, valid.cause, valid.about.event_id) == (KEY, "queue", "a1")
