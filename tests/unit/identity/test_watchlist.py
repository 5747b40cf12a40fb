"""A watched event is due once for each claim or release that is passed."""

from __future__ import annotations

from hypothesis import given, strategies as st

from touchline.identity.passed import LedgerPosition
from touchline.identity.watchlist import WatchList

EVENT, OTHER = ("shop", "1"), ("shop", "2")
FIRST, SECOND = LedgerPosition(0, 1), LedgerPosition(1, 1)


def test_an_event_is_due_at_once_then_whenever_one_more_row_is_passed() -> None:
    watching = WatchList()
    watching.watch(EVENT)
    assert watching.due(()) == [EVENT]
    watching.looked(EVENT, [FIRST, SECOND], [FIRST], is_watched=True)
    assert watching.positions() == {FIRST, SECOND}
    assert watching.due({FIRST}) == []
    assert watching.due({FIRST, SECOND}) == [EVENT]


def test_a_release_heard_later_makes_it_due_when_it_is_passed() -> None:
    watching = WatchList([EVENT])
    watching.looked(EVENT, [FIRST], [FIRST], is_watched=True)
    watching.hear(EVENT, SECOND)
    assert watching.due({FIRST}) == []
    assert watching.due({FIRST, SECOND}) == [EVENT]


def test_what_is_not_watched_any_more_is_forgotten() -> None:
    watching = WatchList([EVENT, OTHER])
    watching.looked(EVENT, [FIRST], [FIRST], is_watched=False)
    watching.hear(EVENT, SECOND)
    assert EVENT not in watching
    assert len(watching) == 1
    assert watching.due({FIRST, SECOND}) == [OTHER]
    watching.watch(EVENT)
    assert watching.due({FIRST, SECOND}) == [EVENT, OTHER]


def test_to_watch_a_watched_event_changes_nothing() -> None:
    watching = WatchList([EVENT])
    watching.looked(EVENT, [FIRST], [FIRST], is_watched=True)
    watching.watch(EVENT)
    assert watching.due({FIRST}) == []


@given(st.lists(st.integers(0, 5), max_size=12))
def test_each_row_makes_an_event_due_at_most_once(heard: list[int]) -> None:
    watching, looks = WatchList([EVENT]), 0
    passed: set[LedgerPosition] = set()
    for number in heard:
        position = LedgerPosition(0, number)
        watching.hear(EVENT, position)
        passed.add(position)
        for event in watching.due(passed):
            looks += 1
            watching.looked(event, (), passed, is_watched=True)
        assert watching.due(passed) == []
    assert looks == len(set(heard))
