"""A worker that takes a partition over goes on only with persons of whom all that is stored is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.across import known_as, rows
from tests.unit.processors.loop.partition import Event
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers
from tests.unit.processors.loop.world import quick_folder, records_of
from touchline.processors.ledger.memory import MemoryLedger

HERE, ELSEWHERE = [("login", 2)], [("login", 3)]
RESTARTS = ("kill", "lose state", "kept state")


def assert_no_half_persons(ledger: MemoryLedger) -> None:
    """The events of each person that a reader sees are numbered from 1 on."""
    seen = rows(ledger)
    for person in {row.person for row in seen}:
        numbers = sorted(row.touchpoint_number for row in seen if row.person == person)
        assert numbers == [*range(1, len(numbers) + 1)], seen


@pytest.mark.parametrize("how", RESTARTS)
def test_events_that_another_partition_received_and_nobody_followed_are_not_gone_on_from(
    how: str, tmp_path: Path
) -> None:
    here = records_of([known_as(1, HERE, 1), known_as(3, HERE, 5)])
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, [here, records_of([known_as(2, HERE, 3)])])
    workers.deliver(0, 1)
    workers.deliver(1, 1)
    workers.restart(0, how)
    workers.deliver(0, 1)
    assert_no_half_persons(ledger)
    workers.finish()
    assert [(row.event_id, row.touchpoint_number) for row in rows(ledger)] == [("e1", 1), ("e2", 2), ("e3", 3)]


@pytest.mark.parametrize("how", RESTARTS)
def test_events_that_count_to_somebody_else_by_now_and_are_published_still_are_gone_on_from(
    how: str, tmp_path: Path
) -> None:
    here = records_of([known_as(1, HERE, 1), known_as(3, HERE, 5), known_as(4, HERE, 6)])
    moves_on = records_of([known_as(2, HERE, 3), known_as(2, ELSEWHERE, 3, revision=1)])
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, [here, moves_on])
    workers.deliver(0, 1)
    workers.deliver(1, 1)
    workers.tick(0)
    workers.keep_state(0)
    workers.deliver(0, 1)
    workers.deliver(1, 1)
    workers.tick(0)
    workers.tick(1)
    workers.restart(0, how)
    workers.deliver(0, 1)
    assert_no_half_persons(ledger)
    workers.finish()
    assert [(row.event_id, row.person, row.touchpoint_number) for row in rows(ledger)] == [
        ("e1", 2, 1),
        ("e2", 3, 1),
        ("e3", 2, 2),
        ("e4", 2, 3),
    ]


def _astray(number: int, versions: list[tuple[int, bool, int]]) -> list[tuple[int, Event]]:
    """Versions of one event, each with the partition that receives it."""
    return [
        (partition, known_as(number, HERE if is_here else ELSEWHERE, minute, revision=revision))
        for revision, (partition, is_here, minute) in enumerate(versions)
    ]


_VERSIONS = st.lists(
    st.tuples(st.integers(0, PARTITIONS - 1), st.booleans(), st.integers(0, 9)), min_size=1, max_size=3
)
_DO = st.sampled_from(("deliver", "deliver", "tick", "keep", *RESTARTS))


@given(
    events=st.lists(_VERSIONS, min_size=1, max_size=5),
    steps=st.lists(st.tuples(_DO, st.integers(0, PARTITIONS - 1)), max_size=30),
)
def test_no_reader_sees_half_a_person_whoever_receives_what_and_takes_over_when(
    events: list[list[tuple[int, bool, int]]], steps: list[tuple[str, int]]
) -> None:
    sent = [one for number, versions in enumerate(events) for one in _astray(number, versions)]
    log = [records_of([event for to, event in sent if to == partition]) for partition in range(PARTITIONS)]
    with quick_folder() as folder:
        ledger = MemoryLedger()
        workers = Workers(ledger, folder, log)
        for do, partition in steps:
            if do == "deliver":
                workers.deliver(partition, 1)
            elif do == "tick":
                workers.tick(partition)
            elif do == "keep":
                workers.keep_state(partition)
            else:
                workers.restart(partition, do)
            assert_no_half_persons(ledger)
        workers.finish()
        assert_no_half_persons(ledger)
        counting = {row.event_id for row in rows(ledger)}
        assert counting == {f"e{number}" for number in range(len(events))}
