"""What is skipped changes nothing: turns that judge news only end where judging everything ends."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.identity.histories import (
    card,
    erasure,
    erasures,
    identifiers,
    link,
    links,
    login,
    neighbours_max,
    unlink,
    unlinks,
    visitor,
)
from touchline.identity.components import components
from touchline.identity.links import Erasure, History, Identifier, Link, Unlink, about
from touchline.identity.neighbourhood import Hubs, components_around
from touchline.identity.persons import persons_of
from touchline.identity.remembered import Remembered

Said = Link | Unlink | Erasure
DEVICES = {"anonymous"}
TIMES = range(-1, 9)


class Row(NamedTuple):
    number: int
    sign: int
    said: Said


class Turn(NamedTuple):
    """What happens until a turn, and how: each of `happens` is said, or the number of an earlier row to be taken back. `ahead`: how many
    later turns' rows a look-up shows already. With `starts` nothing is remembered."""

    happens: list[Said | int]
    dirty: set[Identifier]
    ahead: int
    starts: bool


turns = st.lists(
    st.builds(
        Turn,
        st.lists(st.one_of(links, links, links, unlinks, erasures, st.integers(0, 20)), max_size=4),
        st.sets(identifiers, max_size=1),
        st.sampled_from([0, 0, 1, 2]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
)


def rows_of(happening: list[Turn]) -> list[list[Row]]:
    """The rows that each turn reads."""
    standing: dict[int, Said] = {}
    number, batches = 0, []
    for turn in happening:
        batch = []
        for one in turn.happens:
            if not isinstance(one, int):
                standing[number] = one
                batch.append(Row(number, 1, one))
                number += 1
            elif one in standing and not isinstance(standing[one], Erasure):
                batch.append(Row(one, -1, standing.pop(one)))
        batches.append(batch)
    return batches


def history(said: Collection[Said]) -> History:
    return History(
        [one for one in said if isinstance(one, Link)],
        [one for one in said if isinstance(one, Unlink)],
        [one for one in said if isinstance(one, Erasure)],
    )


def standing(rows: Collection[Row]) -> list[Said]:
    stands: dict[int, Said] = {}
    for row in rows:
        if row.sign > 0:
            stands[row.number] = row.said
        else:
            del stands[row.number]
    return list(stands.values())


class Partition:
    """Judges turn by turn and keeps what was published: of each identifier the component and to whom its events belong."""

    def __init__(self, neighbours_max: int, pairs_max: int) -> None:
        self.neighbours_max, self.pairs_max = neighbours_max, pairs_max
        self.remembered = Remembered(DEVICES, pairs_max=pairs_max)
        self.published: dict[Identifier, tuple[Identifier, list[Identifier]]] = {}
        self.judgements = 0

    def turn(self, batch: list[Row], dirty: set[Identifier], visible: list[Row]) -> None:
        said = history([row.said for row in batch if row.sign > 0])
        retracted = history([row.said for row in batch if row.sign < 0])
        changed, hubs = self.remembered.changed_by(said, retracted)
        if not changed and not dirty:
            return
        self.judgements += 1
        now = history(standing(visible))
        found = components_around(changed, dirty, self.neighbours_max, lambda asked: about(now, asked), hubs=hubs)
        persons = persons_of(found.component_of, found.links, DEVICES)
        self.remembered.judged(changed, found, persons)
        for one, component in found.component_of.items():
            self.published[one] = component, [persons.person_at(one, time_us) for time_us in TIMES]


@settings(max_examples=400)
@given(turns, neighbours_max, st.sampled_from([2, 1000]))
def test_turns_that_judge_news_only_end_where_judging_everything_ends(
    happening: list[Turn], most: int, pairs_max: int
) -> None:
    batches = rows_of(happening)
    partition, seen = Partition(most, pairs_max), 0
    for number, turn in enumerate(happening):
        if turn.starts:
            partition.remembered = Remembered(DEVICES, pairs_max=pairs_max)
        seen = max(seen, min(number + turn.ahead, len(batches) - 1))
        visible = [row for batch in batches[: seen + 1] for row in batch]
        partition.turn(batches[number], turn.dirty, visible)
        if seen == number:
            whole = components(history(standing(visible)), most)
            persons = persons_of(whole.component_of, whole.links, DEVICES)
            for one, published in partition.published.items():
                alone = one, [one for _ in TIMES]
                expected = alone
                if one in whole.component_of:
                    expected = whole.component_of[one], [persons.person_at(one, time_us) for time_us in TIMES]
                assert published == expected
            assert partition.published.keys() >= {
                end for said in history(standing(visible)).links for end in said[2:] if said.one != said.other
            }


def remembered(*said: Said, most: int = 9, changed: Collection[Identifier] | None = None) -> Remembered:
    """After a turn in which all this was read and judged."""
    memory = Remembered(DEVICES, apart={"household"})
    return judged_again(memory, *said, most=most, changed=changed)


def judged_again(
    memory: Remembered, *said: Said, most: int = 9, changed: Collection[Identifier] | None = None
) -> Remembered:
    told = history(said)
    everybody = {end for one in (*told.links, *told.unlinks) for end in one[2:]} if changed is None else changed
    found = components_around(everybody, (), most, lambda asked: about(told, asked))
    memory.judged(everybody, found, persons_of(found.component_of, found.links, DEVICES))
    return memory


def test_at_first_every_link_is_news() -> None:
    memory = Remembered(DEVICES)
    assert memory.is_news(link(1, login(1), visitor(1)))
    assert not memory.is_news(link(1, login(1), login(1)))


def test_a_household_is_never_news() -> None:
    assert not remembered().is_news(link(1, login(1), Identifier(4, "household", "k1:1")))


def test_a_repeated_link_of_two_that_name_a_person_is_no_news_at_any_time() -> None:
    memory = remembered(link(5, login(1), card(1)))
    assert [memory.is_news(link(time_us, card(1), login(1))) for time_us in (1, 5, 9)] == [False] * 3
    assert memory.is_news(link(5, login(1), card(2)))


def test_a_repeated_login_on_a_device_of_one_person_is_no_news_at_any_time() -> None:
    memory = remembered(link(5, login(1), visitor(1)), link(5, login(1), card(1)))
    assert [memory.is_news(link(time_us, login(1), visitor(1))) for time_us in (1, 5, 9)] == [False] * 3


@pytest.mark.parametrize(
    ("number", "time_us", "is_news"),
    [
        (1, 1, False),
        (1, 3, False),
        (1, 5, False),
        (1, 6, True),
        (1, 9, True),
        (2, 6, False),
        (2, 9, False),
        (2, 5, True),
    ],
)
def test_a_repeated_login_on_a_shared_device_is_news_where_the_device_is_somebody_elses(
    number: int, time_us: int, is_news: bool
) -> None:
    memory = remembered(link(3, login(1), visitor(1)), link(6, login(2), visitor(1)))
    assert memory.is_news(link(time_us, login(number), visitor(1))) == is_news


def test_who_shared_a_device_for_one_instant_only_is_news_when_he_comes_back() -> None:
    memory = remembered(link(3, login(1), visitor(1)), link(3, login(2), visitor(1)))
    assert memory.is_news(link(5, login(2), visitor(1)))
    assert not memory.is_news(link(5, login(1), visitor(1)))


def test_after_an_unlink_the_next_link_is_news() -> None:
    said = link(5, login(1), card(1)), unlink(6, login(1), card(1))
    memory = remembered(said[0])
    assert memory.changed_by(history(said[1:]), History()) == ({login(1), card(1)}, NO_HUB)
    assert judged_again(memory, *said).is_news(link(7, login(1), card(1)))


def test_whatever_is_retracted_is_news() -> None:
    said = link(5, login(1), card(1))
    assert remembered(said).changed_by(History(), history([said])) == ({login(1), card(1)}, NO_HUB)


NO_HUB = Hubs(set(), ())
JUNK = [link(1, visitor(0), login(number)) for number in range(1, 5)]


def test_a_repeated_link_of_a_hub_is_no_news_and_a_new_one_is() -> None:
    memory = remembered(*JUNK, most=3)
    assert not memory.is_news(link(7, login(2), visitor(0)))
    assert memory.is_news(link(7, login(9), visitor(0)))


def test_a_hub_is_known_until_it_is_erased_and_certain_while_links_are_added_only() -> None:
    memory, junk = remembered(*JUNK, most=3), {visitor(0)}
    new = link(7, login(9), visitor(0))
    assert memory.changed_by(history([new]), History()) == ({login(9), *junk}, Hubs(junk, junk))
    _, hubs = memory.changed_by(history([new, unlink(8, login(1), visitor(0))]), History())
    assert hubs == Hubs(junk, ())
    assert memory.changed_by(history([new]), history(JUNK[:1]))[1] == Hubs(junk, ())
    assert memory.changed_by(history([erasure(9, visitor(0))]), History())[1] == NO_HUB


def test_a_hub_that_was_seen_before_its_links_were_read_is_not_remembered() -> None:
    memory = remembered(*JUNK, most=3, changed={login(1)})
    assert memory.changed_by(History(), History())[1].before == set()
    assert memory.is_news(JUNK[0])


def test_the_oldest_pairs_are_forgotten_first() -> None:
    memory = Remembered(DEVICES, pairs_max=2)
    for number in range(3):
        judged_again(memory, link(1, login(number), card(number)))
    assert [memory.is_news(link(1, login(number), card(number))) for number in range(3)] == [True, False, False]


def test_a_new_link_of_a_known_hub_reads_the_new_neighbour_only() -> None:
    new = link(7, login(9), visitor(0))
    said = history([*JUNK, new])
    asked_for: list[Identifier] = []

    def look_up(asked: Collection[Identifier]) -> History:
        asked_for.extend(asked)
        return about(said, asked)

    changed, hubs = remembered(*JUNK, most=3).changed_by(history([new]), History())
    found = components_around(changed, (), 3, look_up, hubs=hubs)
    assert asked_for == [login(9)]
    assert found.component_of == {login(9): login(9), visitor(0): visitor(0)}
    assert found.hubs == {visitor(0)}


def test_neighbours_of_what_was_a_hub_are_judged_where_it_is_none_any_more() -> None:
    end = unlink(8, login(4), visitor(0))
    said = history([*JUNK, end])
    found = components_around(end[2:], (), 3, lambda asked: about(said, asked), hubs=Hubs({visitor(0)}))
    assert found.component_of == {login(4): login(4)} | dict.fromkeys(
        [login(1), login(2), login(3), visitor(0)], login(1)
    )


def test_who_was_linked_is_near_at_any_remove_but_not_through_a_hub() -> None:
    known = remembered(link(1, login(1), card(3)), link(2, card(3), login(2)), link(3, login(4), card(5)))
    assert known.near([login(1).key]) == {card(3).key, login(2).key}
    assert known.near([login(1).key, login(2).key]) == {card(3).key}
    assert known.near(["nobody"]) == set()
    assert remembered(*JUNK, most=3).near([login(1).key]) == set()


def test_of_whom_links_count_by_consent_every_repetition_is_news() -> None:
    history = History([link(1, login(1), card(1)), link(1, login(2), card(2))])
    found = components(history, 9)
    remembered = Remembered(DEVICES)
    changed = {login(1), login(2), card(1), card(2)}
    remembered.judged(changed, found, persons_of(found.component_of, found.links, DEVICES), {login(1), card(1)})
    assert remembered.is_news(link(5, card(1), login(1)))
    assert not remembered.is_news(link(5, card(2), login(2)))
