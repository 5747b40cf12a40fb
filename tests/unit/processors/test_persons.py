"""One customer under many identifiers, wherever their events lie and whatever comes first."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.across import identify, known_as, persons, rows, settled, under
from tests.unit.processors.loop.two_partitions import Workers, records_by_partition
from tests.unit.processors.loop.world import event, fates, quick_folder
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of

COOKIE, LOGIN, CARD, TABLET = ("anonymous", 3), ("login", 2), ("loyalty", 5), ("device", 7)
STORY = [
    known_as(1, [COOKIE], 1, "poster"),
    known_as(2, [COOKIE], 2),
    known_as(3, [LOGIN, COOKIE], 3),
    known_as(4, [LOGIN, CARD], 4, "till"),
]


@pytest.mark.parametrize("order", list(permutations(range(len(STORY)))))
def test_anonymous_visits_a_login_and_a_purchase_are_one_journey_of_one_person_in_any_order(
    order: tuple[int, ...],
) -> None:
    with quick_folder() as folder:
        found = rows(settled([STORY[place] for place in order], folder))
    assert [(row.event_id, row.person, row.cycle, row.touchpoint_number) for row in found] == [
        (f"e{number}", 2, 1, number) for number in (1, 2, 3, 4)
    ]


def test_links_may_come_in_events_that_are_no_touchpoint(tmp_path: Path) -> None:
    told = [
        known_as(1, [COOKIE], 1),
        known_as(2, [CARD], 2),
        identify(3, [LOGIN, COOKIE], 9),
        identify(4, [LOGIN, CARD], 9),
    ]
    assert persons(settled(told, tmp_path)) == {"e1": 2, "e2": 2}


def test_the_home_of_the_smallest_identifier_publishes_the_whole_person_and_records_stay_where_they_lie(
    tmp_path: Path,
) -> None:
    found = rows(settled(STORY, tmp_path))
    assert {row.published_by for row in found} == {0}
    assert [row.received_by for row in found] == [1, 1, 0, 0]


def test_whoever_does_not_lead_gives_an_identifier_away_in_the_insert_that_takes_its_rows_back(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(STORY))
    workers.deliver(1, 2)  # published by their home, which has not heard of the login yet
    workers.finish()
    (given,) = (row for row in ledger.rows if row["kind"] == "handoff" and row["identifier"].endswith("3"))
    assert (value_of(given, "handoff_to"), value_of(given, "handoff_number")) == (0, 1)
    beside = [
        row
        for row in ledger.rows
        if (row["stream"], row["insert_number"]) == (given["stream"], given["insert_number"])
        and row["kind"] == "attached"
    ]
    assert [(row["event_id"], row["sign"]) for row in beside] == [("e1", -1), ("e2", -1)]


def test_no_event_ever_stands_twice_and_no_person_is_half_merged(tmp_path: Path) -> None:
    def look(ledger: MemoryLedger) -> None:
        found = rows(ledger)
        assert max(Counter(row.event_id for row in found).values(), default=1) == 1
        of_cookie = {row.person for row in found if row.identifier == 3}
        assert len(of_cookie) <= 1

    settled(STORY, tmp_path, look)


def test_an_unlink_parts_what_a_link_joined(tmp_path: Path) -> None:
    ledger = settled([*STORY, identify(9, [LOGIN, CARD], 60, "unlink"), known_as(8, [CARD], 90)], tmp_path)
    assert persons(ledger) == {"e1": 2, "e2": 2, "e3": 2, "e4": 2, "e8": 5}
    again = settled([identify(9, [LOGIN, CARD], 60, "unlink"), *STORY, known_as(8, [CARD], 90)], tmp_path / "first")
    assert rows(again) == rows(ledger)


def test_a_link_ends_with_the_version_that_said_it(tmp_path: Path) -> None:
    alone = known_as(3, [LOGIN], 3, revision=1)
    assert persons(settled([*STORY[:3], alone], tmp_path)) == {"e1": 3, "e2": 3, "e3": 2}


def test_people_who_use_one_device_one_after_the_other_stay_two(tmp_path: Path) -> None:
    other = ("login", 4)
    told = [
        known_as(1, [TABLET], 1),
        known_as(2, [LOGIN, TABLET], 10),
        known_as(3, [TABLET], 20),
        known_as(4, [other, TABLET], 30),
        known_as(5, [TABLET], 40),
    ]
    for order in (told, told[::-1]):
        with quick_folder() as folder:
            assert persons(settled(order, folder)) == {"e1": 2, "e2": 2, "e3": 2, "e4": 4, "e5": 4}


def test_a_household_is_known_and_joins_nobody(tmp_path: Path) -> None:
    house = ("household", 9)
    told = [known_as(1, [LOGIN, house], 1), known_as(2, [CARD, house], 2)]
    assert persons(settled(told, tmp_path)) == {"e1": 2, "e2": 5}


@pytest.mark.parametrize(("cards", "is_one"), [((5, 7), True), ((5, 7, 9), False)])
def test_an_identifier_with_more_neighbours_than_allowed_joins_nobody(
    cards: tuple[int, ...], is_one: bool, tmp_path: Path
) -> None:
    told = [known_as(card, [("login", 2), ("loyalty", card)], card) for card in cards]
    told += [known_as(10 + card, [("loyalty", card)], 10 + card) for card in cards]
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(told), hub_neighbours=2)
    workers.finish()
    assert {persons(ledger)[f"e{10 + card}"] for card in cards} == ({2} if is_one else set(cards))


def test_records_count_whatever_their_kafka_key_is(tmp_path: Path) -> None:
    told = [event(number, number, number) for number in range(40)]
    for partition in (0, 1):
        ledger = MemoryLedger()
        workers = Workers(ledger, tmp_path / str(partition), under(partition, told))
        workers.finish()
        found = rows(ledger)
        assert [
            (row.person, row.published_by, row.received_by) for row in sorted(found, key=lambda row: row.person)
        ] == [(number, number % 2, partition) for number in range(40)]
        assert fates(ledger) == {"received": 40, "stored": 40}


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_merge_survives_the_end_of_a_worker_at_any_step(number: int, how: Any, tmp_path: Path) -> None:
    wanted = rows(settled(STORY, tmp_path / "quiet"))
    for steps in range(5):
        ledger = MemoryLedger()
        workers = Workers(ledger, tmp_path / str(steps), records_by_partition(STORY))
        workers.deliver(0, 9)
        workers.deliver(1, 9)
        for step in range(steps):
            workers.tick(step % 2)
        workers.restart(number, how)
        workers.finish()
        assert rows(ledger) == wanted
