"""States on the way: a late event goes on from the nearest one, and what comes of it is as if all were followed from the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log2
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.loop.world import MAP, compiled, event, placed_of
from touchline.processors.steps import kept
from touchline.processors.steps.follow import follow
from touchline.processors.steps.kept import EVER_US, EVERY, NEVER_US, going_on, thinned
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import KeptState, PersonTail

MAPS = [compiled(MAP)]
TOUCHPOINTS = st.sampled_from(["poster", "site", "till", "elsewhere"])
HISTORIES = st.lists(st.tuples(st.integers(0, 200), TOUCHPOINTS), min_size=2, max_size=40)


def placed(history: Sequence[tuple[int, str]]) -> list[Placed]:
    return placed_of([event(number, 1, minute, where) for number, (minute, where) in enumerate(history)])


def grown(event_count: int, step: int = 1) -> tuple[KeptState, ...]:
    """The states that are kept of so many events, `step` of them at a time."""
    states: tuple[KeptState, ...] = ()
    for count in range(step, event_count + 1, step):
        if kept.is_due(count - step, count):
            states = thinned((*states, KeptState(count - step, count - step, b"")), count)
    return states


@pytest.mark.parametrize("step", [1, 7, EVERY])
@pytest.mark.parametrize("event_count", [EVERY, 100, 1_000, 30_000])
def test_a_late_event_is_followed_over_twice_its_distance_at_most_and_few_states_are_kept(
    event_count: int, step: int
) -> None:
    event_count -= event_count % step
    places = [0, *(state.event_count for state in grown(event_count, step)), event_count]
    assert len(places) - 2 <= 2 * log2(event_count / EVERY) + 2
    for nearest, following in pairwise(places):
        distance = event_count - following + 1  # the least of those that go on from the nearest
        assert event_count - nearest <= 2 * distance + 3 * EVERY


def test_a_person_with_few_events_has_no_states() -> None:
    assert grown(EVERY - 1) == ()


@given(history=HISTORIES, split=st.integers(1, 7), late=st.tuples(st.integers(0, 200), TOUCHPOINTS))
def test_whoever_goes_on_from_the_nearest_state_finds_what_whoever_begins_anew_finds(
    history: list[tuple[int, str]], split: int, late: tuple[int, str], monkeypatch_every: None
) -> None:
    events = placed([*sorted(history), late])
    tail: PersonTail | None = None
    known: list[Placed] = []
    for piece in _certainly_later(events[:-1], split):
        _, _, tail = follow(piece, tail, MAPS)
        known += piece
    time_us = events[-1][1].event_time
    start = going_on(tail, time_us)
    later = [one for one in events if start is None or one[1].event_time > start.last_us]
    assert events[-1] in later
    on_journey, by_map, after = follow(later, start, MAPS)
    all_on_journey, all_by_map, all_after = follow(events, None, MAPS)
    assert on_journey == all_on_journey[-len(on_journey) :]
    assert by_map[0] == all_by_map[0][-len(on_journey) :]
    assert (after.last_us, after.maps, after.event_count) == (all_after.last_us, all_after.maps, all_after.event_count)


@pytest.fixture(scope="module", name="monkeypatch_every")
def _two_events_between_states() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "EVERY", 2)
        yield


def _certainly_later(events: list[Placed], split: int) -> list[list[Placed]]:
    """Pieces of some events each, cut between two times."""
    pieces: list[list[Placed]] = [[]]
    for one in events:
        if len(pieces[-1]) >= split and one[1].event_time > pieces[-1][-1][1].event_time:
            pieces.append([])
        pieces[-1].append(one)
    return [piece for piece in pieces if piece]


def test_nothing_before_a_change_is_lost_and_nothing_after_it_is_trusted() -> None:
    *_, tail = follow(placed([(minute, "site") for minute in range(4 * EVERY)]), None, MAPS)
    for state in tail.kept:
        assert going_on(tail, state.last_us) is None or going_on(tail, state.last_us).last_us < state.last_us  # type: ignore[union-attr]
        start = going_on(tail, state.last_us + 1)
        assert start is not None
        assert (start.last_us, start.event_count) == (state.last_us, state.event_count)
    newest = going_on(tail, NEVER_US)
    assert newest is not None
    assert newest.last_us == tail.kept[-1].last_us
    assert going_on(tail, EVER_US) is None


def test_events_that_may_have_come_at_once_are_never_cut_apart() -> None:
    events = placed([(7, "site")] * (3 * EVERY))
    assert [len(piece) for piece in kept.pieces(events)] == [3 * EVERY]
