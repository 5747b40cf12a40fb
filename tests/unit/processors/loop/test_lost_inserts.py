"""A ClickHouse that comes back with less than it had acknowledged (power loss, restored backup): Kafka fills the rest."""

from __future__ import annotations

from pathlib import Path

from tests.unit.processors.loop.two_partitions import Workers, records_by_partition
from tests.unit.processors.loop.world import TOPIC, FaultyLedger, batch, event, fates, make_loop, person_key, records_of
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.values.protocol import Acknowledge, Assigned


def lose_all_but(ledger: MemoryLedger, insert_number: int) -> None:
    """What stands is as if the inserts after this one had never been."""
    ledger.rows = [row for row in ledger.rows if row["insert_number"] <= insert_number]


def test_after_a_lost_answer_the_marks_of_all_partitions_are_read_again(tmp_path: Path) -> None:
    ledger = FaultyLedger([])
    first, second = (
        records_of([event(n, None, n) for n in range(6)]),
        records_of([event(n, None, n) for n in range(6, 9)]),
    )
    loop = make_loop(ledger, tmp_path)
    for start in (0, 2):
        assert loop.store(batch(first[start : start + 2])) == Acknowledge(start + 2)
    assert loop.store(batch(second[:1])._replace(partition=1)) == Acknowledge(1)
    lose_all_but(ledger, 1)
    ledger.faults = iter(["lost"])
    assert loop.store(batch(second[1:])._replace(partition=1)) == Acknowledge(3)
    assert loop.store(batch(first[4:])) == Acknowledge(2)
    assert loop.store(batch(first[2:])) == Acknowledge(6)
    assert fates(ledger)["received"] == 9


def test_a_partition_whose_mark_fell_back_is_given_up_and_acquired_again(tmp_path: Path) -> None:
    ledger = FaultyLedger()
    records = records_of([event(n, None, n) for n in range(6)])
    loop = make_loop(ledger, tmp_path)
    loop.store(batch(records[:2]))
    loop.store(batch(records[2:4]))
    assert loop.read_marks(TOPIC, "T1", [0, 1]) == {0: 4, 1: 0}
    lose_all_but(ledger, 1)
    assert loop.read_marks(TOPIC, "T1", [0]) == {0: 2}
    assert loop.store(batch(records[2:])) == Acknowledge(6)
    assert fates(ledger)["received"] == 6


def test_a_tick_leaves_no_mark_over_inserts_that_were_lost(tmp_path: Path) -> None:
    ledger = FaultyLedger()
    records = records_of([event(n, None, n) for n in range(6)])
    loop = make_loop(ledger, tmp_path)
    loop.store(batch(records[:2]))
    loop.store(batch(records[2:4]))
    lose_all_but(ledger, 1)
    assert loop.tick(Assigned(TOPIC, 0, 1), must_mark=True) == Acknowledge(2)
    assert loop.store(batch(records[4:])) == Acknowledge(2), "the hole must be read first"
    assert loop.store(batch(records[2:])) == Acknowledge(6)
    assert fates(ledger)["received"] == 6


def test_what_other_partitions_insert_in_place_of_lost_rows_is_read(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    two = [{"type": "login", "key": person_key(one)} for one in (2, 3)]
    log = records_by_partition([event(1, 3, 1), event(2, 2, 2), event(3, 2, 3, persons=two)])
    workers = Workers(ledger, tmp_path, log)
    workers.deliver(1, 9)
    workers.deliver(0, 1)
    workers.tick(1)
    # Of partition 0 the insert that was read is lost, partition 1 looks meanwhile, and the insert that takes its number says more.
    ledger.rows = [row for row in ledger.rows if not row["stream"].endswith("/0")]
    workers.tick(1)
    workers.restart(0, "lose state")
    workers._offsets[0] = 0
    workers.finish()
    assert {row["person"] for row in ledger.standing("attached")} == {person_key(2)}
    assert fates(ledger)["stored"] == 3
