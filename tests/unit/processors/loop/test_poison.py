"""One record that cannot be stored never stops a partition; a fault of the worker itself does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.processors.loop.world import batch, event, fates, make_loop, records_of, store_all
from touchline.errors import WrongUsage
from touchline.processors.ledger.ledger import RecordsRefused
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.rows import Insert, TooManyRows, build_insert
from touchline.processors.values.protocol import Acknowledge

RECORDS = records_of([event(n, n % 5, n) for n in range(40)])


class Picky(MemoryLedger):
    """Fails at every insert that holds an event of these ids in full."""

    def __init__(self, poison: set[str], error: Callable[[], Exception]) -> None:
        super().__init__()
        self.poison = poison
        self.error = error
        self.tries = 0

    def insert(self, insert: Insert) -> None:
        self.tries += 1
        ids: set[Any] = set()
        for column in insert.columns:
            if column.name == "event_id":
                ids.update(column.values())
        if ids & self.poison:
            raise self.error()
        super().insert(insert)


@pytest.mark.parametrize("error", [OverflowError, AssertionError, lambda: RecordsRefused("code 69"), TooManyRows])
def test_the_record_that_fails_is_put_aside_and_all_others_are_stored(
    error: Callable[[], Exception], tmp_path: Path
) -> None:
    ledger = Picky({"e7", "e8", "e31"}, error)
    assert make_loop(ledger, tmp_path).store(batch(RECORDS)) == Acknowledge(40)
    assert fates(ledger) == {"received": 40, "stored": 37, "quarantined": 3}
    aside = [row for row in ledger.standing("received") if row["fate"] == "quarantined"]
    assert [(row["offset"], row["reason"]) for row in aside] == [(n, "unstorable") for n in (7, 8, 31)]
    assert all(row["payload"] for row in aside)
    assert ledger.tries < 80


def test_a_fault_that_passes_is_no_records_own(tmp_path: Path) -> None:
    faults = iter([MemoryError, MemoryError])
    ledger = Picky(set(), MemoryError)
    accepted = ledger.insert

    def insert(insert: Insert) -> None:
        fault = next(faults, None)
        if fault is not None:
            raise fault()
        accepted(insert)

    ledger.insert = insert  # type: ignore[method-assign]
    assert make_loop(ledger, tmp_path).store(batch(RECORDS[:1])) == Acknowledge(1)
    assert fates(ledger) == {"received": 1, "stored": 1}


def test_what_fails_for_every_record_ends_the_worker_as_a_bug(tmp_path: Path) -> None:
    ledger = Picky({f"e{n}" for n in range(40)}, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        store_all(make_loop(ledger, tmp_path), RECORDS)
    assert fates(ledger) == {"received": 16, "quarantined": 16}


def test_a_wrong_configuration_is_no_records_fault(tmp_path: Path) -> None:
    ledger = Picky({"e0"}, lambda: WrongUsage("what", "hint"))
    with pytest.raises(WrongUsage):
        make_loop(ledger, tmp_path).store(batch(RECORDS))
    assert ledger.tries == 1


def test_a_difference_too_large_for_one_insert_is_stored_in_more_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(*args: Any) -> Insert:
        insert = build_insert(*args)
        if insert.row_count > 20:
            raise TooManyRows("too many")
        return insert

    monkeypatch.setattr("touchline.processors.pipeline.build_insert", narrow)
    ledger = MemoryLedger()
    assert make_loop(ledger, tmp_path).store(batch(RECORDS)) == Acknowledge(40)
    assert fates(ledger) == {"received": 40, "stored": 40}
    assert len([row for row in ledger.rows if row["kind"] == "mark"]) > 1
