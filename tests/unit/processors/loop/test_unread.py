"""After the loss of the state a partition begins at once: persons are read when a batch names them, and no number changes."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.unit.processors.loop.partition import expected_fates, expected_tables, tables_of
from tests.unit.processors.loop.two_partitions import Workers
from tests.unit.processors.loop.world import batch, event, fates, kill, make_loop, person_key, records_of
from touchline.processors import unread
from touchline.processors.ledger.ledger import ALL, Later
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.protocol import Acknowledge

PERSONS = 6
EVENTS = [event(n, n % PERSONS, n) for n in range(5 * PERSONS)]


class NotedLedger(MemoryLedger):
    """Notes of whom events are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[set[str]] = []

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[Placed]:
        self.read.append(set(identifiers))
        return super().facts_of(identifiers, later_than_us)


def after_the_loss(ledger: NotedLedger, folder: Path) -> None:
    """All events are stored, and the worker's state is gone."""
    loop = make_loop(ledger, folder)
    loop.store(batch(records_of(EVENTS)))
    kill(loop)
    shutil.rmtree(folder)
    ledger.read.clear()


def test_only_who_is_named_is_read_and_only_once(tmp_path: Path) -> None:
    ledger = NotedLedger()
    after_the_loss(ledger, tmp_path / "state")
    more = [event(100 + n, person, 60 + n) for n, person in enumerate((1, 3, 1, 3))]
    records = records_of([*EVENTS, *more])
    loop = make_loop(ledger, tmp_path / "state", "w2")
    assert loop.store(batch(records[len(EVENTS) : len(EVENTS) + 2])) == Acknowledge(len(EVENTS) + 2)
    assert loop.store(batch(records[len(EVENTS) + 2 :])) == Acknowledge(len(records))
    assert ledger.read == [{person_key(1), person_key(3)}]
    assert tables_of(ledger) == expected_tables([*EVENTS, *more])


@pytest.mark.parametrize("at_once", [1, 2, 1_000])
def test_persons_are_read_some_at_a_time(at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "PERSONS_AT_ONCE", at_once)
    ledger = NotedLedger()
    after_the_loss(ledger, tmp_path / "state")
    more = [event(100 + n, n, 60 + n) for n in range(PERSONS)]
    make_loop(ledger, tmp_path / "state", "w2").store(batch(records_of([*EVENTS, *more])))
    assert max(map(len, ledger.read)) == min(at_once, PERSONS)
    assert tables_of(ledger) == expected_tables([*EVENTS, *more])


def test_who_is_read_late_and_comes_late_is_followed_from_the_beginning(tmp_path: Path) -> None:
    ledger = NotedLedger()
    after_the_loss(ledger, tmp_path / "state")
    late = [event(100, 2, 0, "poster"), event(101, 2, 90)]
    make_loop(ledger, tmp_path / "state", "w2").store(batch(records_of([*EVENTS, *late])))
    assert tables_of(ledger) == expected_tables([*EVENTS, *late])
    assert fates(ledger) == expected_fates([*EVENTS, *late])


def test_an_event_that_is_corrected_to_another_person_moves_whoever_of_both_is_unread(tmp_path: Path) -> None:
    ledger = NotedLedger()
    after_the_loss(ledger, tmp_path / "state")
    corrected = [event(7, 4, 7, revision=1)]
    make_loop(ledger, tmp_path / "state", "w2").store(batch(records_of([*EVENTS, *corrected])))
    assert tables_of(ledger) == expected_tables([*EVENTS, *corrected])


def test_who_has_an_event_in_another_partition_that_no_tick_has_read_is_left_to_the_ticks(tmp_path: Path) -> None:
    first, elsewhere, later, of_another = event(2, 2, 0), event(4, 2, 10, "poster"), event(6, 2, 20), event(8, 4, 5)
    at_home, foreign = records_of([first, of_another, later]), records_of([elsewhere])
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, [at_home, foreign])
    workers.deliver(0, 1)
    workers.restart(0, "lose state")
    workers.deliver(0, 1)
    workers.deliver(1, 1)
    workers.deliver(0, 1)
    assert attached_numbers(ledger) == {"e2": 1, "e8": 1}
    workers.finish()
    assert attached_numbers(ledger) == {"e2": 1, "e4": 2, "e6": 3, "e8": 1}


def attached_numbers(ledger: MemoryLedger) -> dict[str, int]:
    """Of each event that stands on a journey its touchpoint number there."""
    return {row["event_id"]: row["touchpoint_number"] for row in ledger.standing("attached")}
