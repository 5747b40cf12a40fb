"""Batches of several partitions share an insert; what stands against that changes neither tables nor answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.two_partitions import PARTITIONS, home, records_by_partition
from tests.unit.processors.loop.world import (
    TOPIC,
    FaultyLedger,
    Record,
    event,
    fates,
    journey_rows,
    make_loop,
    make_pipeline,
    quick_folder,
)
from touchline.processors.homes import Homes
from touchline.processors.ledger import rows as rows_module
from touchline.processors.ledger.ledger import RecordsRefused
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.rows import Insert
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Acknowledge, ReadAgain, StoreResult
from touchline.processors.values.records import ReceivedBatch

EVENTS = [event(number, number % 4, number) for number in range(16)]
LOG = records_by_partition(EVENTS)


class NotedLedger(FaultyLedger):
    """Notes of each insert which streams it is of; refuses events of these ids in full."""

    def __init__(self, faults: Iterable[str] = (), poison: Iterable[str] = ()) -> None:
        super().__init__(faults)
        self.poison = {*poison}
        self.inserts: list[int] = []

    def insert(self, insert: Insert) -> None:
        self.inserts.append(len(insert.numbers))
        ids = {value for column in insert.columns if column.name == "event_id" for value in column.values()}
        if ids & self.poison:
            raise RecordsRefused("code 69")
        super().insert(insert)


def loop_of(ledger: MemoryLedger, folder: Path, writer: str = "w1") -> StoreLoop:
    return make_loop(ledger, folder, writer, pipeline=make_pipeline(Homes(home, PARTITIONS)))


def batches(log: Sequence[Sequence[Record]], first: int, end: int, generation: int = 1) -> list[ReceivedBatch]:
    return [ReceivedBatch(TOPIC, number, generation, log[number][first:end], first) for number in range(PARTITIONS)]


def stored(loop: StoreLoop, given: Sequence[ReceivedBatch]) -> list[StoreResult]:
    """As the handover does: together what can be, all else one by one."""
    together = loop.store_together(given)
    return [together.get(one.partition) or loop.store(one) for one in given]


def begun(ledger: MemoryLedger, folder: Path) -> StoreLoop:
    """A worker that has stored the first two records of each partition: both are its own from then on."""
    loop = loop_of(ledger, folder)
    loop.on_assigned([0, 1], 1)
    assert stored(loop, batches(LOG, 0, 2)) == [Acknowledge(2), Acknowledge(2)]
    return loop


def test_what_came_together_is_one_insert_once_the_partitions_are_the_workers(tmp_path: Path) -> None:
    ledger = NotedLedger()
    loop = begun(ledger, tmp_path)
    assert ledger.inserts == [1, 1]
    assert stored(loop, batches(LOG, 2, 5)) == [Acknowledge(5), Acknowledge(5)]
    assert ledger.inserts == [1, 1, 2]
    assert fates(ledger) == {"received": 10, "stored": 10}


def test_what_was_stored_together_is_answered_also_by_a_worker_that_is_to_stop(tmp_path: Path) -> None:
    is_told = False

    class Ledger(NotedLedger):
        def insert(self, insert: Insert) -> None:
            nonlocal is_told
            super().insert(insert)
            is_told = len(self.inserts) == 3

    ledger = Ledger()
    loop = make_loop(ledger, tmp_path, pipeline=make_pipeline(Homes(home, PARTITIONS)), should_stop=lambda: is_told)
    loop.on_assigned([0, 1], 1)
    stored(loop, batches(LOG, 0, 2))
    assert stored(loop, batches(LOG, 2, 5)) == [Acknowledge(5), Acknowledge(5)]
    assert loop.store_together(batches(LOG, 5, 8)) == {}
    assert ledger.inserts == [1, 1, 2]


def test_one_of_which_all_is_stored_already_leaves_the_other_alone(tmp_path: Path) -> None:
    ledger = NotedLedger()
    loop = begun(ledger, tmp_path)
    known, new = batches(LOG, 0, 2)[0], batches(LOG, 2, 4)[1]
    assert stored(loop, [known, new]) == [Acknowledge(2), Acknowledge(4)]
    assert ledger.inserts == [1, 1, 1]


def test_a_record_that_cannot_be_stored_keeps_no_other_partition_waiting(tmp_path: Path) -> None:
    ledger = NotedLedger(poison=["e9"])  # the third record of partition 1 is e5, the fifth e9
    loop = begun(ledger, tmp_path)
    assert stored(loop, batches(LOG, 2, 6)) == [Acknowledge(6), Acknowledge(6)]
    assert fates(ledger) == {"received": 12, "stored": 11, "quarantined": 1}
    assert stored(loop, batches(LOG, 6, 8)) == [Acknowledge(8), Acknowledge(8)]
    assert fates(ledger) == {"received": 16, "stored": 15, "quarantined": 1}


def test_a_partition_that_another_worker_took_does_not_keep_the_others_back(tmp_path: Path) -> None:
    ledger = NotedLedger()
    loop = begun(ledger, tmp_path / "1")
    newer = loop_of(ledger, tmp_path / "2", "w2")
    assert newer.store(batches(LOG, 0, 3, generation=2)[1]) == Acknowledge(3)
    answers = stored(loop, batches(LOG, 2, 5))
    assert answers[0] == Acknowledge(5)
    assert isinstance(answers[1], Acknowledge | ReadAgain)
    newer.close()
    loop.close()
    assert fates(ledger)["received"] == fates(ledger)["stored"]
    offsets = [(row["stream"], row["offset"]) for row in ledger.standing("received")]
    assert len(offsets) == len(set(offsets))


@pytest.mark.parametrize("gone", ["revoked", "stale"])
def test_what_is_not_the_workers_any_more_is_refused_and_all_else_stored(tmp_path: Path, gone: str) -> None:
    ledger = NotedLedger()
    loop = begun(ledger, tmp_path)
    both = batches(LOG, 2, 4)
    if gone == "revoked":
        loop.on_revoked([1])
    else:
        loop.on_assigned([0], 2)
        both[0] = both[0]._replace(generation=2)
    answers = stored(loop, both)
    assert answers[0] == Acknowledge(4)
    assert isinstance(answers[1], ReadAgain)
    assert fates(ledger) == {"received": 6, "stored": 6}


def test_more_rows_than_one_insert_may_have_are_two_inserts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = NotedLedger()
    loop = begun(ledger, tmp_path)
    monkeypatch.setattr(rows_module, "INSERT_ROWS_MAX", 10)  # three events are seven rows
    assert stored(loop, batches(LOG, 2, 5)) == [Acknowledge(5), Acknowledge(5)]
    assert ledger.inserts == [1, 1, 1, 1]
    assert fates(ledger) == {"received": 10, "stored": 10}


def test_an_answer_that_was_not_heard_stores_nothing_twice(tmp_path: Path) -> None:
    ledger = NotedLedger(["", "", "unheard"])
    loop = begun(ledger, tmp_path)
    assert stored(loop, batches(LOG, 2, 5)) == [Acknowledge(5), Acknowledge(5)]
    assert ledger.inserts == [1, 1, 2]
    assert fates(ledger) == {"received": 10, "stored": 10}


@given(
    st.lists(
        st.builds(
            event,
            st.integers(0, 12),
            st.sampled_from([None, 1, 2, 3]),
            st.integers(0, 4000),
            st.sampled_from(["poster", "site", "till"]),
        ),
        min_size=1,
        max_size=20,
        unique_by=itemgetter("id"),
    ).flatmap(lambda events: st.permutations(events + events[:3])),
    st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=2), min_size=1, max_size=4),
    st.lists(st.sampled_from(["", "", "lost", "unheard"]), max_size=8),
)
def test_tables_are_those_of_batches_one_by_one(events: list[Event], sizes: list[list[int]], faults: list[str]) -> None:
    log = records_by_partition(events)
    together, alone = NotedLedger(faults), NotedLedger()
    with quick_folder() as state:
        loop = loop_of(together, state)
        at, turn = [0] * PARTITIONS, 0
        while any(at[number] < len(log[number]) for number in range(PARTITIONS)):
            counts, turn = [max(1, one) for one in sizes[turn % len(sizes)]], turn + 1
            given_now = _slices(log, at, counts)
            answers: list[StoreResult] = stored(loop, given_now)
            for one, answer in zip(given_now, answers, strict=True):
                assert answer == Acknowledge(one.start_offset + len(one.records))
                at[one.partition] = answer.next_offset
        loop.close()
    with quick_folder() as state:
        loop = loop_of(alone, state)
        for number in range(PARTITIONS):
            if log[number]:
                loop.store(ReceivedBatch(TOPIC, number, 1, log[number], 0))
        loop.close()
    assert fates(together)["received"] == fates(alone)["received"] == len(events)
    assert journey_rows(together) == journey_rows(alone)


def _slices(log: Sequence[Sequence[Record]], at: Sequence[int], counts: Sequence[int]) -> list[Any]:
    return [
        ReceivedBatch(TOPIC, number, 1, log[number][at[number] : at[number] + counts[number]], at[number])
        for number in range(PARTITIONS)
        if at[number] < len(log[number])
    ]
