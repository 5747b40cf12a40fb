"""Which links are effective: times decide, whatever the order of arrival."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, strategies as st

from tests.unit.identity.histories import (
    IDENTIFIERS,
    card,
    erasure,
    histories,
    identifiers,
    link,
    login,
    mixed,
    unlink,
    visitor,
)
from tests.unit.identity.oracle import linked_pairs, not_erased
from touchline.identity.links import Erasure, History, Identifier, Link, Newest, about, changed_by, joins
from touchline.schemas.identifiers import IDENTIFIER_TYPES, order_of


def newest_of(*histories: History) -> Newest:
    newest = Newest()
    for history in histories:
        newest.learn(history)
    return newest


def test_login_comes_before_card_before_anonymous_whatever_the_keys() -> None:
    declared = [Identifier(*order_of(name), f"k1:{9 - number}") for number, name in enumerate(IDENTIFIER_TYPES)]
    assert sorted(declared) == declared
    assert Identifier(*order_of("login"), "k1:f") < Identifier(*order_of("loyalty"), "k1:0")
    assert Identifier(*order_of("anonymous"), "k1:f") < Identifier(*order_of("badge"), "k1:0")


def test_a_household_joins_nobody_but_is_itself_under_the_keys_of_before_and_after_a_rotation() -> None:
    before, after, other = (Identifier(*order_of("household"), key) for key in ("k1:0", "k2:f", "k2:a"))
    apart = frozenset(("household",))
    assert joins(before, after, apart)
    assert not joins(after, other, apart)
    assert not joins(after, after, apart)
    assert not joins(after, login(1), apart)
    assert joins(login(1), login(2), apart)
    newest = Newest(apart)
    newest.learn(History(links=[link(1, after, before), link(1, after, other), link(1, after, login(1))]))
    assert newest.neighbours(after) == [before]


@pytest.mark.parametrize(("link_us", "end_us", "is_effective"), [(4, 5, False), (5, 5, False), (6, 5, True)])
def test_an_unlink_or_erasure_at_the_same_time_or_later_ends_a_link(
    link_us: int, end_us: int, is_effective: bool
) -> None:
    said = [link(link_us, login(1), card(1))]
    for end in (
        History(unlinks=[unlink(end_us, card(1), login(1))]),
        History(erasures=[erasure(end_us, login(1))]),
        History(erasures=[erasure(end_us, card(1))]),
    ):
        for order in ([History(said), end], [end, History(said)]):
            newest = newest_of(*order)
            assert (newest.effective_link(login(1), card(1)) is not None) == is_effective
            assert newest.neighbours(card(1)) == ([login(1)] if is_effective else [])


def test_an_older_link_unlink_or_erasure_that_arrives_late_changes_nothing() -> None:
    late = History([link(1, login(1), card(1))], [unlink(1, login(1), card(1))], [erasure(1, login(1))])
    is_linked = History([link(4, login(1), card(1))], [unlink(3, login(1), card(1))])
    is_unlinked = History([link(3, login(1), card(1))], [unlink(3, login(1), card(1))])
    is_erased = History([link(3, login(1), card(1))], [], [erasure(3, login(1))])
    assert newest_of(is_linked, late).neighbours(login(1)) == [card(1)]
    assert newest_of(is_unlinked, late).neighbours(login(1)) == []
    assert newest_of(is_erased, late).neighbours(login(1)) == []


@pytest.mark.parametrize(("time_us", "is_effective"), [(2, True), (3, False), (5, False), (6, True)])
def test_of_a_shared_device_only_links_within_the_erased_span_are_gone(time_us: int, is_effective: bool) -> None:
    span = Erasure(5, visitor(1), after_us=2)
    said = History([link(time_us, login(1), visitor(1))], [], [span])
    assert span.covers(time_us) is not is_effective
    assert newest_of(said).effective_us(login(1), visitor(1)) == ([time_us] if is_effective else [])


def test_a_link_of_before_an_erased_span_is_told_where_a_newer_one_is_erased() -> None:
    links = [link(time_us, login(1), visitor(1)) for time_us in (1, 4, 2)]
    newest = newest_of(History(links, [], [Erasure(5, visitor(1), 2), Erasure(9, visitor(1), 6)]))
    assert newest.effective_us(visitor(1), login(1)) == [1, 2]
    assert newest.effective_link(login(1), visitor(1)) == links[2]


@given(histories)
def test_what_is_erased_counts_as_if_it_had_never_been_said(history: History) -> None:
    whole, left = newest_of(history), newest_of(not_erased(history))
    for one in IDENTIFIERS:
        for other in IDENTIFIERS:
            assert whole.effective_us(one, other) == left.effective_us(one, other)


def test_a_link_after_the_unlink_links_again() -> None:
    said = History([link(1, login(1), card(1)), link(3, login(1), card(1))], [unlink(2, login(1), card(1))])
    assert newest_of(said).neighbours(login(1)) == [card(1)]


def test_an_unlink_ends_the_link_of_its_pair_only() -> None:
    said = History([link(1, login(1), card(1)), link(1, login(1), card(2))], [unlink(2, card(1), card(2))])
    assert sorted(newest_of(said).neighbours(login(1))) == [card(1), card(2)]


def test_a_link_of_an_identifier_with_itself_says_nothing() -> None:
    said = History([link(1, card(1), card(1))], [unlink(2, card(1), card(1))])
    assert newest_of(said).neighbours(card(1)) == []
    assert newest_of(said).named_with([card(1)]) == set()


def test_the_evidence_of_a_link_is_the_last_event_that_said_it() -> None:
    first, last = (Link(2, (source, "1"), login(1), card(1)) for source in ("app", "shop"))
    earlier = Link(1, ("till", "1"), login(1), card(1))
    assert newest_of(History([last, first, earlier])).effective_link(card(1), login(1)) == last


@given(histories, st.integers(0, 2**32))
def test_order_of_arrival_repetition_and_pieces_change_nothing(history: History, seed: int) -> None:
    shuffled = mixed(history, Random(seed))
    pieces = [History(links=shuffled.links), History(erasures=shuffled.erasures), History(unlinks=shuffled.unlinks)]
    whole, later = newest_of(history), newest_of(*pieces)
    for one in IDENTIFIERS:
        for other in IDENTIFIERS:
            assert whole.effective_link(one, other) == later.effective_link(one, other)


@given(histories)
def test_effective_links_are_those_of_the_oracle(history: History) -> None:
    newest = newest_of(history)
    named = changed_by(history)
    pairs = linked_pairs(history, named)
    for one in named:
        assert sorted(newest.neighbours(one)) == sorted(min(pair - {one}) for pair in pairs if one in pair)


@given(histories, st.sets(identifiers))
def test_what_is_said_about_identifiers_is_enough_to_know_their_neighbours(
    history: History, asked: set[Identifier]
) -> None:
    whole, part = newest_of(history), newest_of(about(history, asked))
    for one in asked:
        assert sorted(part.neighbours(one)) == sorted(whole.neighbours(one))
    assert part.named_with(asked) == whole.named_with(asked)


def test_what_is_said_about_an_identifier_includes_erasures_of_the_other_ends_only() -> None:
    links = [link(1, login(1), card(1)), link(1, card(1), visitor(1))]
    erased = [erasure(2, one) for one in (login(1), card(1), visitor(1), visitor(2))]
    unlinks = [unlink(2, visitor(2), login(1))]
    assert about(History(links, unlinks, erased), [login(1)]) == History(
        links[:1], unlinks, [erased[0], erased[1], erased[3]]
    )
    assert about(History([], [], erased), [card(1)]) == History([], [], [erased[1]])


def test_both_ends_of_links_and_unlinks_and_erased_identifiers_are_changed() -> None:
    said = History([link(1, login(1), card(1))], [unlink(1, login(2), card(2))], [erasure(1, visitor(3))])
    assert changed_by(said) == {login(1), card(1), login(2), card(2), visitor(3)}
