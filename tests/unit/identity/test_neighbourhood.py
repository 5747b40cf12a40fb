"""Judging around a change gives what judging everything gives, and reads little."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given, strategies as st

from tests.unit.identity.histories import (
    erasure,
    erasures,
    histories,
    identifiers,
    link,
    links,
    login,
    neighbours_max,
    together,
    unlinks,
    visitor,
)
from touchline.identity.components import Components, components
from touchline.identity.links import History, Identifier, about, changed_by
from touchline.identity.neighbourhood import components_around

changes = st.builds(History, st.lists(links, max_size=3), st.lists(unlinks, max_size=2), st.lists(erasures, max_size=1))


class Recorded:
    """A look-up that remembers what it was asked for, call by call."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.calls: list[set[Identifier]] = []

    def __call__(self, asked: Collection[Identifier]) -> History:
        self.calls.append(set(asked))
        return about(self.history, asked)


def published_under(persons: dict[Identifier, Identifier]) -> dict[Identifier, set[Identifier]]:
    """The identifiers of the person of each identifier."""
    return {one: {other for other in persons if persons[other] == persons[one]} for one in persons}


def assert_equal_where_judged(found: Components, whole: Components) -> None:
    assert found.component_of == {one: whole.component_of.get(one, one) for one in found.component_of}
    assert found.hubs == whole.hubs & found.component_of.keys()
    assert found.links == {pair: times for pair, times in whole.links.items() if pair[0] in found.component_of}
    assert found.cut == {pair for pair in whole.cut if not found.component_of.keys().isdisjoint(pair)}


@given(histories, changes, st.sets(identifiers, max_size=2), neighbours_max)
def test_persons_around_a_change_are_those_of_the_whole_history(
    before: History, change: History, dirty: set[Identifier], most: int
) -> None:
    after = together(before, change)
    found = components_around(changed_by(change), dirty, most, Recorded(after))
    assert_equal_where_judged(found, components(after, most))
    assert found.component_of.keys() >= changed_by(change) | dirty


@given(histories, changes, neighbours_max)
def test_nobody_moves_beyond_the_neighbourhood_of_a_change(before: History, change: History, most: int) -> None:
    after = together(before, change)
    found = components_around(changed_by(change), (), most, Recorded(after))
    assert components(before, most).component_of | found.component_of == components(after, most).component_of


@given(histories, neighbours_max, st.data())
def test_nobody_moves_beyond_the_neighbourhood_of_retracted_links_and_unlinks(
    before: History, most: int, data: st.DataObject
) -> None:
    kept_links = data.draw(st.sets(st.sampled_from([None, *before.links])))
    kept_unlinks = data.draw(st.sets(st.sampled_from([None, *before.unlinks])))
    gone = History(
        [one for one in before.links if one not in kept_links],
        [one for one in before.unlinks if one not in kept_unlinks],
    )
    after = History(
        [one for one in before.links if one in kept_links],
        [one for one in before.unlinks if one in kept_unlinks],
        before.erasures,
    )
    found = components_around(changed_by(gone), (), most, Recorded(after))
    expected = {one: one for one in changed_by(before)} | components(after, most).component_of
    assert components(before, most).component_of | found.component_of == expected


@given(histories, changes, changes, neighbours_max)
def test_who_is_published_together_is_judged_together(
    published: History, unseen: History, change: History, most: int
) -> None:
    # Rows still stand as before `unseen`, of which nobody told.
    after = together(together(published, unseen), change)
    rows = published_under(components(published, most).component_of)

    def published_with(asked: Collection[Identifier]) -> set[Identifier]:
        return {other for one in asked for other in rows.get(one, ())}

    found = components_around(changed_by(change), (), most, Recorded(after), published_with)
    assert_equal_where_judged(found, components(after, most))
    assert published_with(found.component_of) <= found.component_of.keys()


@given(histories, changes, neighbours_max)
def test_every_identifier_is_looked_up_at_most_once(before: History, change: History, most: int) -> None:
    look_up = Recorded(together(before, change))
    components_around(changed_by(change), (), most, look_up)
    asked = [one for call in look_up.calls for one in call]
    assert len(asked) == len(set(asked))
    assert set() not in look_up.calls


def test_an_identifier_of_which_nothing_was_said_is_a_person_of_its_own() -> None:
    found = components_around((), [login(1)], 9, Recorded(History()))
    assert found == Components({login(1): login(1)}, set(), {}, set())


def test_other_persons_are_not_read() -> None:
    own = [link(1, login(1), visitor(1)), link(2, visitor(1), visitor(2))]
    others = [link(1, login(number), visitor(number)) for number in range(3, 30)]
    look_up = Recorded(History([*own, *others]))
    found = components_around(changed_by(History(own[1:])), (), 9, look_up)
    assert set(found.component_of) == {login(1), visitor(1), visitor(2)} == set().union(*look_up.calls)


def test_neighbours_of_a_hub_are_read_but_not_judged_when_one_of_them_changes() -> None:
    junk = visitor(0)
    links = [link(1, junk, login(number)) for number in range(1, 100)]
    new = link(2, login(5), visitor(5))
    found = components_around(changed_by(History([new])), (), 20, Recorded(History([*links, new])))
    assert found.component_of == {login(5): login(5), visitor(5): login(5), junk: junk}
    assert found.hubs == {junk}
    assert found.links == {(login(5), visitor(5)): [2]}


def test_who_is_published_with_somebody_who_is_judged_is_judged_though_nothing_links_them() -> None:
    rows = {visitor(1): [visitor(2)], visitor(2): [visitor(3)]}

    def published_with(asked: Collection[Identifier]) -> list[Identifier]:
        return [other for one in asked for other in rows.get(one, ())]

    found = components_around([visitor(1)], (), 9, Recorded(History()), published_with)
    assert found.component_of == {one: one for one in (visitor(1), visitor(2), visitor(3))}


def test_a_neighbour_that_is_a_hub_is_recognised_though_it_is_not_judged() -> None:
    links = [link(1, visitor(0), login(number)) for number in range(1, 5)]
    found = components_around((), [login(4)], 3, Recorded(History(links)))
    assert found == Components({login(4): login(4)}, set(), {}, {(login(4), visitor(0))})


def test_a_neighbour_that_is_no_hub_any_more_links_its_neighbours() -> None:
    links = [link(1, visitor(0), login(number)) for number in range(1, 5)]
    end = erasure(2, login(4))
    found = components_around(changed_by(History(erasures=[end])), (), 3, Recorded(History(links, [], [end])))
    assert found.component_of == {
        login(4): login(4),
        **dict.fromkeys([visitor(0), login(1), login(2), login(3)], login(1)),
    }


def test_a_chain_takes_one_look_up_for_each_step() -> None:
    chain = [link(1, visitor(number), visitor(number + 1)) for number in range(10)]
    look_up = Recorded(History(chain))
    found = components_around({visitor(0)}, (), 9, look_up)
    assert set(found.component_of.values()) == {visitor(0)}
    assert len(look_up.calls) == len(chain) + 1
