"""A short form of `./run check care`: schedules with kills, late and lost words, sinks that fail, a folder that is gone."""

from __future__ import annotations

import pytest

from tests.support.care_breaks import BREAKS
from tests.support.care_schedule import run_schedule

SEEDS = range(40)


def test_each_case_is_opened_by_one_event_and_told_to_each_sink_whatever_fails_and_whatever_is_killed() -> None:
    outcomes = [run_schedule(seed) for seed in SEEDS]
    assert [(seed, one.problems) for seed, one in zip(SEEDS, outcomes, strict=True) if one.problems] == []
    assert sum(one.kills for one in outcomes) > len(SEEDS)
    assert sum(one.losses for one in outcomes) > 0
    assert sum(one.changes for one in outcomes) > 0


@pytest.mark.parametrize("name", ["CursorFirst", "AlertsLast", "DeafDesk", "NoReasonsDesk"])
def test_schedules_find_that_a_step_is_removed(name: str) -> None:
    assert any(run_schedule(seed, BREAKS[name]).problems for seed in range(30))
