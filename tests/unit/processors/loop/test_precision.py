"""Sources that know seconds or days beside exact ones, through the real loop: however events come, whatever they are called and wherever
batches and restarts cut, the tables say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.journey.build import JOURNEYS
from tests.unit.processors.loop.partition import expected_tables, tables_of
from tests.unit.processors.loop.test_instants import happening
from tests.unit.processors.loop.world import (
    SOURCES,
    event,
    journey_rows,
    kill,
    make_loop,
    make_pipeline,
    quick_folder,
    records_of,
    store_all,
)
from touchline.processors.ledger.memory import MemoryLedger
from touchline.schemas.sources import Source

RETAIL = (JOURNEYS / "retail.yaml").read_text(encoding="utf-8")
KNOWING = {
    **SOURCES,
    "tills": Source(legal_basis="contract", precision="second"),
    "loyalty": Source(legal_basis="contract", precision="day", zone="Europe/Rome"),
}
RETAIL_STEPS = make_pipeline(text=RETAIL, sources=KNOWING)
SHOP_STEPS = make_pipeline(sources=KNOWING)


def at(time: str, source: str, touchpoint: str, action: str = "", **fields: Any) -> dict[str, Any]:
    """A person's event of 2 June 2025, at this time of the day."""
    return event(0, 1, 0, touchpoint, action=action, source=source, time=f"2025-06-02T{time}Z", **fields)


def stored(
    events: Sequence[dict[str, Any]], sizes: Sequence[int], steps: Any = SHOP_STEPS, *, forgetful: bool = False
) -> MemoryLedger:
    """`forgetful`: a new worker without state takes over after each batch."""
    ledger = MemoryLedger()
    records, turn, position = records_of(events), 0, 0
    while position < len(records):
        size = sizes[min(turn, len(sizes) - 1)] if forgetful else len(records)
        with quick_folder() as folder:
            loop = make_loop(ledger, folder, f"w{turn}", pipeline=steps)
            store_all(loop, records[position : position + size], [1_000] if forgetful else sizes, generation=turn + 1)
            kill(loop)
        turn, position = turn + 1, position + size
    return ledger


def steps_of(ledger: MemoryLedger) -> dict[str, tuple[Any, ...]]:
    """Cycle, transition and depth of the funnel by touchpoint."""
    return {
        row["touchpoint"]: (row["cycle"], row["transition"], row.get("funnel_depth", 0))
        for row in ledger.standing("attached")
    }


@pytest.mark.parametrize("forgetful", [False, True])
@pytest.mark.parametrize("sizes", [[1], [2], [3]])
@pytest.mark.parametrize("ids", [("9", "10"), ("09", "10"), ("z", "a")])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_coupon_seen_in_the_second_of_the_receipt_was_seen_before_it(
    order: tuple[int, ...], ids: tuple[str, str], sizes: list[int], forgetful: bool
) -> None:
    events = [
        at("08:00:00", "shop", "campaign_mailing", "send", id="m"),
        at("10:00:00.4", "shop", "coupon", "show", id=ids[0]),
        at("10:00:00", "tills", "store_purchase", "purchase", id=ids[1]),
    ]
    ledger = stored([events[place] for place in order], sizes, RETAIL_STEPS, forgetful=forgetful)
    assert steps_of(ledger) == {
        "campaign_mailing": (1, "enter", 1),
        "coupon": (1, "advance", 2),
        "store_purchase": (1, "advance", 3),
    }
    waits = {row["touchpoint"]: row.get("wait_us", 0) for row in ledger.standing("attached")}
    assert sum(waits.values()) == 7_200_400_000
    assert waits["store_purchase"] == 0


@pytest.mark.parametrize("coupon", ["09:59:59.999999", "10:00:01"])
def test_what_lies_outside_the_second_keeps_its_side_of_the_receipt(coupon: str) -> None:
    events = [
        at(coupon, "shop", "coupon", "show", id="c"),
        at("10:00:00", "tills", "store_purchase", "purchase", id="p"),
    ]
    cycles = {name: cycle for name, (cycle, *_) in steps_of(stored(events, [1], RETAIL_STEPS)).items()}
    assert cycles == {"coupon": 1 if coupon < "10" else 2, "store_purchase": 1}


def test_the_time_as_known_and_its_span_are_stored_and_no_correction_is_hidden() -> None:
    events = [at("10:00:00.7", "tills", "till", id="a"), at("22:30:00", "loyalty", "poster", id="b")]
    rows = {row["event_id"]: row for row in stored(events, [2]).standing("received")}
    assert (rows["a"]["event_time"] % 60_000_000, rows["a"]["span_us"]) == (0, 999_999)
    assert rows["a"]["clock_correction_us"] == -700_000
    # 3 June in Rome, from 22:00 UTC on
    assert (rows["b"]["event_time"] % 86_400_000_000, rows["b"]["span_us"]) == (79_200_000_000, 86_399_999_999)
    assert rows["b"]["clock_correction_us"] == -1_800_000_000


def test_a_precision_that_is_declared_later_holds_for_later_events_and_makes_no_repetition_a_conflict() -> None:
    events = [at("10:00:00.7", "tills", "till", id="a"), at("10:00:00.2", "shop", "site", id="b")]
    ledger = MemoryLedger()
    rows_after = []
    for turn, sources in enumerate([{**KNOWING, "tills": Source(legal_basis="contract")}, KNOWING]):
        with quick_folder() as folder:
            loop = make_loop(ledger, folder, f"w{turn}", pipeline=make_pipeline(sources=sources))
            store_all(loop, records_of([*events, *events])[2 * turn : 2 * turn + 2], generation=turn + 1)
            kill(loop)
        rows_after.append(journey_rows(ledger))
    assert rows_after[0] == rows_after[1]
    assert len(ledger.standing("received", lambda row: row["fate"] == "duplicate")) == 2


def told(ledger: MemoryLedger) -> Counter[Any]:
    """The attached rows, without the ids of the events."""
    counts: Counter[Any] = Counter()
    for row, count in tables_of(ledger).attached.items():
        counts[tuple(field for field in row if field[0] != "event_id")] += count
    return counts


def placed(one: dict[str, Any], source: str, tenths: int) -> dict[str, Any]:
    time = one["time"].replace(":00Z", f":{tenths // 10:02d}.{tenths % 10}Z")
    one = {**one, "source": source, "time": time}
    if "about" in one:
        one["about"] = {"touchpoint": "site"}
    return one


HAPPENINGS = st.lists(
    st.builds(
        placed,
        st.builds(
            happening,
            st.just(0),
            st.sampled_from([None, 1, 1, 1, 2]),
            st.sampled_from([0, 0, 0, 1, 1440]),
            st.sampled_from(["poster", "site", "till", "till", "unheard_of", "answer"]),
            st.sampled_from(["a", "b"]),
        ),
        st.sampled_from(["shop", "shop", "tills", "tills", "loyalty"]),
        st.sampled_from([0, 0, 1, 4, 9, 12]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    HAPPENINGS,
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_names_arrival_cuts_and_restarts_change_nothing(
    happenings: list[dict[str, Any]], sizes: list[int], forgetful: bool, chance: Any
) -> None:
    numbers = chance.sample(range(200), 2 * len(happenings))
    first = [{**one, "id": f"e{number}"} for one, number in zip(happenings, numbers, strict=False)]
    other = [{**one, "id": f"e{number}"} for one, number in zip(happenings, reversed(numbers), strict=False)]
    chance.shuffle(other)
    ledger = stored(other, sizes, forgetful=forgetful)
    assert told(ledger) == told(stored(first, [1_000]))
    assert tables_of(ledger) == expected_tables(other, SHOP_STEPS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(HAPPENINGS)
def test_waits_add_up_and_never_go_back(happenings: list[dict[str, Any]]) -> None:
    ledger = stored([{**one, "id": f"e{number}"} for number, one in enumerate(happenings)], [3])
    waits: Counter[str] = Counter()
    received = {row["event_id"]: row for row in ledger.standing("received")}
    times: dict[str, list[tuple[int, int]]] = {}
    for row in ledger.standing("attached"):
        if row.get("touchpoint_number", 0):
            assert row.get("wait_us", 0) >= 0
            waits[row["identifier"]] += row.get("wait_us", 0)
            fact = received[row["event_id"]]
            times.setdefault(row["identifier"], []).append((row["event_time"], fact.get("span_us", 0)))
    for identifier, total in waits.items():
        starts = [time for time, _ in times[identifier]]
        assert total <= max(time + span for time, span in times[identifier]) - min(starts)
        if not any(span for _, span in times[identifier]):
            assert total == max(starts) - min(starts)
