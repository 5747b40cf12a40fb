"""What of a person may count, held against a plain count over all that was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.loop.world import event, placed_of
from touchline.processors.steps.consent import permitted
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.records import withdraws
from touchline.schemas.times import parse_time

PURPOSES = {"web": frozenset(("analytics", "ads"))}
Event = dict[str, Any]


def said(number: int, minute: int, state: str, grant: str, *purposes: str, **fields: Any) -> Event:
    """A statement of the person that holds from that minute on."""
    one = event(number, 1, minute, type="touchline.consent.v1", consent_id=grant, purposes=list(purposes), state=state)
    del one["touchpoint"]
    return one | {"effective_at": one["time"]} | fields


def visit(number: int, minute: int, grant: str = "c1", *purposes: str, source: str = "web") -> Event:
    """A visit of the site under a grant."""
    consent = {"id": grant, "purposes": list(purposes or ("analytics",))}
    return event(number, 1, minute, source=source, consent=consent)


def counting(events: Sequence[Event], purposes_of: dict[str, frozenset[str]] = PURPOSES) -> list[str]:
    """Ids of the visits that may count."""
    return [fact.event_id for _, fact in permitted(placed_of(events), purposes_of) if fact.touchpoint]


VISITS = [visit(number, number) for number in (1, 5, 9)]


def test_without_a_withdrawal_all_counts_and_nothing_is_looked_at() -> None:
    placed = placed_of([*VISITS, said(10, 7, "granted", "c1", "analytics")])
    assert permitted(placed, PURPOSES) is placed


def test_a_withdrawal_ends_what_comes_from_its_effective_time_on_and_what_was_legal_before_stays() -> None:
    assert counting([*VISITS, said(10, 5, "withdrawn", "c1", "analytics")]) == ["e1"]
    assert counting([*VISITS, said(10, 6, "withdrawn", "c1", "analytics")]) == ["e1", "e5"]


def test_the_effective_time_decides_and_not_when_it_was_said() -> None:
    late = said(10, 4_000, "withdrawn", "c1", "analytics", effective_at="2025-06-01T00:06:00Z")
    assert counting([*VISITS, late]) == ["e1", "e5"]
    from_next_week = said(10, 0, "withdrawn", "c1", "analytics", effective_at="2025-06-08T00:00:00Z")
    assert counting([*VISITS, from_next_week, visit(11, 8 * 1_440)]) == ["e1", "e5", "e9"]


def test_a_later_grant_lets_later_events_count_but_none_that_names_the_withdrawn_one() -> None:
    told = [said(10, 2, "withdrawn", "c1", "analytics"), said(11, 6, "granted", "c2", "analytics")]
    assert counting([visit(1, 1), visit(5, 5, "c2"), visit(8, 8, "c2"), visit(9, 9, "c1"), *told]) == ["e1", "e8"]


def test_the_same_grant_given_again_counts_again() -> None:
    told = [said(10, 2, "withdrawn", "c1", "analytics"), said(11, 6, "granted", "c1", "analytics")]
    assert counting([*VISITS, *told]) == ["e1", "e9"]


def test_at_the_same_time_the_withdrawal_wins() -> None:
    told = [said(10, 5, "withdrawn", "c1", "analytics"), said(11, 5, "granted", "c2", "analytics")]
    for some in (told, told[::-1]):
        assert counting([visit(9, 9, "c2"), *some]) == []


def test_an_event_under_a_grant_that_nobody_stated_is_under_the_persons_withdrawal() -> None:
    assert counting([visit(9, 9, "of the laptop"), said(10, 5, "withdrawn", "of the phone", "analytics")]) == []


def test_other_purposes_stay() -> None:
    told = [said(10, 2, "withdrawn", "c1", "analytics")]
    assert counting([visit(9, 9, "c1", "analytics", "ads"), visit(8, 8, "c1", "analytics"), *told]) == ["e9"]
    assert counting([visit(9, 9, "c1", "analytics", "contact_me"), *told]) == []
    assert counting([*VISITS, said(10, 2, "withdrawn", "c1", "contact_me")]) == ["e1", "e5", "e9"]


@pytest.mark.parametrize("how", ["stated", "named by an event", "unknown"])
def test_a_withdrawal_without_purposes_is_about_all_of_its_grant(how: str) -> None:
    told = [said(10, 2, "withdrawn", "c1"), visit(9, 9, "c2")]
    told += [said(11, 1, "granted", "c1", "analytics")] if how == "stated" else []
    told += [visit(12, 1, "c1")] if how == "named by an event" else []
    assert ("e9" in counting(told)) == (how == "unknown")


def test_another_legal_basis_is_not_touched_by_consent() -> None:
    told = [said(10, 2, "withdrawn", "c1", "analytics", source="shop")]
    assert counting([visit(9, 9, source="shop"), event(8, 1, 8), *told]) == ["e9", "e8"]


def test_what_was_kept_under_another_declaration_is_held_to_the_present_one() -> None:
    kept = event(9, 1, 9, source="shop")
    assert counting([kept, said(10, 2, "withdrawn", "c1", "post")], {"shop": frozenset(("post",))}) == []
    assert counting([kept, said(10, 2, "withdrawn", "c1", "x")], {"shop": frozenset(("post",))}) == ["e9"]


def test_only_a_consent_event_withdraws() -> None:
    touched = event(1, 1, 1, action="withdrawn")
    assert [withdraws(fact) for _, fact in placed_of([touched, said(2, 1, "granted", "c"), said(3, 1, "withdrawn", "c")])] == [
        False, False, True,
    ]  # fmt: skip


NAMES = st.sampled_from(["analytics", "ads", "contact_me"])
STATEMENTS = st.builds(
    lambda number, minute, state, grant, purposes, effective: said(
        100 + number, minute, state, grant, *purposes, effective_at=f"2025-06-01T00:{effective:02d}:00Z"
    ),
    st.integers(0, 20), st.integers(0, 12), st.sampled_from(["granted", "withdrawn", "withdrawn"]), st.sampled_from(["c1", "c2"]),
    st.lists(NAMES, max_size=2), st.integers(0, 12),
)  # fmt: skip
EVENTS = st.builds(
    lambda number, minute, grant, purposes, source: visit(number, minute, grant, *purposes, source=source),
    st.integers(0, 20), st.integers(0, 12), st.sampled_from(["c1", "c2", "c3"]),
    st.lists(NAMES, max_size=2).map(lambda some: [*some, "analytics"]), st.sampled_from(["web", "web", "shop"]),
)  # fmt: skip


def naive(events: Sequence[Event]) -> set[tuple[str, str, str]]:
    """Statement by statement in the order of effective times, for each visit anew."""

    def effective(one: Event) -> tuple[int, bool]:
        return (parse_time(one["effective_at"]), one["state"] == "withdrawn")

    statements = sorted((one for one in events if "state" in one), key=effective)
    stands_for: dict[str, set[str]] = {}
    for one in events:
        if "state" not in one:
            stands_for.setdefault(one["consent"]["id"], set()).update(one["consent"]["purposes"])
        elif one["state"] == "granted":
            stands_for.setdefault(one["consent_id"], set()).update(one["purposes"])
    counting: set[tuple[str, str, str]] = set()
    for one in events:
        if "state" in one:
            continue
        of_person: dict[str, str] = {}
        of_grant: dict[str, str] = {}
        for statement in statements:
            if effective(statement)[0] > parse_time(one["time"]):
                break
            for purpose in statement["purposes"] or stands_for.get(statement["consent_id"], ()):
                of_person[purpose] = statement["state"]
                if statement["consent_id"] == one["consent"]["id"]:
                    of_grant[purpose] = statement["state"]
        named = [purpose for purpose in one["consent"]["purposes"] if purpose in PURPOSES["web"]]
        is_granted = any("withdrawn" not in (of_person.get(name), of_grant.get(name)) for name in named)
        if is_granted or one["source"] != "web":
            counting.add((one["id"], one["time"], one["consent"]["id"]))
    return counting


@given(st.lists(STATEMENTS | EVENTS, max_size=24), st.randoms(use_true_random=False))
def test_what_may_count_is_what_a_plain_count_over_all_statements_says_in_any_order(
    events: list[Event], random: Any
) -> None:
    wanted = naive(events)
    random.shuffle(events)

    def found(placed: Sequence[Placed]) -> set[tuple[str, int, str]]:
        return {
            (fact.event_id, fact.event_time, fact.consent_id)
            for _, fact in permitted(placed, PURPOSES)
            if fact.touchpoint
        }

    placed = placed_of(events)
    assert found(placed) == {(name, parse_time(time), grant) for name, time, grant in wanted}
    assert found([*placed, *placed]) == found(placed)
