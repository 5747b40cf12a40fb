"""Versions of one event: what was refused is none, what was superseded is found again, and who loses an event is followed again."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.partition import version
from tests.unit.processors.loop.world import (
    FaultyLedger,
    batch,
    event,
    fates,
    journey_rows,
    make_loop,
    person_key,
    records_of,
    store_all,
)
from touchline.processors.ledger.memory import MemoryLedger


def stored(events: list[dict[str, Any]], state: Path, sizes: tuple[int, ...] = (1,)) -> MemoryLedger:
    ledger = MemoryLedger()
    store_all(make_loop(ledger, state), records_of(events), sizes)
    return ledger


def test_a_refused_record_is_no_version_of_its_event(tmp_path: Path) -> None:
    refused = {**event(1, 1, 5), "provenance": "hearsay"}
    ledger = stored([refused, event(2, 1, 50), event(1, 1, 5)], tmp_path)
    assert fates(ledger) == {"received": 3, "stored": 2, "quarantined": 1}
    assert [row["reason"] for row in ledger.standing("received") if row["fate"] == "quarantined"] == ["wrong_type"]
    assert len(ledger.standing("attached")) == 2


@pytest.mark.parametrize("person", [1, None])
@pytest.mark.parametrize("sizes", [(1,), (2, 1)])
@pytest.mark.parametrize("restart", ["no", "yes", "without state"])
def test_a_superseded_version_that_comes_again_is_a_duplicate(
    person: int | None, sizes: tuple[int, ...], restart: str, tmp_path: Path
) -> None:
    later, corrected = event(1, person, 100), event(1, person, 50, revision=1)
    ledger = MemoryLedger()
    records = records_of([later, corrected, later])
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records[:2], sizes)
    if restart != "no":
        loop.close()
        if restart == "without state":
            shutil.rmtree(tmp_path)
        loop = make_loop(ledger, tmp_path, "w2")
    loop.store(batch(records[2:]))
    assert fates(ledger) == {"received": 3, "stored": 1, "superseded": 1, "duplicate": 1}
    assert len(ledger.standing("attached")) == 1


@pytest.mark.parametrize("others", [[], [event(7, 1, 3, "poster")]])
def test_a_person_who_lost_an_event_is_followed_again_after_a_crash(
    others: list[dict[str, Any]], tmp_path: Path
) -> None:
    moved = event(1, 2, 10, revision=1)
    records = records_of([*others, event(1, 1, 10), moved, event(3, 1, 20)])
    quiet = MemoryLedger()
    store_all(make_loop(quiet, tmp_path / "quiet"), records)
    # The insert that takes the event away lands, but its answer and so the state are lost.
    ledger = FaultyLedger(["", "unheard"])
    cut = len(others) + 1
    store_all(make_loop(ledger, tmp_path / "crash"), records, (cut, 1))
    assert journey_rows(ledger) == journey_rows(quiet)
    (row,) = (one for one in ledger.standing("attached") if one["event_id"] == "e3")
    assert row["touchpoint_number"] == len(others) + 1


def test_a_refused_record_says_no_link(tmp_path: Path) -> None:
    two = [{"type": "login", "key": person_key(1)}, {"type": "mail", "key": person_key(2)}]
    good, bad = ({**event(number, 1, 5), "persons": two} for number in (1, 2))
    ledger = MemoryLedger()
    make_loop(ledger, tmp_path).store(batch(records_of([{**bad, "source": "nobody-knows"}, good])))
    assert [row["event_id"] for row in ledger.standing("link")] == ["e1"]


@pytest.mark.parametrize("person", [1, None])
@pytest.mark.parametrize("repeated", [0, 1])
def test_of_two_versions_that_both_counted_the_winner_stays_attached_once_they_are_compared(
    person: int | None, repeated: int, tmp_path: Path
) -> None:
    versions = [event(1, person, 5, place="a"), event(1, person, 9, place="b")]
    ledger = stored([*versions, versions[repeated]], tmp_path)
    assert fates(ledger) == {"received": 3, "stored": 1, "quarantined": 1, "duplicate": 1}
    (winner,) = (row for row in ledger.standing("received") if row["fate"] == "stored")
    (attached,) = ledger.standing("attached")
    assert (attached["offset"], attached["place"]) == (winner["offset"], winner["place"])


@pytest.mark.parametrize("person", [1, None])
@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
def test_of_versions_that_are_attached_alike_one_stays_attached(
    person: int | None, order: tuple[str, ...], tmp_path: Path
) -> None:
    ledger = stored([event(1, person, 5, properties={"size": size}) for size in order], tmp_path)
    assert fates(ledger) == {"received": 3, "stored": 1, "quarantined": 2}
    (winner,) = (row for row in ledger.standing("received") if row["fate"] == "stored")
    assert [row["offset"] for row in ledger.standing("attached")] == [winner["offset"]]


@pytest.mark.parametrize("person", [1, None])
@pytest.mark.parametrize("order", list(permutations(["shown", "partial", "complete"])), ids="-".join)
def test_of_the_states_of_an_answer_the_most_complete_one_counts_and_none_is_a_conflict(
    person: int | None, order: tuple[str, ...], tmp_path: Path
) -> None:
    states = {name: version(1, person, number, "answer", 0, "a", name) for number, name in enumerate(order)}
    ledger = stored([*(states[name] for name in order), states["partial"]], tmp_path)
    assert fates(ledger) == {"received": 4, "stored": 1, "superseded": 2, "duplicate": 1}
    (attached,) = ledger.standing("attached")
    assert (attached["disposition"], attached["has_score"]) == ("complete", 1)


def test_answers_that_are_completed_later_all_count_as_completed(tmp_path: Path) -> None:
    partial = [{**version(number, number, 0, "answer", 0, "a", "partial"), "score": 3} for number in range(40)]
    complete = [{**version(number, number, 2, "answer", 0, "a"), "score": 9} for number in range(40)]
    for folder, order in (("forwards", [*partial, *complete]), ("backwards", [*complete, *partial])):
        ledger = stored(order, tmp_path / folder, (7, 1, 30))
        assert [row["score"] for row in ledger.standing("attached")] == [9] * 40
        assert fates(ledger) == {"received": 80, "stored": 40, "superseded": 40}


def test_of_two_answers_alike_in_completeness_a_more_complete_one_takes_the_conflict_away(tmp_path: Path) -> None:
    two = [version(1, 1, 5, "answer", 0, place, "partial") for place in "ab"]
    assert fates(stored(two, tmp_path / "two")) == {"received": 2, "stored": 1, "quarantined": 1}
    complete = version(1, 1, 3, "answer", 0, "a")
    assert fates(stored([*two, complete], tmp_path / "three")) == {"received": 3, "stored": 1, "superseded": 2}
