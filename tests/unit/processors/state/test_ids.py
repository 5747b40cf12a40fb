"""Ids of a partition: none is ever forgotten, memory is bounded, and a wrong guess costs a look-up, not a result."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.processors.loop.partition import expected_fates, expected_tables, tables_of
from tests.unit.processors.loop.world import (
    TOPIC,
    batch,
    event,
    fates,
    kill,
    make_loop,
    make_pipeline,
    records_of,
    store_all,
)
from touchline.processors.homes import Homes
from touchline.processors.ledger.ledger import ALL, KnownEvent, Later, Mark, Stream
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.seen import LOAD_MAX, SMALLEST_SLOTS, Bitmap, Fingerprints, SeenIds, room_for
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.protocol import Acknowledge, Assigned, ReadAgain
from touchline.processors.values.records import Fact

HASHES = st.lists(
    st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 40).map(lambda slot: slot << 34 | 5)), unique=True
)
SMALL = 1 << 18
STREAM = Stream(TOPIC, "T1", 0)


class CountingLedger(MemoryLedger):
    """Counts what the slow path reads, and can fail a reading of ids half-way."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_up = 0
        self.persons_read = 0
        self.full_readings = 0

    def find_events(self, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        self.looked_up += len(keys)
        return super().find_events(keys)

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[tuple[int, Fact]]:
        self.persons_read += len(identifiers)
        return super().facts_of(identifiers, later_than_us)

    def count_ids(self, stream: Stream) -> int:
        self.full_readings += 1
        return super().count_ids(stream)


@pytest.mark.parametrize("make", [lambda: Fingerprints(128), lambda: Bitmap(64)])
@given(known=HASHES.filter(lambda hashes: len(hashes) <= 60), later=HASHES)
def test_what_was_met_is_known_for_ever(make: Any, known: list[int], later: list[int]) -> None:
    seen: SeenIds = make()
    seen.meet(known)
    assert seen.meet(known) == list(range(len(known)))
    seen = type(seen).of(seen.count, bytes(seen.contents()))
    assert seen.meet(known) == list(range(len(known)))
    assert {later[position] for position in seen.meet(later[:20])} >= set(later[:20]) & set(known)


@pytest.mark.parametrize("make", [lambda: Fingerprints(128), lambda: Bitmap(64)])
@given(known=HASHES.filter(lambda hashes: len(hashes) <= 60), others=HASHES.filter(lambda hashes: len(hashes) <= 20))
def test_a_look_calls_known_what_a_meeting_would_and_changes_nothing(
    make: Any, known: list[int], others: list[int]
) -> None:
    seen: SeenIds = make()
    seen.meet(known)
    before = bytes(seen.contents())
    found = seen.known_among(others)
    assert bytes(seen.contents()) == before
    assert seen.known_among(known) == list(range(len(known)))
    one_by_one = [place for place, one in enumerate(others) if type(seen).of(seen.count, before).meet([one])]
    assert found == one_by_one


def test_new_ids_are_called_new() -> None:
    hashes = hashes_of(("shop", f"e{n}") for n in range(100_000))
    fingerprints, bitmap = room_for(100_000, 128 << 20), Bitmap(1 << 19)
    assert fingerprints.meet(hashes) == []
    assert len(bitmap.meet(hashes)) < len(hashes) // 400  # 40 bits an id in the end
    assert fingerprints.meet(hashes[:10] * 2) == list(range(20))


def test_memory_is_bounded_and_what_does_not_fit_goes_into_a_bitmap() -> None:
    fitting = int(SMALLEST_SLOTS * LOAD_MAX)
    assert isinstance(room_for(0, SMALL), Fingerprints)
    assert isinstance(room_for(fitting, SMALL), Fingerprints)
    coarse = room_for(fitting + 1, SMALL)
    assert isinstance(coarse, Bitmap)
    assert coarse.contents().nbytes == SMALL
    assert room_for(10**9, 3 << 20).contents().nbytes == 2 << 20
    grown = room_for(fitting + 1, 128 << 20)
    assert grown.has_room(2 * fitting)
    assert grown.contents().nbytes == 4 * SMALL


@pytest.mark.parametrize("person", [1, 2, None])
@pytest.mark.parametrize(
    "accident", ["none", "same batch", "close", "kill", "state lost", "state old", "state damaged"]
)
def test_an_event_sent_again_with_a_new_time_or_person_counts_once(
    accident: str, person: int | None, tmp_path: Path
) -> None:
    events = [event(1, 1, 5), event(2, 1, 9), event(1, person, 20)]
    records, ledger, state = records_of(events), MemoryLedger(), tmp_path / "state"
    loop = make_loop(ledger, state)
    if accident == "same batch":
        store_all(loop, records)
    else:
        store_all(loop, records[:1])
        if accident == "state old":
            loop.close()
            shutil.copytree(state, tmp_path / "old")
            loop = make_loop(ledger, state)
        store_all(loop, records[:2])
        if accident != "none":
            end = kill if accident in ("kill", "state lost") else StoreLoop.close
            end(loop)
        if accident in ("state lost", "state old"):
            shutil.rmtree(state)
        if accident == "state old":
            shutil.copytree(tmp_path / "old", state)
        if accident == "state damaged":
            file = state / f"{TOPIC}-0.ids"
            contents = bytearray(file.read_bytes())
            contents[SMALL // 2 :] = bytes(len(contents) - SMALL // 2)
            file.write_bytes(contents)
        if accident != "none":
            loop = make_loop(ledger, state, "w2")
        store_all(loop, records)
    assert fates(ledger) == expected_fates(events) == {"received": 3, "stored": 2, "quarantined": 1}
    assert tables_of(ledger) == expected_tables(events)


def test_a_wrong_guess_is_looked_up_and_stays_on_the_fast_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fingerprints, "meet", lambda self, hashes: list(range(len(hashes))))
    ledger = CountingLedger()
    events = [event(n, n % 3 or None, n) for n in range(20)]
    store_all(make_loop(ledger, tmp_path), records_of(events), (5,))
    assert (ledger.looked_up, ledger.persons_read) == (20, 0)
    assert tables_of(ledger) == expected_tables(events)


def test_events_in_order_are_not_looked_up(tmp_path: Path) -> None:
    ledger = CountingLedger()
    store_all(make_loop(ledger, tmp_path), records_of([event(n, n % 3 or None, n) for n in range(20)]), (5,))
    assert (ledger.looked_up, ledger.persons_read) == (0, 0)


def test_more_ids_than_fit_are_read_again_into_a_larger_set_and_stay_known(tmp_path: Path) -> None:
    ledger = CountingLedger()
    ids = PartitionIds(tmp_path / "x.ids", STREAM, 128 << 20)
    ids.restore(ledger, Mark(0, -1), lambda: False)
    assert not ids.has_room(SMALLEST_SLOTS)
    store_all(make_loop(ledger, tmp_path), records_of([event(n, 1, n) for n in range(9)]))
    ids.restore(ledger, Mark(1, 8), lambda: False, room=SMALLEST_SLOTS)
    assert ids.has_room(SMALLEST_SLOTS)
    assert ids.meet([("shop", f"e{n}") for n in range(10)]) == list(range(9))


@pytest.mark.parametrize("room", [0, SMALLEST_SLOTS])
def test_claims_of_other_partitions_are_known_and_stay_known_when_the_set_grows(room: int, tmp_path: Path) -> None:
    ledger = MemoryLedger()
    other = make_loop(ledger, tmp_path / "1", pipeline=make_pipeline(Homes(lambda key: 1, 2)))
    claim = records_of([event(2, 2, 5, revision=1)])
    assert other.store(batch(claim)._replace(partition=1)) == Acknowledge(1)
    ids = PartitionIds(tmp_path / "x.ids", STREAM, 128 << 20)
    ids.restore(ledger, Mark(0, -1), lambda: False)
    ids.restore(ledger, Mark(0, -1), lambda: False, room=room)
    assert ids.has_room(room)
    assert ids.meet([("shop", "e1"), ("shop", "e2")]) == [1]


def test_the_first_version_comes_after_the_claim_and_after_the_set_of_ids_grew(tmp_path: Path) -> None:
    ledger, homes = MemoryLedger(), Homes(lambda key: int(key[-1:], 16) % 2, 2)
    here, there = (make_loop(ledger, tmp_path / str(n), f"w{n}", pipeline=make_pipeline(homes)) for n in range(2))
    assert there.store(batch(records_of([event(2, 1, 5, revision=1)]))._replace(partition=1)) == Acknowledge(1)

    def rest() -> None:
        for number, loop in [(0, here), (1, there)] * 4:
            assert isinstance(loop.tick(Assigned(TOPIC, number, 1)), Acknowledge)

    rest()
    here._acquirer.ids[0].restore(
        ledger, Mark(ledger.progress()["events/T1/0"].insert_number, -1), lambda: False, SMALLEST_SLOTS
    )
    assert here.store(batch(records_of([event(2, 2, 5)]))) == Acknowledge(1)
    rest()
    standing = {row["stream"]: row["fate"] for row in ledger.standing("received")}
    assert standing == {"events/T1/0": "superseded", "events/T1/1": "stored"}
    assert ledger.standing("claim") == []


def test_a_saved_file_is_caught_up_and_not_read_anew(tmp_path: Path) -> None:
    ledger, records = CountingLedger(), records_of([event(n, 1, n) for n in range(9)])
    first = make_loop(ledger, tmp_path)
    store_all(first, records[:3])
    first.close()
    second = make_loop(ledger, tmp_path)
    store_all(second, records[:6])
    kill(second)
    store_all(make_loop(ledger, tmp_path), records)
    assert ledger.full_readings == 1


def test_a_file_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    ledger, records = CountingLedger(), records_of([event(n, 1, n) for n in range(9)])
    (tmp_path / f"{TOPIC}-0.new").mkdir()
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records[:6])
    loop.close()
    store_all(make_loop(ledger, tmp_path), records)
    assert fates(ledger) == {"received": 9, "stored": 9}
    assert ledger.full_readings == 2


def test_a_worker_that_is_stopped_while_it_reads_ids_gives_up(tmp_path: Path) -> None:
    ledger, records = CountingLedger(), records_of([event(n, 1, n) for n in range(9)])
    store_all(make_loop(ledger, tmp_path / "a"), records[:6])
    answers = iter([False])  # asked once before the batch, then while the ids are read
    loop = make_loop(ledger, tmp_path / "b", "w2", should_stop=lambda: next(answers, True))
    assert loop.store(batch(records[6:], generation=2)) == ReadAgain("the worker stops")
    assert fates(ledger) == {"received": 6, "stored": 6}


def test_a_revision_of_an_event_that_another_partition_has_waits_for_it(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    here, there = event(1, 1, 5), event(1, 2, 5, revision=1)
    store_all(make_loop(ledger, tmp_path / "0"), records_of([here]))
    other = make_loop(ledger, tmp_path / "1", "w2", pipeline=make_pipeline(Homes(lambda key: 1, 2)))
    assert other.store(batch(records_of([there]))._replace(partition=1)) == Acknowledge(1)
    standing = {row["stream"]: row["fate"] for row in ledger.standing("received")}
    assert standing == {"events/T1/0": "stored", "events/T1/1": "superseded"}
    assert [row["event_id"] for row in ledger.standing("claim")] == ["e1"]
    assert all(row["sign"] > 0 for row in ledger.rows)
