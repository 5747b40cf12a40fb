"""To whom the events of an identifier belong: held to an oracle, and to tables that others published about shared devices."""

from __future__ import annotations

from random import Random

from hypothesis import given, strategies as st

from tests.unit.identity.histories import (
    card,
    erasure,
    histories,
    link,
    login,
    mixed,
    neighbours_max,
    unlink,
    visitor,
)
from tests.unit.identity.oracle import person_at
from touchline.identity.components import Components, components, members
from touchline.identity.links import History, Identifier, Link
from touchline.identity.persons import Persons, TimeLine, persons_of

DEVICES = {"anonymous", "device"}
TIMES = range(-1, 9)
RYAN, CASSIDY, BOB = login(1), login(2), login(3)


def persons(history: History, most: int = 9) -> tuple[Persons, Components]:
    found = components(history, most)
    return persons_of(found.component_of, found.links, DEVICES), found


def persons_at(history: History, identifier: Identifier, times: list[int]) -> list[Identifier]:
    found, _ = persons(history)
    return [found.person_at(identifier, time_us) for time_us in times]


@given(histories, neighbours_max)
def test_events_of_one_person_are_those_of_the_oracle(history: History, most: int) -> None:
    found, judged = persons(history, most)
    names: dict[Identifier, Identifier] = {}
    for identifier in judged.component_of:
        for time_us in TIMES:
            person = person_at(history, judged.hubs, DEVICES, identifier, time_us)
            name = found.person_at(identifier, time_us)
            assert names.setdefault(person, name) == name
    assert len(set(names.values())) == len(names)


@given(histories, neighbours_max)
def test_a_person_is_named_by_the_smallest_identifier_that_is_wholly_its_own(history: History, most: int) -> None:
    found, judged = persons(history, most)
    at_all_times = {one: {found.person_at(one, time_us) for time_us in TIMES} for one in judged.component_of}
    for one, several in at_all_times.items():
        assert (len(several) == 1) == (one in found.whole)
        assert (one in found.shared) != (one in found.whole)
        for name in several:
            assert name == min(other for other, whose in at_all_times.items() if whose == {name})


@given(histories, neighbours_max, st.integers(0, 2**32))
def test_any_order_and_repetition_gives_the_same_persons(history: History, most: int, seed: int) -> None:
    assert persons(mixed(history, Random(seed)), most) == persons(history, most)


@given(histories, neighbours_max)
def test_a_component_that_is_one_person_gives_it_its_name(history: History, most: int) -> None:
    found, judged = persons(history, most)
    for component, identifiers in members(judged.component_of).items():
        names = {found.person_at(one, time_us) for one in identifiers for time_us in TIMES}
        assert names == {component} or len(names) > 1
        if all(one.type not in DEVICES for one in identifiers):
            assert names == {component}


def test_two_logins_one_after_the_other_on_one_device_are_two_people() -> None:
    visits = History([link(3, visitor(1), RYAN), link(6, visitor(1), CASSIDY)])
    assert persons_at(visits, visitor(1), [1, 3, 5, 6, 9]) == [RYAN, RYAN, RYAN, CASSIDY, CASSIDY]
    found, judged = persons(visits)
    assert set(judged.component_of.values()) == {RYAN}
    assert found.shared == {visitor(1): TimeLine((3, 6), (RYAN, CASSIDY))}


def test_who_comes_back_to_a_shared_device_has_it_again() -> None:
    visits = History([link(3, visitor(1), RYAN), link(6, visitor(1), CASSIDY), link(9, visitor(1), RYAN)])
    assert persons_at(visits, visitor(1), [8, 9]) == [CASSIDY, RYAN]


def test_a_repeated_login_of_the_same_person_is_no_change() -> None:
    visits = History([link(time_us, visitor(1), RYAN) for time_us in (2, 3, 5)])
    assert persons(visits)[0] == Persons({RYAN: RYAN, visitor(1): RYAN}, {})


def test_at_one_instant_the_smaller_identifier_has_the_device() -> None:
    visits = [link(3, visitor(1), CASSIDY), link(3, visitor(1), RYAN)]
    assert persons_at(History(visits), visitor(1), [3]) == persons_at(History(visits[::-1]), visitor(1), [3]) == [RYAN]


def test_a_card_and_a_login_that_are_linked_share_a_device_with_nobody() -> None:
    visits = History([link(3, visitor(1), RYAN), link(6, visitor(1), card(1)), link(1, card(1), RYAN)])
    assert persons(visits)[0].whole == {RYAN: RYAN, card(1): RYAN, visitor(1): RYAN}


def test_linked_devices_have_one_time_line() -> None:
    visits = [link(3, visitor(1), RYAN), link(6, visitor(2), CASSIDY), link(9, visitor(1), visitor(2))]
    assert persons_at(History(visits), visitor(1), [7]) == [CASSIDY]
    assert persons_at(History(visits[:2]), visitor(1), [7]) == [RYAN]


def test_devices_without_a_login_are_a_person_by_their_smallest_identifier() -> None:
    found, _ = persons(History([link(1, visitor(2), visitor(1))]))
    assert found == Persons({visitor(1): visitor(1), visitor(2): visitor(1)}, {})


def test_a_person_of_an_unknown_type_is_named_by_its_own_device_until_that_is_shared() -> None:
    customer, other = Identifier(9, "crm", "k1:1"), Identifier(9, "crm", "k1:2")
    assert persons_at(History([link(1, customer, visitor(1))]), customer, [0]) == [visitor(1)]
    shared = History([link(1, customer, visitor(1)), link(5, other, visitor(1))])
    assert persons_at(shared, customer, [0]) == [customer]
    assert persons_at(shared, visitor(1), [1, 5]) == [customer, other]


def test_a_device_of_more_people_than_the_limit_is_nobodys() -> None:
    kiosk = History([link(number, visitor(1), login(number)) for number in range(1, 5)])
    assert persons(kiosk, 3)[0].person_at(visitor(1), 2) == visitor(1)
    assert persons(kiosk, 4)[0].person_at(visitor(1), 2) == login(2)


def test_an_unlink_of_the_second_login_gives_the_device_back_to_the_first() -> None:
    visits = [link(3, visitor(1), RYAN), link(6, visitor(1), CASSIDY)]
    assert persons_at(History(visits, [unlink(7, visitor(1), CASSIDY)]), visitor(1), [6]) == [RYAN]
    again = History([*visits, link(8, visitor(1), CASSIDY)], [unlink(7, visitor(1), CASSIDY)])
    assert persons_at(again, visitor(1), [6, 8]) == [RYAN, CASSIDY]


# The tables of Adobe Customer Journey Analytics, "Shared devices" and "Field-based stitching", with minutes for times. Each row of a table
# is an event of the device; one that states a login belongs to the login, whatever the device.

SHARED_DEVICE = [(1, None), (2, None), (3, RYAN), (7, None), (8, CASSIDY), (1387, None)]
"""One device: three pages and an order of the first, one page and an order of the second, one page the day after."""
ONE_OF_THREE_DEVICES = [(1, None), (2, BOB), (3, BOB), (4, None), (5, BOB), (6, None), (7, BOB)]


def stitched(rows: list[tuple[int, Identifier | None]], device: Identifier, *more: Link) -> list[Identifier]:
    history = History([link(time_us, device, who) for time_us, who in rows if who is not None] + list(more))
    found, _ = persons(history)
    return [found.person_at(device if who is None else who, time_us) for time_us, who in rows]


def test_a_shared_device_is_split_by_time_as_in_the_table_of_device_split() -> None:
    assert stitched(SHARED_DEVICE, visitor(1234)) == [RYAN, RYAN, RYAN, RYAN, CASSIDY, CASSIDY]


def test_the_last_login_does_not_take_what_others_did_as_in_the_table_of_last_auth() -> None:
    # That table gives all six rows to the second login, the order of the first included.
    last_auth = [CASSIDY] * 6
    ours = stitched(SHARED_DEVICE, visitor(1234))
    assert [one == other for one, other in zip(ours, last_auth, strict=True)] == [False] * 4 + [True] * 2


def test_a_device_of_one_login_is_his_from_the_first_event_on_as_in_the_table_after_replay() -> None:
    # Two people: one, and a device on which nobody ever logged in. There, live stitching counts four until it is replayed.
    unknown, other = visitor(3579), visitor(81911)
    his = History([link(time_us, visitor(246), who) for time_us, who in ONE_OF_THREE_DEVICES if who is not None])
    found, _ = persons(History([*his.links, link(5, other, BOB), link(0, unknown, unknown)]))
    assert stitched(ONE_OF_THREE_DEVICES, visitor(246)) == [BOB] * 7
    assert [found.person_at(other, time_us) for time_us in (2, 5, 12)] == [BOB] * 3
    assert [found.person_at(unknown, time_us) for time_us in (3, 9)] == [unknown] * 2
    assert len(set(found.whole.values())) == 2


def test_an_erased_login_leaves_each_device_to_itself_as_in_the_table_of_a_privacy_request() -> None:
    links = [link(2, visitor(246), BOB), link(5, visitor(81911), BOB)]
    found, _ = persons(History(links, [], [erasure(12, BOB)]))
    assert [found.person_at(one, 2) for one in (visitor(246), visitor(81911))] == [visitor(246), visitor(81911)]
