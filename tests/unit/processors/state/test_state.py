"""The state files are a cache: strangers' writes, damage and restored backups cost time, never a number."""

from __future__ import annotations

import marshal
import shutil
from pathlib import Path

import lmdb
import pytest

from tests.unit.processors.loop.world import TOPIC, batch, event, fates, journey_rows, make_loop, records_of, store_all
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.state.tails import Stamp, StateLost, Tails
from touchline.processors.values.person import PersonTail
from touchline.processors.values.protocol import Acknowledge

RECORDS = records_of([event(n, 1, n) for n in range(9)])
STAMP = Stamp("events/T1/0", 1, 9, "form")


def undisturbed(state: Path) -> MemoryLedger:
    ledger = MemoryLedger()
    store_all(make_loop(ledger, state), RECORDS)
    return ledger


def test_a_worker_that_lost_its_file_to_another_writes_nothing_more(tmp_path: Path) -> None:
    sleeper = Tails(tmp_path)
    sleeper.put_many({"k": PersonTail(1, ())}, STAMP)
    path = shutil.copytree(tmp_path, tmp_path / "copy")  # LMDB lets one process open a file only once
    with lmdb.open(str(tmp_path / "copy")) as other, other.begin(write=True) as transaction:
        transaction.put(b"\x00owner", b"another worker")
    sleeper.close()
    awake = Tails(path)
    awake._owner = b"the sleeper"
    with pytest.raises(StateLost):
        awake.put_many({"k": PersonTail(0, ())}, STAMP._replace(insert_number=2))
    with pytest.raises(StateLost):
        awake.clear()
    assert awake.stamp() == STAMP
    assert awake.get_many(["k"])["k"].last_us == 1
    awake.close()


@pytest.mark.parametrize("damage", ["no LMDB file", "cut short", "strange values", "strange stamp", "empty"])
def test_a_damaged_state_file_is_made_anew(damage: str, tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = make_loop(ledger, tmp_path / "a")
    store_all(loop, RECORDS[:5])
    loop.close()
    folder = tmp_path / "a" / f"{TOPIC}-0"
    file = folder / "data.mdb"
    if damage == "no LMDB file":
        file.write_bytes(b"hello" * 5_000)
    elif damage == "cut short":
        file.write_bytes(file.read_bytes()[: 3 * 4096])
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
            for key, _ in list(transaction.cursor()):
                if (key == b"\x00stamp") == (damage == "strange stamp"):
                    transaction.put(key, marshal.dumps((1, [[1, 2, 3]])))
    store_all(make_loop(ledger, tmp_path / "a", "w2"), RECORDS[5:])
    assert journey_rows(ledger) == journey_rows(undisturbed(tmp_path / "b"))


@pytest.mark.parametrize("goes_on", [0, 1])
def test_a_state_from_before_a_restored_backup_is_not_trusted(goes_on: int, tmp_path: Path) -> None:
    ledger = MemoryLedger()
    one = make_loop(ledger, tmp_path / "one", "one")
    store_all(one, RECORDS[:3], (1, 2))
    one.close()
    # The ledger falls back to the first insert; another worker reads further at once, so that numbers repeat.
    ledger.rows = [row for row in ledger.rows if row["insert_number"] == 1]
    other = make_loop(ledger, tmp_path / "other", "other")
    other.store(batch(RECORDS[1:6], generation=2))
    if goes_on:
        other.store(batch(RECORDS[6:7], generation=2))
    other.close()
    one = make_loop(ledger, tmp_path / "one", "one")
    assert one.store(batch(RECORDS[6 + goes_on :], generation=3)) == Acknowledge(9)
    assert fates(ledger) == {"received": 9, "stored": 9}
    assert journey_rows(ledger) == journey_rows(undisturbed(tmp_path / "quiet"))
