"""Persons of a complete history, held to the oracle."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, strategies as st

from tests.unit.identity.histories import card, erasure, histories, link, login, mixed, neighbours_max, unlink, visitor
from tests.unit.identity.oracle import effective_links, linked_pairs, oracle
from touchline.identity.components import components, members, unite
from touchline.identity.links import History, changed_by


@given(histories, neighbours_max)
def test_components_and_hubs_are_those_of_the_oracle(history: History, most: int) -> None:
    found = components(history, most)
    assert (found.component_of, found.hubs) == oracle(history, most)


@given(histories, neighbours_max)
def test_links_that_count_are_listed_with_all_times_that_count(history: History, most: int) -> None:
    found = components(history, most)
    pairs = linked_pairs(history, changed_by(history))
    assert {frozenset(pair) for pair in (*found.links, *found.cut)} == pairs
    assert {frozenset(pair) for pair in found.cut} == {pair for pair in pairs if pair & found.hubs}
    for pair, times_us in found.links.items():
        assert times_us == sorted({one.time_us for one in effective_links(history) if {one.one, one.other} == {*pair}})


@given(histories, neighbours_max)
def test_a_type_that_is_apart_links_nobody_as_if_its_links_were_never_stated(history: History, most: int) -> None:
    found = components(history, most, apart={"loyalty"})
    rest = History(
        [one for one in history.links if "loyalty" not in (one.one.type, one.other.type)],
        [one for one in history.unlinks if "loyalty" not in (one.one.type, one.other.type)],
        history.erasures,
    )
    without = components(rest, most)
    alone = {one: one for one in found.component_of if one not in without.component_of}
    assert found == without._replace(component_of=without.component_of | alone)


@given(histories, neighbours_max, st.integers(0, 2**32))
def test_any_order_and_repetition_gives_the_same_persons(history: History, most: int, seed: int) -> None:
    assert components(mixed(history, Random(seed)), most) == components(history, most)


def test_a_chain_of_links_is_one_person_named_by_the_strongest_identifier() -> None:
    chain = History([link(1, visitor(1), card(2)), link(1, card(2), visitor(0)), link(1, visitor(0), login(7))])
    assert set(components(chain, 9).component_of.values()) == {login(7)}


@pytest.mark.timeout(10)  # one that walks the whole chain for each identifier takes a minute
def test_a_long_chain_is_one_person_and_cheap() -> None:
    visitors = [visitor(number) for number in range(20_000)]
    pairs = list(pairwise(visitors))
    for order in (pairs, pairs[::-1]):
        assert set(unite(visitors, order).values()) == {min(visitors)}


def test_an_unlink_in_the_middle_of_a_chain_gives_two_persons() -> None:
    links = [link(1, login(1), card(1)), link(1, card(1), visitor(1)), link(1, visitor(1), visitor(2))]
    found = components(History(links, [unlink(2, card(1), visitor(1))]), 9)
    assert members(found.component_of) == {login(1): [login(1), card(1)], visitor(1): [visitor(1), visitor(2)]}


def test_two_ways_between_identifiers_need_two_unlinks() -> None:
    links = [link(1, login(1), card(1)), link(1, login(1), visitor(1)), link(1, card(1), visitor(1))]
    one = [unlink(2, login(1), visitor(1))]
    assert set(components(History(links, one), 9).component_of.values()) == {login(1)}
    two = [*one, unlink(2, card(1), visitor(1))]
    assert members(components(History(links, two), 9).component_of) == {
        login(1): [login(1), card(1)],
        visitor(1): [visitor(1)],
    }


def test_a_hub_links_nothing_and_is_listed() -> None:
    links = [link(1, visitor(0), card(number)) for number in range(3)]
    beside = link(1, card(0), login(1))
    assert components(History([*links, beside]), 3).hubs == set()
    found = components(History([*links, beside]), 2)
    assert found.hubs == {visitor(0)}
    assert members(found.component_of) == {
        login(1): [login(1), card(0)],
        **{one: [one] for one in (card(1), card(2), visitor(0))},
    }


def test_only_effective_neighbours_make_a_hub_each_once() -> None:
    links = [link(time_us, visitor(0), card(number)) for number in range(3) for time_us in (1, 2)]
    assert components(History(links, [unlink(2, card(0), visitor(0))]), 2).hubs == set()
    assert components(History(links, [], [erasure(2, card(0))]), 2).hubs == set()


def test_an_erased_identifier_is_a_person_of_its_own_until_it_is_linked_again() -> None:
    links = [link(1, login(1), card(1)), link(1, card(1), visitor(1))]
    erased = [erasure(3, card(1))]
    assert components(History(links, [], erased), 9).component_of == {
        one: one for one in (login(1), card(1), visitor(1))
    }
    again = [*links, link(4, card(1), visitor(1))]
    assert components(History(again, [], erased), 9).component_of[visitor(1)] == card(1)
