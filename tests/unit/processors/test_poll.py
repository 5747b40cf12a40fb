"""One poll serves all partitions of a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.processors.loop.two_partitions import home, records_by_partition
from tests.unit.processors.loop.world import TOPIC, event, make_loop, make_pipeline
from touchline.processors.homes import Homes
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.values.protocol import Assigned
from touchline.processors.values.records import ReceivedBatch


class Counting(MemoryLedger):
    """Counts what ticks ask of all streams."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def positions(self) -> Any:
        self.asked.append("positions")
        return super().positions()

    def feed(self, *span: Any) -> Any:
        self.asked.append("feed")
        return super().feed(*span)


def test_the_partitions_of_a_worker_ask_once_in_a_round_of_ticks(tmp_path: Path) -> None:
    ledger = Counting()
    loop = make_loop(ledger, tmp_path, pipeline=make_pipeline(Homes(home, 2)))
    for number, records in enumerate(records_by_partition([event(1, 1, 5), event(2, 2, 6)])):
        loop.store(ReceivedBatch(TOPIC, number, 1, records, 0))
    ledger.asked.clear()
    for number in (0, 1):
        loop.tick(Assigned(TOPIC, number, 1))
    assert ledger.asked.count("positions") == 1
    assert ledger.asked.count("feed") == 1
    for number in (0, 1):
        loop.tick(Assigned(TOPIC, number, 1))
    assert ledger.asked.count("positions") == 2
    loop.close()
