"""A disk without space for the worker's state: known as such, said with its folder, waited for."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import lmdb
import pytest

from tests.unit.processors.loop.world import batch, event, fates, make_loop, records_of
from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.state.disk import is_full, reason_of
from touchline.processors.state.slot import StateSlot
from touchline.processors.state.tails import Tails
from touchline.processors.values.protocol import Acknowledge
from touchline.processors.worker import build
from touchline.settings import Settings

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_is_known_by_number_and_by_the_text_of_lmdb() -> None:
    assert is_full(FULL)
    assert is_full(OSError(errno.EFBIG, "File too large"))
    assert is_full(lmdb.Error(f"mdb_txn_commit: {os.strerror(errno.ENOSPC)}"))
    assert not is_full(PermissionError(errno.EACCES, "Permission denied"))
    assert not is_full(lmdb.CorruptedError("mdb_get: MDB_CORRUPTED"))


def test_reason_names_the_folder_to_free() -> None:
    assert reason_of(FULL, Path("state")) == (
        "the disk of the worker's state is full: free space for state, or set state_dir"
    )
    assert reason_of(ConnectionError(), Path("state")) == "ConnectionError"


def test_state_that_cannot_be_opened_for_a_while_is_waited_for_and_no_records_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([FULL, FULL])
    opened = lmdb.open

    def full_twice(*arguments: Any, **options: Any) -> object:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        return opened(*arguments, **options)

    monkeypatch.setattr(lmdb, "open", full_twice)
    ledger = MemoryLedger()
    records = records_of([event(n, n % 5, n) for n in range(40)])
    assert make_loop(ledger, tmp_path).store(batch(records)) == Acknowledge(40)
    assert fates(ledger) == {"received": 40, "stored": 40}


@pytest.mark.parametrize(
    ("error", "raised"), [(FULL, EngineUnreachable), (PermissionError(errno.EACCES, "Permission denied"), WrongUsage)]
)
def test_worker_waits_for_space_for_its_state_and_asks_for_the_right_to_write(
    error: OSError, raised: type[TouchlineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(state_dir: Path) -> StateSlot:
        raise error

    monkeypatch.setattr(build, "claim_slot", refuse)
    with pytest.raises(raised) as caught:
        build._state_dir(Settings())
    assert "state_dir" in caught.value.hint


def test_the_pages_that_lmdb_maps_are_on_the_disk_before_it_writes_there(tmp_path: Path) -> None:
    """Else a full disk would end the process by a signal, without a word."""
    tails = Tails(tmp_path / "state")
    size, blocks = (found := (tmp_path / "state" / "lock.mdb").stat()).st_size, found.st_blocks
    tails.close()
    assert blocks * 512 >= size > 0


def test_a_state_file_on_a_full_disk_is_refused_as_such_before_lmdb_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left") as raised:
        Tails(tmp_path / "state")
    assert is_full(raised.value)
    assert not (tmp_path / "state" / "data.mdb").exists()
