"""What readers saw of an identifier over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from touchline.person.published import Net, changes_of
from touchline.person.values import PublishedChange

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def rows(*said: tuple[int, str, int]) -> list[Net]:
    return [(at(second), "card", person, net) for second, person, net in said]


def test_a_merge_is_told_at_the_time_of_the_insert_that_showed_it() -> None:
    changes, since = changes_of(rows((1, "card", 2), (5, "card", -2), (6, "login", 2)))
    assert changes == [PublishedChange(at(6), "card", ["card"], ["login"])]
    assert since == {"card": at(6)}


def test_an_unmerge_is_told_as_the_way_back() -> None:
    changes, since = changes_of(
        rows((1, "card", 1), (5, "card", -1), (6, "login", 1), (8, "login", -1), (9, "card", 1))
    )
    assert [(one.persons_before, one.persons) for one in changes] == [(["card"], ["login"]), (["login"], ["card"])]
    assert since == {"card": at(9)}


def test_a_late_event_and_a_restatement_of_the_same_person_are_no_change() -> None:
    changes, since = changes_of(rows((1, "login", 3), (4, "login", -3), (5, "login", 4), (7, "login", 1)))
    assert changes == []
    assert since == {"card": at(1)}


def test_a_device_that_comes_to_be_shared_stands_under_both_persons() -> None:
    changes, _ = changes_of(rows((1, "jane", 4), (5, "jane", -1), (5, "john", 1)))
    assert [one.persons for one in changes] == [["jane", "john"]]
