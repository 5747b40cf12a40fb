"""The state files are a cache: strangers' writes, damage and restored backups cost time, never a number."""

from __future__ import annotations

import marshal
import shutil
from collections.abc import Sequence
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


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_is_forgotten_leaves_no_byte_in_the_state_file_and_the_others_stay(tmp_path: Path) -> None:
    tails = Tails(tmp_path / "state")
    keys = [f"k1:{number:064x}" for number in range(2_000)]
    for last_us in (1, 2):  # replaced values lie in free pages
        tails.put_many({key: PersonTail(last_us, ()) for key in keys}, STAMP)
    gone = set(keys[::3])
    assert keys[3].encode() in bytes_of(tmp_path)
    assert tails.forget(lambda some: gone.intersection(some), 7) == len(gone)
    assert [key for key in gone if key.encode() in bytes_of(tmp_path)] == []
    assert tails.get_many(keys) == {key: PersonTail(2, ()) for key in keys if key not in gone}
    assert tails.stamp() == STAMP
    assert tails.has_forgotten(7)
    tails.put_many({keys[0]: PersonTail(3, ())}, STAMP)
    tails.close()
    again = Tails(tmp_path / "state")
    assert (again.has_forgotten(7), again.has_forgotten(8)) == (True, False)
    assert again.get_many(keys[:2]) == {keys[0]: PersonTail(3, ()), keys[1]: PersonTail(2, ())}
    again.clear()
    assert not again.has_forgotten(7)
    again.close()


@pytest.mark.parametrize("where", ["while it is copied", "before the swap"])
def test_a_worker_that_is_killed_while_its_state_forgets_finds_all_of_it_or_none(where: str, tmp_path: Path) -> None:
    tails = Tails(tmp_path / "state")
    tails.put_many({"gone": PersonTail(1, ()), "here": PersonTail(1, ())}, STAMP)

    def killed(_: Sequence[str]) -> set[str]:
        raise KeyboardInterrupt

    if where == "while it is copied":
        with pytest.raises(KeyboardInterrupt):
            tails.forget(killed, 1)
    else:
        (tmp_path / "state.draft").mkdir()
        (tmp_path / "state.draft" / "data.mdb").write_bytes(b"half")
    assert set(tails.get_many(["gone", "here"])) == {"gone", "here"}
    tails.close()
    again = Tails(tmp_path / "state")
    assert not again.has_forgotten(1)
    assert again.forget(lambda some: {"gone"}.intersection(some), 1) == 1
    assert set(again.get_many(["gone", "here"])) == {"here"}
    again.close()
