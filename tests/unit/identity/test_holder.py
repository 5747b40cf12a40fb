"""One holder for each identifier, whatever the partitions have read of each other."""

from __future__ import annotations

from collections import defaultdict

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.unit.identity.histories import IDENTIFIERS, card, login, visitor
from touchline.identity.holder import Handoff, broken_chains, give_away, holders, newest_handoffs
from touchline.identity.links import Identifier
from touchline.identity.passed import LedgerPosition

PARTITIONS = 4


def home(identifier: Identifier) -> int:
    return (3 * identifier.place + int(identifier.key[3:])) % PARTITIONS


CARD = card(1)
assert home(CARD) == 0
FIRST = Handoff(CARD, 1, LedgerPosition(0, 10), to=2)
SECOND = Handoff(CARD, 2, LedgerPosition(2, 3), to=1)


def given(
    persons: dict[Identifier, Identifier], newest: dict[Identifier, Handoff[Identifier]], position: LedgerPosition
) -> list[Handoff[Identifier]]:
    """What a partition gives away of all that it holds by these handoffs; the home of a person leads."""
    held = [one for one, holder in holders(persons, newest, home).items() if holder == position.partition]
    return give_away(held, {one: home(person) for one, person in persons.items()}, newest, position)


def holder_of_card(own: int, cursors: dict[int, int]) -> int:
    return holders([CARD], newest_handoffs([SECOND, FIRST, FIRST], own, cursors), home)[CARD]


def test_an_identifier_that_was_never_handed_over_is_held_at_home() -> None:
    assert holders(IDENTIFIERS, {}, home) == {one: home(one) for one in IDENTIFIERS}


@pytest.mark.parametrize(
    ("cursors", "holder"), [({}, 0), ({0: 9}, 0), ({0: 10}, 2), ({0: 10, 2: 2}, 2), ({0: 10, 2: 3}, 1), ({2: 3}, 1)]
)
def test_the_holder_follows_the_newest_handoff_within_the_cursors(cursors: dict[int, int], holder: int) -> None:
    assert holder_of_card(3, cursors) == holder


def test_own_handoffs_count_whatever_the_cursors_say() -> None:
    assert holder_of_card(0, {}) == 2
    assert holder_of_card(2, {}) == 1


def test_the_number_decides_and_not_the_insert_in_which_a_handoff_lies() -> None:
    back = Handoff(CARD, 3, LedgerPosition(1, 1), to=0)
    newest = newest_handoffs([back, FIRST, SECOND], 3, {0: 10, 1: 1, 2: 3})
    assert holders([CARD], newest, home) == {CARD: 0}


def test_what_is_held_and_not_led_is_given_to_the_leader_with_the_next_number() -> None:
    persons = {login(1): login(1), card(1): login(1), visitor(1): login(1), card(2): card(2)}
    assert [home(one) for one in persons] == [1, 0, 3, 1]
    newest = newest_handoffs([FIRST, SECOND._replace(to=3)], 3, {0: 10, 2: 3})
    position = LedgerPosition(3, 8)
    assert given(persons, newest, position) == [
        Handoff(card(1), 3, position, to=1),
        Handoff(visitor(1), 1, position, to=1),
    ]


def test_a_leader_and_a_bystander_give_nothing_away() -> None:
    persons = {login(1): login(1), card(1): login(1)}
    assert given(persons, {}, LedgerPosition(home(login(1)), 1)) == []
    assert given(persons, {}, LedgerPosition(3, 1)) == []


def test_what_came_back_is_given_away_again_with_a_number_of_its_own() -> None:
    chain = [FIRST, Handoff(CARD, 2, LedgerPosition(2, 4), to=0)]
    newest = newest_handoffs(chain, 0, {2: 4})
    (again,) = given({CARD: login(2)}, newest, LedgerPosition(0, 11))
    assert again == Handoff(CARD, 3, LedgerPosition(0, 11), to=2)
    assert broken_chains([*chain, again], home) == set()


@pytest.mark.parametrize(
    "handoffs",
    [
        [FIRST._replace(number=2)],
        [FIRST, SECOND._replace(number=3)],
        [FIRST, FIRST._replace(to=3)],
        [FIRST._replace(position=LedgerPosition(3, 10))],
        [FIRST, SECOND._replace(position=LedgerPosition(0, 11))],
    ],
)
def test_a_missing_or_double_number_and_a_foreign_giver_break_a_chain(handoffs: list[Handoff[Identifier]]) -> None:
    assert broken_chains(handoffs, home) == {CARD}


def test_rows_that_are_read_twice_and_in_any_order_are_the_same_chain() -> None:
    assert broken_chains([SECOND, FIRST, SECOND], home) == set()


Tick = tuple[int, list[int], list[Identifier]]
"""(own partition, how far it reads each other one, persons to which it thinks that the identifiers belong)"""
ticks: st.SearchStrategy[Tick] = st.tuples(
    st.integers(0, PARTITIONS - 1),
    st.lists(st.integers(0, 3), min_size=PARTITIONS, max_size=PARTITIONS),
    st.lists(st.sampled_from(IDENTIFIERS), min_size=3, max_size=3),
)


@hypothesis.given(st.lists(ticks, max_size=25))
def test_at_most_one_partition_believes_that_it_holds_an_identifier(all_ticks: list[Tick]) -> None:
    # Each partition reads the others late, and their ideas of who belongs together contradict each other.
    rows: list[Handoff[Identifier]] = []
    inserts = dict.fromkeys(range(PARTITIONS), 0)
    cursors: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for own, steps, persons in all_ticks:
        for other, step in enumerate(steps):
            cursors[own][other] = min(inserts[other], cursors[own].get(other, 0) + step)
        newest = newest_handoffs(rows, own, cursors[own])
        inserts[own] += 1
        rows += given(dict(zip(IDENTIFIERS[-3:], persons, strict=True)), newest, LedgerPosition(own, inserts[own]))
        assert broken_chains(rows, home) == set()
        for identifier in IDENTIFIERS[-3:]:
            believing = [
                partition
                for partition in range(PARTITIONS)
                if holders([identifier], newest_handoffs(rows, partition, cursors[partition]), home)[identifier]
                == partition
            ]
            assert len(believing) <= 1
