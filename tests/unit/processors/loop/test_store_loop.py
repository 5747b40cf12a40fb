"""The tables are a function of the set of events: order, batches, repeats, lost answers and restarts change nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings, strategies as st

from tests.unit.processors.loop.odd import EncodingLedger
from tests.unit.processors.loop.world import (
    MAP,
    FaultyLedger,
    batch,
    event,
    fates,
    journey_rows,
    make_loop,
    make_pipeline,
    quick_folder,
    records_of,
    store_all,
)
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.values.protocol import Acknowledge, ReadAgain
from touchline.schemas.times import parse_time

EVENTS = st.lists(
    st.builds(
        lambda number, person, minute, touchpoint, revision: event(
            number, person, minute, touchpoint, revision=revision
        ),
        st.integers(0, 12),
        st.sampled_from([None, 1, 2, 3]),
        st.integers(0, 4000),
        st.sampled_from(["poster", "site", "till", "unheard_of"]),
        st.sampled_from([0, 0, 0, 1, 2]),
    ),
    min_size=1,
    max_size=25,
)


def one_version_per_person(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Versions of one id differ in revision and content, not in person and time."""
    persons: dict[str, Any] = {}
    times: dict[str, str] = {}
    seen: dict[tuple[str, int], dict[str, Any]] = {}
    kept = []
    for one in events:
        one = {
            **one,
            "persons": persons.setdefault(one["id"], one["persons"]),
            "time": times.setdefault(one["id"], one["time"]),
        }
        kept.append(seen.setdefault((one["id"], one["revision"]), one))
    return kept


def stored(
    events: list[dict[str, Any]], sizes: list[int], faults: list[str], restarts: set[int], wipe: bool
) -> FaultyLedger:
    ledger = FaultyLedger(faults)
    records = records_of(events)
    with quick_folder() as state:
        position, turn = 0, 0
        loop = make_loop(ledger, state)
        while position < len(records):
            size = sizes[turn % len(sizes)]
            turn += 1
            answer = loop.store(batch(records[position : position + size], generation=turn))
            assert isinstance(answer, Acknowledge)
            position = answer.next_offset
            if turn in restarts:
                loop.close()
                if wipe:
                    shutil.rmtree(state, ignore_errors=True)
                loop = make_loop(ledger, state, writer=f"w{turn}")
        loop.close()
    return ledger


@settings(max_examples=120, phases=set(Phase) - {Phase.shrink})
@given(
    EVENTS.map(one_version_per_person),
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.lists(st.sampled_from(["", "", "lost", "unheard"]), max_size=6),
    st.sets(st.integers(1, 10)),
    st.booleans(),
)
def test_journeys_do_not_depend_on_order_batches_faults_or_restarts(
    events: list[dict[str, Any]], random: Any, sizes: list[int], faults: list[str], restarts: set[int], wipe: bool
) -> None:
    in_order = sorted(events, key=lambda one: (one["time"], one["id"]))
    expected = stored(in_order, [1_000], [], set(), wipe=False)
    shuffled = list(events)
    random.shuffle(shuffled)
    actual = stored(shuffled, sizes, faults, restarts, wipe)
    assert journey_rows(actual) == journey_rows(expected)
    assert fates(actual) == fates(expected)
    assert fates(actual)["received"] == len(events)
    assert sum(count for fate, count in fates(actual).items() if fate != "received") == len(events)


def test_a_batch_that_was_stored_but_not_heard_of_is_not_stored_again(tmp_path: Path) -> None:
    ledger = FaultyLedger(["unheard"])
    records = records_of([event(n, 1, n) for n in range(5)])
    store_all(make_loop(ledger, tmp_path), records)
    assert len(ledger.standing("attached")) == 5
    assert [row["insert_number"] for row in ledger.rows if row["kind"] == "mark"] == [1]


def test_redelivered_offsets_are_skipped(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(6)])
    loop = make_loop(ledger, tmp_path)
    assert loop.store(batch(records[:4])) == Acknowledge(4)
    assert loop.store(batch(records[2:])) == Acknowledge(6)
    assert fates(ledger) == {"received": 6, "stored": 6}


def test_offsets_that_do_not_exist_are_counted_as_gaps(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(6)])
    make_loop(ledger, tmp_path).store(batch([records[1], records[4]], start_offset=0))
    mark = ledger.standing("mark")[0]
    assert (mark.get("first_offset", 0), mark["offset"], mark["gaps"]) == (0, 4, 3)


def test_a_batch_that_starts_behind_a_hole_is_not_stored_but_read_from_the_mark(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(6)])
    loop = make_loop(ledger, tmp_path)
    loop.store(batch(records[:2]))
    assert loop.store(batch(records[4:], start_offset=4)) == Acknowledge(2)
    assert fates(ledger) == {"received": 2, "stored": 2}


def test_a_stale_generation_is_refused(tmp_path: Path) -> None:
    loop = make_loop(MemoryLedger(), tmp_path)
    loop.on_assigned([0], 7)
    assert isinstance(loop.store(batch(records_of([event(1, 1, 1)]), generation=6)), ReadAgain)


def test_a_writer_that_lost_its_fence_stores_nothing_and_refuses_once_the_group_moved_on(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(9)])
    old, new = make_loop(ledger, tmp_path / "old", "old"), make_loop(ledger, tmp_path / "new", "new")
    old.store(batch(records[:3], generation=1))
    new.store(batch(records[3:6], generation=2))
    old.on_revoked([0])
    assert isinstance(old.store(batch(records[6:], generation=1)), ReadAgain)
    assert fates(ledger) == {"received": 6, "stored": 6}
    assert new.store(batch(records[6:], generation=2)) == Acknowledge(9)


def test_a_group_whose_generations_started_anew_takes_the_partition_over(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(4)])
    make_loop(ledger, tmp_path / "a", "old").store(batch(records[:2], generation=57))
    loop = make_loop(ledger, tmp_path / "b", "new")
    loop.on_assigned([0], 1)
    assert loop.store(batch(records[2:], generation=1)) == Acknowledge(4)


def test_a_worker_that_lives_through_a_new_beginning_of_its_group_goes_on(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    records = records_of([event(n, 1, n) for n in range(4)])
    loop = make_loop(ledger, tmp_path)
    loop.on_assigned([0], 57)
    assert loop.store(batch(records[:2], generation=57)) == Acknowledge(2)
    loop.on_assigned([0], 1)
    assert loop.store(batch(records[2:], generation=1)) == Acknowledge(4)


def test_a_recreated_topic_goes_on_with_the_same_persons_and_never_repeats_a_row_id(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    first = make_loop(ledger, tmp_path, "a", incarnation="T1")
    store_all(first, records_of([event(n, 1, n) for n in range(3)]))
    first.close()
    second = make_loop(ledger, tmp_path, "b", incarnation="T2")
    store_all(second, records_of([event(n, 1, n) for n in range(5)]))
    assert fates(ledger) == {"received": 8, "stored": 5, "duplicate": 3}
    row_ids = [row["row_id"] for row in ledger.rows if row["sign"] > 0]
    assert len(row_ids) == len(set(row_ids))
    assert sorted(row["touchpoint_number"] for row in ledger.standing("attached")) == [1, 2, 3, 4, 5]


def test_each_kind_of_bad_record_has_its_fate_and_reason(tmp_path: Path) -> None:
    bad: list[Any] = [
        b"", b"\xff{}", b"{", b"[1]", b"[" * 10_000, b'{"id":"x"}',
        {**event(1, 1, 1), "type": "touchline.touchpoint.v9"},
        {**event(2, 1, 1), "source": "nobody"},
        {**event(3, 1, 1), "time": "1970-01-01T00:00:00Z"},
        {**event(4, 1, 1), "time": "2999-01-01T00:00:00Z"},
        {**event(5, 1, 1), "amount": {"amount_minor": 1, "currency": "XXQ"}},
        {**event(6, 1, 1), "source": "web"},
    ]  # fmt: skip
    ledger = MemoryLedger()
    store_all(make_loop(ledger, tmp_path), records_of(bad))
    reasons = [row.get("reason", "") for row in sorted(ledger.standing("received"), key=lambda row: row["offset"])]
    assert reasons == [
        "empty_value", "not_utf8", "not_json", "wrong_type", "too_deep", "missing_field", "unknown_version",
        "unknown_source", "time_out_of_range", "time_out_of_range", "unknown_currency", "no_consent",
    ]  # fmt: skip
    assert fates(ledger) == {"received": 12, "quarantined": 11, "suppressed": 1}


def test_null_means_absent_also_in_records_of_senders_of_their_own(tmp_path: Path) -> None:
    plain = {**event(1, 1, 1), "properties": {"lines": 3}}
    with_nulls = {**plain, "place": None, "properties": {"coupon": None, "lines": 3}, "amount": None}
    ledger = MemoryLedger()
    missing = {**event(2, 1, 1), "touchpoint": None}
    store_all(make_loop(ledger, tmp_path), records_of([with_nulls, plain, missing]))
    assert fates(ledger) == {"received": 3, "stored": 1, "duplicate": 1, "quarantined": 1}
    refused = [(row["reason"], row["field"]) for row in ledger.standing("received") if row.get("reason")]
    assert refused == [("missing_field", "touchpoint")]


@pytest.mark.parametrize("timestamp", [0, -1, 1_748_736_000, 1_748_736_000_000_000])
def test_an_impossible_record_time_makes_the_time_of_receipt_unknown_and_costs_no_event(
    tmp_path: Path, timestamp: int
) -> None:
    answer: dict[str, Any] = {
        "type": "touchline.answer.v1", "id": "a1", "source": "shop", "time": "2025-06-02T00:00:00Z", "survey": "s", "question": "q",
        "kpi": "nps", "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": 9,
        "about": {"touchpoint": "site", "occurred_at": "2025-06-01T00:00:00Z"},
    }  # fmt: skip
    sent: list[dict[str, Any] | bytes] = [
        event(1, 1, 1),
        event(2, 1, 2, received_at="2025-06-01T01:00:00Z"),
        answer,
        b"{",
    ]
    ledger = MemoryLedger()
    store_all(make_loop(ledger, tmp_path), [one._replace(timestamp=timestamp) for one in records_of(sent)])
    rows = sorted(ledger.standing("received"), key=lambda row: row["offset"])
    assert [row["fate"] for row in rows] == ["stored", "stored", "stored", "quarantined"]
    assert [row["received_time"] for row in rows] == [0, parse_time("2025-06-01T01:00:00Z"), 0, 0]


def test_a_suppressed_record_leaves_nothing_personal(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    store_all(make_loop(ledger, tmp_path), records_of([{**event(1, 1, 1), "source": "web"}]))
    (row,) = ledger.standing("received")
    assert {name for name, value in row.items() if value} == {
        "stream", "insert_number", "stored_time", "kind", "sign", "row_id", "source", "received_time", "fate", "reason",
    }  # fmt: skip


def test_an_unknown_touchpoint_is_stored_unmapped_and_unknown_fields_are_kept_and_counted(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    store_all(make_loop(ledger, tmp_path), records_of([event(1, 1, 1, "unheard_of", shoe_size=44)]))
    (attached,) = ledger.standing("attached")
    (received,) = ledger.standing("received")
    assert attached.get("stage", "") == ""
    assert not attached.get("is_mapped")
    assert received["properties"] == {"+shoe_size": "44"}
    assert fates(ledger)["unknown_fields"] == 1


def test_a_record_counts_under_whatever_key_its_sender_gave_it(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    (record,) = records_of([event(1, 1, 1)])
    make_loop(ledger, tmp_path).store(batch([record._replace(key=b"k1:somebody-else")]))
    assert [row["fate"] for row in ledger.standing("received")] == ["stored"]
    assert [row["person"] for row in ledger.standing("attached")] == [event(1, 1, 1)["persons"][0]["key"]]


def test_a_stopped_worker_gives_up_waiting_for_the_ledger(tmp_path: Path) -> None:
    stops = iter([False, False, True, True, True, True, True, True, True, True, True, True, True])
    ledger = FaultyLedger(["lost"] * 99)
    loop = make_loop(ledger, tmp_path, should_stop=lambda: next(stops, True))
    assert loop.store(batch(records_of([event(1, 1, 1)]))) == ReadAgain("the worker stops")
    assert not ledger.rows


def test_a_field_of_another_event_type_is_an_unknown_field_whatever_it_holds(tmp_path: Path) -> None:
    strange: list[dict[str, Any]] = [
        event(1, 1, 1, about=5, anonymous="no"),
        event(2, 1, 2, about={"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}, comment=None, effective_at=[], score="x"),
        {
            "type": "touchline.consent.v1", "id": "c1", "source": "shop", "time": "2025-06-01T12:00:00Z",
            "persons": event(1, 1, 1)["persons"], "consent_id": "c", "state": "granted",
            "effective_at": "2025-06-01T12:00:00Z", "amount": 1.5, "order": True, "about": [], "anonymous": True,
        },
    ]  # fmt: skip
    ledger = MemoryLedger()
    store_all(make_loop(ledger, tmp_path), records_of(strange))
    assert fates(ledger) == {"received": 3, "stored": 3, "unknown_fields": 2 + 4 + 4}
    assert all(row["identifier"] for row in ledger.standing("received"))


def test_a_churn_term_beyond_the_calendar_of_the_ledger_ends_with_it(tmp_path: Path) -> None:
    last = event(1, 1, 1, received_at="2099-12-31T23:59:59Z") | {"time": "2099-12-31T12:00:00Z"}
    ledger = EncodingLedger()
    pipeline = make_pipeline(text=MAP.replace("inactivity_days: 60", "inactivity_days: 3650"))
    loop = make_loop(ledger, tmp_path, pipeline=pipeline)
    loop.store(batch(records_of([last])))
    assert [row["churn_due_at"] for row in ledger.standing("attached")] == [2**32 - 1]
    assert fates(ledger) == {"received": 1, "stored": 1}
