"""Work without any record: fenced like a batch, it moves no offset, and state and batches go on right after it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.partition import expected_fates, expected_tables, tables_of
from tests.unit.processors.loop.world import TOPIC, FaultyLedger, batch, event, fates, kill, make_loop, records_of
from touchline.processors.ledger.ledger import Stream
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Acknowledge, Assigned, ReadAgain

STREAM = Stream(TOPIC, "T1", 0)
ASSIGNED = Assigned(TOPIC, 0, 1)
EVENTS = [event(n, n % 3 or None, n) for n in range(6)]
RECORDS = records_of(EVENTS)


def marks(ledger: MemoryLedger) -> list[tuple[int, int, int]]:
    """(insert number, first offset, last offset) of each mark."""
    rows = ledger.standing("mark")
    return [(row["insert_number"], row.get("first_offset", 0), row["offset"]) for row in rows]


def test_a_tick_with_nothing_to_say_acquires_the_partition_and_stores_nothing(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    assert make_loop(ledger, tmp_path).tick(ASSIGNED) == Acknowledge(0)
    assert ledger.fences[STREAM.name] == (1, "w1#1")
    assert not ledger.rows


def test_a_mark_alone_accounts_for_no_offset(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = make_loop(ledger, tmp_path)
    assert loop.tick(ASSIGNED, must_mark=True) == Acknowledge(0)
    loop.store(batch(RECORDS[:2]))
    assert loop.tick(ASSIGNED, must_mark=True) == Acknowledge(2)
    loop.store(batch(RECORDS[2:]))
    assert marks(ledger) == [(1, 0, -1), (2, 0, 1), (3, 2, 1), (4, 2, 5)]
    assert {row["insert_number"] for row in ledger.rows if "fate_counts" not in row and row["kind"] == "mark"} == {1, 3}
    assert fates(ledger) == expected_fates(EVENTS)


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("state", ["kept", "saved before", "lost"])
def test_all_goes_on_right_after_a_mark_alone(before: int, state: str, tmp_path: Path) -> None:
    ledger, folder, old = MemoryLedger(), tmp_path / "state", tmp_path / "old"
    loop = make_loop(ledger, folder)
    loop.tick(ASSIGNED, must_mark=True)
    if before:
        loop.store(batch(RECORDS[:before]))
    loop.close()
    shutil.copytree(folder, old)
    loop = make_loop(ledger, folder, "w2")
    loop.tick(ASSIGNED, must_mark=True)
    kill(loop)
    if state != "kept":
        shutil.rmtree(folder)
    if state == "saved before":
        shutil.copytree(old, folder)
    loop = make_loop(ledger, folder, "w3")
    # An earlier event comes late, so that nobody's tail may be forgotten.
    late: dict[str, Any] = event(9, 1, 0, "poster")
    records = records_of([*EVENTS, late])
    assert loop.store(batch(records[before:])) == Acknowledge(7)
    assert tables_of(ledger) == expected_tables([*EVENTS, late])
    assert fates(ledger) == expected_fates([*EVENTS, late])


def test_a_state_stamped_with_a_mark_alone_is_not_read_again(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    first = make_loop(ledger, tmp_path)
    first.store(batch(RECORDS[:3]))
    first.tick(ASSIGNED, must_mark=True)
    first.close()

    def refuse(*_: object) -> Any:
        raise AssertionError("the state stands at the mark: nothing is to be read")

    for name in ("identifiers_since", "last_unidentified_since", "id_hashes_since", "count_ids", "facts_of"):
        setattr(ledger, name, refuse)
    assert make_loop(ledger, tmp_path, "w2").store(batch(RECORDS[3:])) == Acknowledge(6)


@pytest.mark.parametrize("fault", ["lost", "unheard"])
def test_a_tick_of_which_nothing_was_heard_ends_with_a_mark_and_no_offset(fault: str, tmp_path: Path) -> None:
    ledger = FaultyLedger(["", fault])
    loop = make_loop(ledger, tmp_path)
    loop.store(batch(RECORDS[:3]))
    assert loop.tick(ASSIGNED, must_mark=True) == Acknowledge(3)
    assert {last for _, _, last in marks(ledger)} == {2}
    assert loop.store(batch(RECORDS[3:])) == Acknowledge(6)
    assert fates(ledger) == expected_fates(EVENTS)


def test_a_tick_of_a_stale_generation_or_of_a_revoked_partition_stores_nothing(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = make_loop(ledger, tmp_path)
    loop.on_assigned([0], 2)
    assert loop.tick(ASSIGNED, must_mark=True) == ReadAgain("stale generation")
    loop.on_revoked([0])
    assert loop.tick(ASSIGNED._replace(generation=2), must_mark=True) == ReadAgain("partition revoked")
    assert not ledger.rows


def test_a_tick_of_a_writer_that_lost_its_fence_stores_nothing(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    sleeper: StoreLoop

    def heartbeat(seconds: float) -> None:
        sleeper.on_revoked([0])

    sleeper = make_loop(ledger, tmp_path / "a", sleep=heartbeat)
    sleeper.tick(ASSIGNED)
    make_loop(ledger, tmp_path / "b", "w2").store(batch(RECORDS, generation=2))
    assert isinstance(sleeper.tick(ASSIGNED, must_mark=True), ReadAgain)
    assert marks(ledger) == [(1, 0, 5)]
