"""Who was erased leaves the state of the workers, its file and its memory; whoever is still named stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import lmdb
import pytest

from tests.unit.processors.loop.world import (
    TOPIC,
    event,
    journey_rows,
    make_loop,
    make_pipeline,
    person_key,
    records_of,
    store_all,
)
from touchline.processors.ledger.ledger import ErasureRequest
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.slot import claim_slot
from touchline.processors.state.tails import Tails
from touchline.processors.values.protocol import Assigned
from touchline.schemas.erasure import ErasureSecret

SECRET = ErasureSecret(bytes(range(32)))
JANE, JOHN = 1, 2
UNTIL_US = 2_000_000_000_000_000
EVENTS = [event(number, JANE if number % 2 else JOHN, number) for number in range(6)]


def worker(ledger: MemoryLedger, folder: Path, writer: str = "w1") -> StoreLoop:
    return make_loop(ledger, folder, writer, pipeline=make_pipeline(erasures=Erasures(SECRET)))


def tick(loop: StoreLoop) -> None:
    loop.tick(Assigned(TOPIC, 0, 1))


def ask(ledger: MemoryLedger, person: int = JANE, until_us: int = UNTIL_US) -> None:
    key = person_key(person)
    number = len(ledger.erasures) + 1
    digest = SECRET.of_identifier(key)
    ledger.erasures.append(ErasureRequest(number, key, "login", digest, SECRET.id, 0, until_us, "erase"))


def blank(ledger: MemoryLedger, person: int = JANE) -> None:
    """As `touchline erase` does in the end: no row names the person any more."""
    key = person_key(person)
    for row in ledger.rows:
        row.update({name: "" for name in ("identifier", "person") if row.get(name) == key})
    ledger.erasures = [one._replace(identifier="") if one.identifier == key else one for one in ledger.erasures]


def holds(folder: Path, person: int) -> bool:
    key = person_key(person).encode()
    return any(key in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def known(loop: StoreLoop, person: int) -> bool:
    key = person_key(person)
    (partition,) = loop._owned.values()
    return key in partition.tails._memory or key in partition.tails.get_many([key])


def test_the_state_keeps_a_person_until_the_request_is_done_and_forgets_it_then(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = worker(ledger, tmp_path)
    store_all(loop, records_of(EVENTS))
    ask(ledger)
    for _ in range(3):
        tick(loop)
    assert known(loop, JANE)
    blank(ledger)
    tick(loop)
    assert not known(loop, JANE)
    assert not holds(tmp_path, JANE)
    assert known(loop, JOHN)
    loop.close()


def test_a_worker_that_starts_later_cleans_the_file_that_it_finds(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = worker(ledger, tmp_path)
    store_all(loop, records_of(EVENTS))
    ask(ledger)
    tick(loop)
    loop.close()
    blank(ledger)
    later = worker(ledger, tmp_path, "w2")
    tick(later)
    tick(later)
    assert not holds(tmp_path, JANE)
    assert known(later, JOHN)
    later.close()


def test_what_comes_after_the_state_has_forgotten_is_stored_as_without_it(tmp_path: Path) -> None:
    tables = []
    for name in ("erased", "never there"):
        ledger = MemoryLedger()
        loop = worker(ledger, tmp_path / name)
        store_all(loop, records_of(EVENTS))
        ask(ledger, until_us=1_748_736_000_000_000 + 6 * 60_000_000)
        tick(loop)
        if name == "erased":
            blank(ledger)
        tick(loop)
        more = [event(10 + number, JANE if number % 2 else JOHN, 600 + number) for number in range(4)]
        store_all(loop, records_of([*EVENTS, *more]))
        tick(loop)
        tables.append(journey_rows(ledger))
        loop.close()
    assert tables[0] == tables[1]


def test_whoever_came_back_meanwhile_stays_in_the_state(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    loop = worker(ledger, tmp_path)
    store_all(loop, records_of(EVENTS))
    ask(ledger, until_us=1_748_736_000_000_000 + 6 * 60_000_000)
    tick(loop)
    store_all(loop, records_of([*EVENTS, event(10, JANE, 600)]))
    named = [row for row in ledger.rows if row.get("identifier") == person_key(JANE)][-1]
    blank(ledger)
    named["identifier"] = person_key(JANE)
    tick(loop)
    assert known(loop, JANE)
    loop.close()


def test_a_state_that_cannot_be_cleaned_stays_and_the_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = MemoryLedger()
    loop = worker(ledger, tmp_path)
    store_all(loop, records_of(EVENTS))
    ask(ledger)
    tick(loop)
    blank(ledger)
    tries: list[int] = []

    def full(*_: object) -> int:
        tries.append(1)
        raise lmdb.DiskError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Tails, "_copy", full)
        for _ in range(3):
            tick(loop)
        assert tries == [1]
        store_all(loop, records_of([*EVENTS, event(10, JOHN, 600)]))
    loop.close()
    again = worker(ledger, tmp_path, "w2")
    tick(again)
    tick(again)
    assert not holds(tmp_path, JANE)
    again.close()


def test_files_of_partitions_and_workers_that_are_gone_are_cleaned_and_those_of_living_workers_left_alone(
    tmp_path: Path,
) -> None:
    ledger = MemoryLedger()
    slots = [claim_slot(tmp_path) for _ in range(3)]
    living, gone, own = (slot.path for slot in slots)
    loop = worker(ledger, own)
    store_all(loop, records_of(EVENTS))
    loop.close()
    for place in (living / "events-0", gone / "events-0", own / "events-7"):
        shutil.copytree(own / f"{TOPIC}-0", place)
    slots[1].release()
    loop = worker(ledger, own, "w2")
    ask(ledger)
    tick(loop)
    blank(ledger)
    for _ in range(4):
        tick(loop)
    assert [holds(place, JANE) for place in (living, gone, own)] == [True, False, False]
    assert [holds(place, JOHN) for place in (living, gone, own / "events-7")] == [True] * 3
    loop.close()
    for slot in (slots[0], slots[2]):
        slot.release()


def test_the_number_of_open_requests_is_told_until_they_are_done() -> None:
    ledger, erasures = MemoryLedger(), Erasures(SECRET)
    for person in (JANE, JOHN):
        ask(ledger, person)
    erasures.look(ledger)
    assert (erasures.open_count, erasures.done_count) == (2, 0)
    blank(ledger, JOHN)
    erasures.look(ledger)
    assert (erasures.open_count, erasures.done_count) == (1, 1)
    assert [one.identifier for one in erasures.after(0)] == [person_key(JANE)]
    blank(ledger)
    erasures.look(ledger)
    erasures.look(ledger)
    assert (erasures.open_count, erasures.done_count) == (0, 2)
    assert erasures.covers(person_key(JANE), UNTIL_US)
    fresh = Erasures(SECRET)
    fresh.look(ledger)
    assert (fresh.open_count, fresh.done_count) == (0, 2)


def test_rows_that_share_a_number_are_all_known() -> None:
    ledger, erasures = MemoryLedger(), Erasures(SECRET)
    for person in (JANE, JOHN):
        ask(ledger, person)
    ledger.erasures = [one._replace(number=1) for one in ledger.erasures]
    erasures.look(ledger)
    assert [one.identifier for one in erasures.after(0)] == [person_key(JANE), person_key(JOHN)]
