"""Fates of versions in several partitions: never two stored, and at rest as one sorted pass over all versions would find them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.identity.streams import (
    RULES,
    Content,
    Decide,
    Positions,
    Store,
    Version,
    Violated,
    beaten_by,
    run,
    winner_of,
)
from touchline.identity.passed import LedgerPosition
from touchline.identity.watch import Decided, Fate, Rules, Standing, decide, needs_look

OLD: Content = (0, 5)
NEW: Content = (1, 5)
PASSED = LedgerPosition(0, 1)
WAITING = LedgerPosition(0, 2)
ELSEWHERE = LedgerPosition(1, 1)
MINE, OTHER = 0, 1


def decided(
    own: int, *standings: Standing[Content], releases: Positions = (), passed: Positions = (PASSED, ELSEWHERE)
) -> Decided:
    return decide(own, standings, releases, passed, RULES)


def assert_at_rest(store: Store, versions: list[Version]) -> None:
    of: defaultdict[tuple[str, str], list[Version]] = defaultdict(list)
    for one in versions:
        of[one.event].append(one)
    for event, several in of.items():
        best = winner_of([one.content for one in several])
        stored = [one for one in several if store.standing[event].get(one, (None,))[0] is Fate.STORED]
        assert [one.content for one in stored] == [best]
        assert [one for rows in store.rows for one in rows if one.event == event] == stored
        for one in several:
            fate = store.standing[event].get(one, (Fate.DUPLICATE,))[0]  # on arrival nothing is kept of a duplicate
            if one.content != best:
                assert fate in (beaten_by(best, one.content), Fate.DUPLICATE)
            elif one not in stored:
                assert fate is Fate.DUPLICATE


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_in_any_schedule_no_event_counts_twice_and_at_rest_the_best_version_counts(seed: int) -> None:
    assert_at_rest(*run(seed))


def everything_is_passed(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    return decide(own, standings, releases, {*releases, *(one.position for one in standings)}, rules)


def releases_bar_nothing(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    return decide(own, standings, (), passed, rules)


def settled_beside_a_stored_one(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    seen = [
        one._replace(fate=Fate.SUPERSEDED) if one.fate is Fate.STORED and one.position.partition != own else one
        for one in standings
    ]
    return decide(own, seen, releases, passed, rules)


def all_is_held_here(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    return decide(own, [one._replace(is_held=True) for one in standings], releases, passed, rules)


def nobody_is_told_to_look(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    return decide(own, standings, releases, passed, rules)._replace(must_look=False)


def the_first_look_is_the_last(
    own: int, standings: Sequence[Standing[Content]], releases: Positions, passed: Positions, rules: Rules[Content]
) -> Decided:
    return decide(own, standings, releases, passed, rules)._replace(is_watched=False)


@pytest.mark.parametrize(
    "broken",
    [
        everything_is_passed,
        releases_bar_nothing,
        settled_beside_a_stored_one,
        all_is_held_here,
        nobody_is_told_to_look,
        the_first_look_is_the_last,
    ],
)
def test_without_one_safety_step_some_schedule_goes_wrong(broken: Decide) -> None:
    for seed in range(6_000):
        try:
            assert_at_rest(*run(seed, broken))
        except (Violated, AssertionError):
            return
    raise AssertionError("no schedule found it")


def test_a_stored_version_gives_way_to_a_better_claim_that_is_passed() -> None:
    claim, old = Standing(NEW, Fate.CLAIM, PASSED), Standing(OLD, Fate.STORED, ELSEWHERE)
    assert decided(OTHER, claim, old) == Decided({1: Fate.SUPERSEDED}, False, True, False)


def test_the_holder_elsewhere_is_waited_for_when_a_stored_version_gives_way() -> None:
    claim, old = Standing(NEW, Fate.CLAIM, PASSED), Standing(OLD, Fate.STORED, ELSEWHERE, is_held=False)
    assert decided(OTHER, claim, old) == Decided({1: Fate.SUPERSEDED}, True, False, False)


def test_a_stored_version_stays_and_is_watched_while_the_better_claim_is_not_passed() -> None:
    claim, old = Standing(NEW, Fate.CLAIM, WAITING), Standing(OLD, Fate.STORED, ELSEWHERE)
    assert decided(OTHER, claim, old) == Decided({}, False, False, True)


@pytest.mark.parametrize(
    ("other", "releases", "passed", "is_settled"),
    [
        (Fate.SUPERSEDED, (), (PASSED,), True),
        (Fate.SUPERSEDED, (), (), False),
        (Fate.STORED, (), (PASSED,), False),
        (Fate.SUPERSEDED, (ELSEWHERE,), (PASSED,), False),
        (Fate.SUPERSEDED, (ELSEWHERE,), (PASSED, ELSEWHERE), True),
    ],
)
def test_a_claim_is_settled_when_it_and_all_releases_are_passed_and_none_is_stored(
    other: Fate, releases: Positions, passed: Positions, is_settled: bool
) -> None:
    claim, old = Standing(NEW, Fate.CLAIM, PASSED), Standing(OLD, other, ELSEWHERE)
    found = decided(MINE, claim, old, releases=releases, passed=passed)
    assert found == Decided({0: Fate.STORED} if is_settled else {}, False, False, not is_settled)


@pytest.mark.parametrize(("better", "fate"), [((2, 0), Fate.SUPERSEDED), ((1, 0), Fate.CONFLICT), ((1, 9), None)])
@pytest.mark.parametrize("other", [Fate.CLAIM, Fate.STORED, Fate.SUPERSEDED])
def test_a_claim_beside_a_better_version_of_any_fate_is_beaten(better: Content, fate: Fate | None, other: Fate) -> None:
    found = decided(MINE, Standing(NEW, Fate.CLAIM, WAITING), Standing(better, other, ELSEWHERE))
    assert found.moved == ({} if fate is None else {0: fate})
    assert found.is_watched == (fate is None)


def test_a_conflict_ends_when_a_higher_revision_is_known() -> None:
    conflict, newer = Standing((1, 9), Fate.CONFLICT, PASSED), Standing((2, 0), Fate.CLAIM, ELSEWHERE)
    assert decided(MINE, conflict, newer).moved == {0: Fate.SUPERSEDED}
    assert decided(MINE, conflict, Standing(NEW, Fate.STORED, ELSEWHERE)).moved == {}


def test_of_the_same_version_in_two_partitions_the_lower_partition_keeps_it() -> None:
    both = Standing(OLD, Fate.STORED, PASSED), Standing(OLD, Fate.STORED, ELSEWHERE)
    assert decided(MINE, *both).moved == {}
    assert decided(OTHER, *both) == Decided({1: Fate.DUPLICATE}, False, True, False)


def test_an_event_of_which_nothing_lies_here_is_not_watched() -> None:
    assert decided(MINE, Standing(NEW, Fate.CLAIM, ELSEWHERE)) == Decided({}, False, False, False)
    assert decided(MINE) == Decided({}, False, False, False)


def test_a_sweep_finds_two_stored_versions_and_conflicts_below_a_higher_revision() -> None:
    stored = Standing(NEW, Fate.STORED, PASSED)
    assert needs_look([stored, Standing(OLD, Fate.STORED, ELSEWHERE)], RULES)
    assert needs_look([stored, Standing(OLD, Fate.CONFLICT, ELSEWHERE)], RULES)
    assert not needs_look([stored, Standing((1, 6), Fate.CONFLICT, ELSEWHERE)], RULES)
    assert not needs_look([stored, Standing(OLD, Fate.SUPERSEDED, ELSEWHERE)], RULES)
    assert not needs_look([], RULES)
