"""Late events at any lag are cheap: what is read and followed again grows with the lag, not with the length of the journey."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from tests.unit.processors.across import known_as, rows
from tests.unit.processors.loop.two_partitions import TICKS_TO_REST, Workers, records_by_partition
from tests.unit.processors.loop.world import MAP, event, journey_rows, make_loop, make_pipeline, records_of, store_all
from touchline.processors.ledger.ledger import ALL, Later, PublishedRow
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.steps.kept import EVERY
from touchline.processors.values.records import Fact

EVENTS = 20 * EVERY
LAG = EVERY // 2
FEW = 2 * LAG + 3 * EVERY


class ReadLedger(MemoryLedger):
    """Counts the facts and the published rows that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.facts_read = self.rows_read = 0

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[tuple[int, Fact]]:
        found = super().facts_of(identifiers, later_than_us)
        self.facts_read += len(found)
        return found

    def published_of(
        self,
        partition: int,
        identifiers: Collection[str],
        events: Sequence[tuple[str, str]],
        later_than_us: Later = ALL,
    ) -> list[PublishedRow]:
        found = super().published_of(partition, identifiers, events, later_than_us)
        self.rows_read += len(found)
        return found


JOURNEY = [event(number, 1, 2 * number, "till" if number % 9 == 8 else "site") for number in range(EVENTS)]
LATE = event(EVENTS, 1, 2 * (EVENTS - LAG) - 1, "till")


@pytest.mark.parametrize("sizes", [(EVENTS, 1), (50,)], ids=["at once", "in batches"])
def test_a_late_event_of_a_long_journey_reads_what_came_after_it_and_little_more(
    sizes: tuple[int, ...], tmp_path: Path
) -> None:
    ledger, records = ReadLedger(), records_of([*JOURNEY, LATE])
    loop = make_loop(ledger, tmp_path / "a")
    store_all(loop, records[:-1], sizes)
    before = ledger.facts_read
    store_all(loop, records)
    assert LAG <= ledger.facts_read - before <= FEW
    assert LAG <= ledger.rows_read <= FEW
    anew = MemoryLedger()
    store_all(make_loop(anew, tmp_path / "b"), records_of([*JOURNEY, LATE]), (EVENTS + 1,))
    assert journey_rows(ledger) == journey_rows(anew)


def test_a_state_is_kept_over_a_restart_and_a_revision_goes_on_from_the_older_of_both_times(tmp_path: Path) -> None:
    ledger, moved = ReadLedger(), {**JOURNEY[EVENTS - LAG], "revision": 1, "time": LATE["time"]}
    records = records_of([*JOURNEY, moved])
    loop = make_loop(ledger, tmp_path / "a")
    store_all(loop, records[:-1])
    loop.close()
    store_all(make_loop(ledger, tmp_path / "a", "w2"), records)
    assert LAG <= ledger.facts_read <= FEW
    anew = MemoryLedger()
    store_all(make_loop(anew, tmp_path / "b"), records_of([*JOURNEY, moved]), (EVENTS + 1,))
    assert journey_rows(ledger) == journey_rows(anew)


def test_states_of_other_maps_are_not_gone_on_from(tmp_path: Path) -> None:
    ledger, records = ReadLedger(), records_of([*JOURNEY, LATE])
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records[:-1])
    loop.close()
    raised = make_pipeline(text=MAP.replace("version: 1", "version: 2"))
    other = make_loop(ledger, tmp_path, "w2", pipeline=raised)
    before = ledger.facts_read
    store_all(other, records)
    assert ledger.facts_read - before >= EVENTS


def test_a_late_event_of_linked_identifiers_is_as_cheap(tmp_path: Path) -> None:
    cookie, login = ("anonymous", 3), ("login", 2)
    told = [known_as(0, [login, cookie], 0)]
    told += [known_as(number, [(cookie, login)[number % 2]], 2 * number) for number in range(1, EVENTS)]
    late = known_as(EVENTS, [cookie], 2 * (EVENTS - LAG) - 1, "till")
    ledger, log = ReadLedger(), records_by_partition([*told, late])
    workers = Workers(ledger, tmp_path / "a", log)
    workers.deliver(0, EVENTS)
    workers.deliver(1, len(log[1]) - 1)
    for number in [0, 1] * TICKS_TO_REST:
        workers.tick(number)
    ledger.facts_read = 0
    workers.finish()
    assert LAG <= ledger.facts_read <= FEW
    anew = MemoryLedger()
    others = Workers(anew, tmp_path / "b", records_by_partition([*told, late]))
    others.finish()
    assert rows(ledger) == rows(anew)
