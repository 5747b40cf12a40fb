"""Answers that name a receipt stand on its day and at its place, wherever both are stored and whichever comes first."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.unit.processors.loop.partition import Event, tables_of
from tests.unit.processors.loop.two_partitions import (
    PARTITIONS,
    Workers,
    answer,
    attached_of,
    receipt,
    records_by_partition,
    rows_in_order,
)
from tests.unit.processors.loop.world import FaultyLedger, event, quick_folder
from touchline.processors import news
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import Row

DAY = 24 * 60
ORDERS = ("receipt first", "answers first", "one batch")


def stored(events: list[Event], order: str, folder: Path) -> MemoryLedger:
    """The ledger after these events: the first one before or after all others, or together with them."""
    ledger = MemoryLedger()
    if order == "answers first":
        events = [*events[1:], events[0]]
    workers = Workers(ledger, folder, records_by_partition(events))
    for _ in range(1 if order == "one batch" else len(events)):
        for number in range(PARTITIONS):
            workers.deliver(number, len(events) if order == "one batch" else 1)
    workers.finish()
    return ledger


def day_of(row: Row, name: str = "local_date") -> str:
    return (date(1970, 1, 1) + timedelta(row[name])).isoformat()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("person", [2, 1, None], ids=["same person", "person of another partition", "nobody"])
def test_two_answers_of_other_days_stand_on_the_day_and_at_the_place_of_their_receipt(
    order: str, person: int | None, tmp_path: Path
) -> None:
    sent = receipt(1, 2, 600, place="12", brand="north", channel="store", persona="loyal", segment="gold")
    events = [sent, answer(2, person, DAY + 600, 1), answer(3, person, 20 * DAY + 600, 1)]
    ledger = stored(events, order, tmp_path)
    for number, answered in ((2, "2025-06-02"), (3, "2025-06-21")):
        row = attached_of(ledger, f"e{number}")
        assert (day_of(row), day_of(row, "answered_date")) == ("2025-06-01", answered)
        assert row["about_time"] == attached_of(ledger, "e1")["event_time"]
        taken = [
            row.get(name) for name in ("place", "brand", "channel", "persona", "segment", "amount_minor", "currency")
        ]
        assert taken == ["12", "north", "store", "loyal", "gold", 1_999, "EUR"]


@pytest.mark.parametrize("order", ORDERS)
def test_what_an_answer_says_itself_it_does_not_take(order: str, tmp_path: Path) -> None:
    own: dict[str, Any] = {"place": "7", "brand": "south", "persona": "new", "segment": "iron", "zone": "Asia/Tokyo"}
    sent = receipt(1, 2, 600, place="12", brand="north", persona="loyal", segment="gold")
    said = answer(2, 1, DAY + 600, 1, occurred_at="2025-05-31T20:00:00Z", **own)
    row = attached_of(stored([sent, said], order, tmp_path), "e2")
    assert [row[name] for name in ("place", "brand", "persona", "segment")] == ["7", "south", "new", "iron"]
    assert (day_of(row), day_of(row, "answered_date")) == ("2025-06-01", "2025-06-02")  # 5:00 and 19:00 in Tokyo


@pytest.mark.parametrize("order", ORDERS)
def test_the_day_is_that_of_the_zone_of_the_receipt(order: str, tmp_path: Path) -> None:
    sent = receipt(1, 2, 60, zone="America/New_York")
    plain, timed = answer(2, 1, DAY + 60, 1), answer(3, 1, DAY + 61, 1, occurred_at="2025-06-02T03:00:00Z")
    ledger = stored([sent, plain, timed], order, tmp_path)
    rows = [attached_of(ledger, name) for name in ("e2", "e3")]
    assert [(day_of(row), day_of(row, "answered_date")) for row in rows] == [
        ("2025-05-31", "2025-06-01"),
        ("2025-06-01", "2025-06-01"),
    ]


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_receipt_that_is_corrected_takes_its_answers_along(order: str, tmp_path: Path) -> None:
    first, corrected = receipt(1, 2, 600, place="12"), receipt(1, 2, 2 * DAY, place="7", revision=1)
    said = answer(2, 1, 3 * DAY, 1)
    events = [first, said, corrected] if order == "after" else [corrected, said, first]
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition(events))
    for _ in events:
        for number in range(PARTITIONS):
            workers.deliver(number, 1)
            workers.tick(number)
    workers.finish()
    row = attached_of(ledger, "e2")
    assert (row["place"], day_of(row)) == ("7", "2025-06-03")


def test_an_answer_whose_receipt_becomes_no_touchpoint_any_more_stands_for_itself_again(tmp_path: Path) -> None:
    gone = answer(1, 2, 5, None, revision=1)
    events = [receipt(1, 2, 600, place="12"), answer(2, 1, 3 * DAY, 1), gone]
    row = attached_of(stored(events, "receipt first", tmp_path), "e2")
    assert (row.get("place", ""), day_of(row)) == ("", "2025-06-04")


def test_an_answer_stands_in_the_stage_and_the_journey_of_its_receipt(tmp_path: Path) -> None:
    """The person has bought, and begun the next journey, before the answer comes."""
    events = [receipt(1, 2, 600), event(5, 2, 5 * DAY, "poster"), answer(2, 2, 6 * DAY, 1), answer(3, 2, 7 * DAY, None)]
    ledger = stored(events, "receipt first", tmp_path)
    bought, named, unnamed = (attached_of(ledger, name) for name in ("e1", "e2", "e3"))
    assert (named["stage"], named["cycle"]) == (bought["stage"], bought["cycle"]) == ("purchase", 1)
    assert unnamed["cycle"] == 2


@pytest.mark.parametrize("how", ["close", "kill", "lose state"])
def test_what_came_while_a_partition_had_no_worker_is_followed_by_the_next_one(how: str, tmp_path: Path) -> None:
    ledger = MemoryLedger()
    log = records_by_partition([receipt(1, 2, 600, place="12"), answer(2, 1, DAY, 1)])
    workers = Workers(ledger, tmp_path, log)
    workers.deliver(1, 1)
    workers.tick(1)
    workers.deliver(0, 1)
    workers.restart(1, how)
    workers.tick(1)
    assert attached_of(ledger, "e2")["place"] == "12"
    workers.close()


def test_an_answer_that_comes_with_its_receipt_is_right_from_the_first_insert_on(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    later = [
        receipt(1, 2, 600, place="7", revision=1),
        event(3, 2, 60, "poster", persona="loyal"),
        answer(4, 2, DAY, 1),
    ]
    events = [receipt(1, 2, 600, place="12"), answer(2, 2, DAY, 1), *later]
    workers = Workers(ledger, tmp_path, records_by_partition(events))
    workers.deliver(0, 2)
    assert attached_of(ledger, "e2")["place"] == "12"
    workers.deliver(0, 3)
    for name in ("e2", "e4"):
        row = attached_of(ledger, name)
        assert (row["place"], row["persona"], day_of(row)) == ("7", "loyal", "2025-06-01")
    workers.close()


@pytest.mark.parametrize("count", [2, 5])
def test_many_answers_of_many_inserts_are_restated_piece_by_piece(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RESTATED_AT_ONCE", "INSERTS_AT_ONCE"):
        monkeypatch.setattr(news, name, 2)
    ledger = MemoryLedger()
    answers = [answer(n, 1, DAY, n - 10) for n in range(11, 11 + count)]
    workers = Workers(
        ledger, tmp_path, records_by_partition([receipt(n, 2, n, place="12") for n in range(1, 6)] + answers)
    )
    workers.deliver(1, 9)
    for _ in range(5):
        workers.deliver(0, 1)
    workers.tick(1)
    assert [attached_of(ledger, one["id"])["place"] for one in answers] == ["12"] * count
    workers.close()


def test_a_partition_that_only_reads_says_so_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "UNMARKED_INSERTS", 3)
    ledger = MemoryLedger()
    receipts = [receipt(n, 2, n) for n in range(3, 15)]
    workers = Workers(ledger, tmp_path, records_by_partition([answer(2, 1, DAY, 1), *receipts]))
    workers.deliver(1, 1)
    for _ in receipts:
        workers.deliver(0, 1)
        workers.tick(1)
    marks = [row for row in ledger.standing("mark") if row["stream"].endswith("/1")]
    assert len(marks) == 5  # one of the answer, then one for each four inserts, its own mark among them
    assert max(marks[-1]["cursors"].values()) >= 9
    workers.close()


def test_a_partition_without_answers_that_name_an_event_asks_for_none(tmp_path: Path) -> None:
    class Counting(MemoryLedger):
        asked = 0

        def answers_naming(self, *asked: Any) -> Any:
            self.asked += 1
            return super().answers_naming(*asked)

    ledger = Counting()
    events = [receipt(1, 2, 600), answer(2, 2, DAY, None), receipt(3, 1, 600), answer(4, 1, DAY, None)]
    workers = Workers(ledger, tmp_path, records_by_partition(events))
    for number in range(PARTITIONS):
        workers.deliver(number, 9)
        workers.tick(number)
        workers.restart(number, "kill")
        workers.tick(number)
    assert ledger.asked == 0
    workers.close()


def test_a_tick_stores_nothing_where_nothing_came(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    workers = Workers(ledger, tmp_path, records_by_partition([receipt(1, 2, 600), answer(2, 1, DAY, 1)]))
    for number in range(PARTITIONS):
        workers.deliver(number, 9)
    for _ in range(3):
        for number in range(PARTITIONS):
            workers.tick(number)
    assert sorted(row["insert_number"] for row in ledger.standing("mark")) == [1, 1]
    workers.close()


PLACES = st.sampled_from([None, "12", "7"])
SAID = st.fixed_dictionaries(
    {},
    optional={
        "place": st.sampled_from(["12", "7"]),
        "brand": st.sampled_from(["north", "south"]),
        "persona": st.sampled_from(["loyal", "new"]),
        "segment": st.just("gold"),
        "zone": st.sampled_from(["America/New_York", "Asia/Tokyo"]),
    },
)
MINUTES = st.integers(0, 20 * DAY)
REVISIONS = st.sampled_from([0, 0, 0, 1, 2])


def of_number(number: int) -> int | None:
    """The person of an event is one of its partition, or nobody: another partition for one event is a sender's fault."""
    return (None, 1, 2, 3, 4, 6)[number % 6]


RECEIPTS = st.builds(
    lambda number, minute, revision, said: receipt(number, of_number(number), minute, revision=revision, **said),
    st.integers(1, 8),
    MINUTES,
    REVISIONS,
    SAID,
)
ANSWERS = st.builds(
    lambda number, minute, about, revision, said, time: answer(
        number, of_number(number), minute, about, revision=revision, **said, **time
    ),
    st.integers(11, 18),
    MINUTES,
    st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 12, 99, None]),
    REVISIONS,
    SAID,
    st.sampled_from([{}, {}, {"occurred_at": "2025-06-01T02:00:00Z"}]),
)
OTHERS = st.builds(
    lambda number, minute, said: event(number, of_number(number), minute, "poster", **said),
    st.integers(21, 26),
    MINUTES,
    SAID,
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, PARTITIONS - 1),
        st.sampled_from(["deliver", "deliver", "deliver", "tick", "tick", "close", "kill", "lose state"]),
        st.integers(1, 4),
        st.sampled_from(["", "", "", "lost", "unheard"]),
    ),
    max_size=24,
)


@settings(max_examples=150, deadline=None, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(RECEIPTS, ANSWERS, ANSWERS, OTHERS), min_size=2, max_size=20), STEPS)
def test_rows_are_a_function_of_the_set_of_events_in_any_order_batches_ticks_and_accidents(
    events: list[Event], steps: list[tuple[int, str, int, str]]
) -> None:
    ledger = FaultyLedger()
    with quick_folder() as folder:
        workers = Workers(ledger, folder / "any", records_by_partition(events))
        for number, what, count, fault in steps:
            ledger.faults = iter([fault])
            if what == "deliver":
                workers.deliver(number, count)
            elif what == "tick":
                workers.tick(number)
            else:
                workers.restart(number, what)
        ledger.faults = iter(())
        workers.finish()
        assert tables_of(ledger) == tables_of(rows_in_order(events, folder / "sorted"))
