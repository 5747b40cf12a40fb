"""Events that a sender gave two keys, each time as a first version."""

from __future__ import annotations

from pathlib import Path

from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, records_by_partition
from tests.unit.processors.loop.world import event, fates
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop import ticking


def stored(ledger: MemoryLedger) -> list[tuple[str, str]]:
    """Event and person of each attached row."""
    return sorted((row["event_id"], row["person"][-1]) for row in ledger.standing("attached"))


def swept(tmp_path: Path, events: list[dict[str, object]]) -> MemoryLedger:
    """A ledger of these events, after enough ticks for a sweep and what follows from it."""
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(events))
    for number in range(PARTITIONS):
        workers.deliver(number, 9)
    for number in [*range(PARTITIONS)] * (ticking.SWEEP_EVERY_TICKS + 8):
        workers.tick(number)
    workers.close()
    return ledger


def test_of_two_first_versions_under_two_keys_one_counts(tmp_path: Path) -> None:
    ledger = swept(tmp_path, [event(1, 1, 5, place="a"), event(1, 2, 5, place="b"), event(2, 2, 6)])
    assert [one for one, _ in stored(ledger)] == ["e1", "e2"]
    assert fates(ledger) == {"received": 3, "stored": 2, "quarantined": 1}


def test_the_same_version_under_two_keys_of_kafka_counts_once(tmp_path: Path) -> None:
    same = event(1, 1, 5)
    log = records_by_partition([same, event(3, 2, 7)])
    log[0].append(log[1][0]._replace(offset=1))  # a sender that hashes keys in another way sent it, too
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, log)
    for number in range(PARTITIONS):
        workers.deliver(number, 9)
    for number in [*range(PARTITIONS)] * (ticking.SWEEP_EVERY_TICKS + 8):
        workers.tick(number)
    workers.close()
    assert stored(ledger) == [("e1", "1"), ("e3", "2")]
    assert fates(ledger) == {"received": 3, "stored": 2, "duplicate": 1}
