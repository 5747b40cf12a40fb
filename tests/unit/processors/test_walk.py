"""The walk for a change of maps: in what order, how much at a time, and where it goes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from touchline.processors import walk
from touchline.processors.values.records import Reached
from touchline.processors.walk import END, Step, has_walked, next_step

IDENTIFIERS = ["a", "b", "c", "d", "e"]
EVENTS = [(number, "shop", f"e{number}") for number in (3, 7, 8)]


def partition(reached: Reached) -> Any:
    """Partition 0 with five identifiers, and three events of nobody in three inserts."""
    ledger = SimpleNamespace(
        identifiers_after=lambda after, count: [one for one in IDENTIFIERS if one > after][:count],
        unidentified_after=lambda number, after, count: [one for one in EVENTS if one[0] > after][:count],
    )
    return SimpleNamespace(number=0, ledger=ledger, reached=reached)


def steps_from(reached: Reached, change: int) -> list[Step]:
    of, steps = partition(reached), list[Step]()
    while not has_walked(of, change):
        steps.append(next_step(of, change))
        of.reached = Reached({}, change, steps[-1].walked_to)
    return steps


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "IDENTIFIERS_AT_ONCE", 2)
    monkeypatch.setattr(walk, "EVENTS_AT_ONCE", 2)


def test_all_identifiers_come_in_order_and_then_the_events_of_nobody() -> None:
    steps = steps_from(Reached({}), 1)
    assert [(step.identifiers, [one.event_id for one in step.alone]) for step in steps] == [
        (["a", "b"], []), (["c", "d"], []), (["e"], []), ([], ["e3", "e7"]), ([], ["e8"]),
    ]  # fmt: skip
    assert steps[-1].walked_to == END


def test_without_a_change_there_is_nothing_to_walk() -> None:
    assert steps_from(Reached({}), 0) == []


@pytest.mark.parametrize("done", range(5))
def test_a_new_owner_goes_on_where_the_marks_say(done: int) -> None:
    steps = steps_from(Reached({}), 1)
    assert steps_from(Reached({}, 1, steps[done].walked_to), 1) == steps[done + 1 :]


@pytest.mark.parametrize("walked_to", ["ib", "n3", END])
def test_a_newer_change_begins_anew(walked_to: str) -> None:
    assert [step._replace(change=1) for step in steps_from(Reached({}, 1, walked_to), 2)] == steps_from(Reached({}), 1)


def test_an_identifier_that_looks_like_a_place_of_the_walk_is_one() -> None:
    of = partition(Reached({}, 1, "in9"))
    of.ledger.identifiers_after = lambda after, count: [one for one in ("n8", "n9", "nn") if one > after][:count]
    assert next_step(of, 1).identifiers == ["nn"]
