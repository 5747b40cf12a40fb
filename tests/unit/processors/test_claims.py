"""Versions of one event in several partitions: at most one counts at any moment, and in the end the best one."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.across import persons, rows, settled
from tests.unit.processors.loop.two_partitions import Workers, receipt, records_by_partition
from tests.unit.processors.loop.world import event, fates, person_key, quick_folder, records_of
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import value_of

CARDS = 40


def places(ledger: MemoryLedger) -> list[str]:
    """Of all stored versions of the one event, those that readers see."""
    return [value_of(row, "place") for row in ledger.standing("attached")]


def workers_of(events: list[dict[str, Any]], folder: Path) -> tuple[MemoryLedger, Workers]:
    ledger = MemoryLedger()
    return ledger, Workers(ledger, folder, records_by_partition(events))


def test_receipts_that_get_their_cards_later_count_once_with_the_card(tmp_path: Path) -> None:
    first = [receipt(number, None, 5) for number in range(CARDS)]
    with_card = [receipt(number, number, 5, revision=1) for number in range(CARDS)]
    for folder, order in (("forwards", [*first, *with_card]), ("backwards", [*with_card, *first])):
        ledger, workers = workers_of(order, tmp_path / folder)
        workers.finish()
        assert persons(ledger) == {f"e{number}": number for number in range(CARDS)}
        assert sum(row["amount_minor"] for row in ledger.standing("attached")) == CARDS * 1_999
        assert fates(ledger) == {"received": 2 * CARDS, "stored": CARDS, "superseded": CARDS}
        assert not ledger.standing("claim")


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_of_versions_under_several_people_the_highest_revision_counts_in_any_order_and_never_two(
    order: tuple[int, ...],
) -> None:
    versions = [
        event(1, person, minute, revision=revision, place=f"{revision}")
        for revision, person, minute in ((0, 1, 10), (1, 2, 10), (2, 3, 10), (3, None, 10))
    ]

    def look(ledger: MemoryLedger) -> None:
        assert len(places(ledger)) <= 1
        assert len(ledger.standing("received", lambda row: row["fate"] == "stored")) <= 1

    with quick_folder() as folder:
        ledger = settled([versions[place] for place in order], folder, look)
    assert places(ledger) == ["3"]
    assert fates(ledger) == {"received": 4, "stored": 1, "superseded": 3}


def test_the_older_version_counts_until_every_partition_knows_of_the_newer_one(tmp_path: Path) -> None:
    ledger, workers = workers_of([event(1, 2, 5, place="old"), event(1, 3, 5, place="new", revision=1)], tmp_path)
    workers.deliver(0, 1)
    workers.tick(0)
    workers.deliver(1, 1)
    for _ in range(5):
        workers.tick(1)  # the other partition is without a worker
        assert places(ledger) == ["old"]
        assert [value_of(row, "reason") for row in ledger.standing("received") if row["fate"] == "superseded"] == [
            "claim"
        ]
    workers.finish()
    assert places(ledger) == ["new"]


def test_the_first_version_that_is_known_may_be_a_later_one(tmp_path: Path) -> None:
    ledger, workers = workers_of([event(1, 3, 5, revision=4)], tmp_path)
    workers.deliver(1, 1)
    assert rows(ledger) == []
    workers.finish()
    assert persons(ledger) == {"e1": 3}
    assert fates(ledger) == {"received": 1, "stored": 1}


def test_a_first_version_that_comes_after_a_claim_of_another_partition_does_not_count(tmp_path: Path) -> None:
    for ticks in range(4):
        ledger, workers = workers_of(
            [event(1, 3, 5, place="new", revision=1), event(1, 2, 5, place="old")], tmp_path / str(ticks)
        )
        workers.deliver(1, 1)
        for step in range(ticks):
            workers.tick(step % 2)
        workers.deliver(0, 1)
        workers.finish()
        assert places(ledger) == ["new"]
        assert fates(ledger) == {"received": 2, "stored": 1, "superseded": 1}


@pytest.mark.parametrize("other", [1, 2, 3])
def test_two_contents_of_one_revision_in_two_partitions_are_a_conflict_and_one_counts(
    other: int, tmp_path: Path
) -> None:
    told = [event(1, 2, 5, place="a", revision=1), event(1, 3, 5, place="b", revision=1)]
    ends = []
    for folder, order in (("one", told), ("other", told[::-1])):
        ledger = settled([*order, event(other + 1, other, 9)], tmp_path / folder)
        assert fates(ledger) == {"received": 3, "stored": 2, "quarantined": 1}
        ends.append([row[:3] for row in rows(ledger)])
    assert ends[0] == ends[1]


def test_the_same_version_in_two_partitions_counts_once(tmp_path: Path) -> None:
    log = records_of([event(1, 2, 5, revision=1)])
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, [log, log])
    workers.finish()
    assert persons(ledger) == {"e1": 2}
    assert fates(ledger) == {"received": 2, "stored": 1, "duplicate": 1}


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_claim_is_settled_although_workers_end_at_any_step(number: int, how: str, tmp_path: Path) -> None:
    told = [event(1, 2, 5, place="old"), event(1, 3, 5, place="new", revision=1), event(2, 3, 9)]
    for steps in range(7):
        ledger, workers = workers_of(told, tmp_path / str(steps))
        workers.deliver(0, 1)
        workers.deliver(1, 9)
        for step in range(steps):
            workers.tick(step % 2)
        workers.restart(number, how)
        workers.finish()
        assert sorted(places(ledger)) == ["", "new"]
        assert fates(ledger) == {"received": 3, "stored": 2, "superseded": 1}
        assert [row.touchpoint_number for row in rows(ledger)] == [1, 2]


def test_what_a_version_said_of_who_belongs_together_ends_and_begins_with_it(tmp_path: Path) -> None:
    def linked(first: int, other: int, **fields: Any) -> dict[str, Any]:
        refs = [{"type": "login", "key": person_key(of)} for of in (first, other)]
        return event(1, None, 5, **fields) | {"persons": refs}

    others = [event(number, number, number) for number in (2, 4, 5, 7)]
    ledger = settled([*others, linked(2, 4), linked(5, 7, revision=1)], tmp_path)
    assert persons(ledger) == {"e1": 5, "e2": 2, "e4": 4, "e5": 5, "e7": 5}
