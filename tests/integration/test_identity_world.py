"""The short form of `./run check identity`: schedules of workers, store and faults, and that a removed safety step is found."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.identity_world.breaks import BREAKS
from tests.support.identity_world.run import absences_of, outcome_of, run_one
from tests.support.identity_world.scenes import SCENES

FIRST, PART, PARTS, PARTS_OF_A_FOCUS = 5_000_000, 52, 10, 3
SCENE_PART, TRIES = 10, 400
SOON = {
    "all_walked_at_first": 56, "drop_leaves": 43, "erased_unheard": 136, "judged_alike": 64, "mark_before_fence": 42,
    "no_fence": 27, "no_walk": 28, "stale_tails": 38, "switch_early": 43, "tails_not_laid_out": 58,
    "unread_followed": 239, "unread_is_new": 46, "watch_mem": 58,
}  # fmt: skip
"""Removed steps that no early schedule misses -> the schedule from which on to look. Where the worker has changed and this one misses it no
more, a later one does."""


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_fails_a_reader_sees_no_person_twice_and_the_end_is_one_sorted_pass(part: int) -> None:
    begin = FIRST + part * PART
    outcome = outcome_of(range(begin, begin + PART))
    assert outcome.found == []
    assert outcome.counts["schedules"] == PART
    happened = {name for name, count in outcome.counts.items() if count}
    assert {"merged", "handoff rows", "claim rows", "release rows", "look rows"} <= happened


@pytest.mark.parametrize("part", range(PARTS_OF_A_FOCUS))
def test_whatever_fails_a_withdrawal_holds_for_the_whole_person_at_the_end(part: int) -> None:
    begin = FIRST + part * PART
    outcome = outcome_of(range(begin, begin + PART), focus="consent")
    assert outcome.found == []
    assert outcome.counts["schedules"] == PART


@pytest.mark.parametrize("part", range(PARTS_OF_A_FOCUS))
def test_whatever_fails_of_the_erased_nothing_is_left_at_the_end(part: int) -> None:
    begin = FIRST + part * PART
    outcome = outcome_of(range(begin, begin + PART), focus="erase")
    assert outcome.found == []
    assert outcome.counts["schedules"] == PART


def test_whatever_came_first_no_record_of_the_erased_counts_and_no_row_names_them() -> None:
    outcome = outcome_of(range(FIRST, FIRST + PART), focus="erase_any")
    assert outcome.found == []
    assert outcome.counts["schedules"] == PART


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_comes_of_the_moments_that_safety_steps_are_for(scene: str) -> None:
    assert outcome_of(range(FIRST, FIRST + SCENE_PART), focus=scene).found == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_safety_step_that_is_removed_is_missed(name: str) -> None:
    begin = FIRST + SOON.get(name, 0)
    assert outcome_of(range(begin, begin + TRIES), name).found, BREAKS[name].missing


def test_where_to_look_is_said_of_steps_that_are_removed() -> None:
    assert SOON.keys() <= BREAKS.keys()


def test_an_event_is_absent_for_two_ticks_at_most_while_its_person_merges_or_its_version_moves() -> None:
    gone = absences_of(range(FIRST, FIRST + 150))
    assert len(gone) > 50
    assert round(max(gone), 6) <= 2


def test_one_seed_is_one_schedule() -> None:
    traces: list[list[str]] = [[], []]
    for trace in traces:
        assert run_one(FIRST, Counter(), trace) == ""
    assert traces[0] == traces[1]
    assert len(traces[0]) > 1
