"""Events of one person at one time, through the real loop: whatever they are called, however they come and however batches cut the instant,
the tables say the same of the journey."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.journey.build import JOURNEYS
from tests.unit.processors.loop.partition import expected_tables, tables_of
from tests.unit.processors.loop.world import event, make_loop, make_pipeline, quick_folder, records_of, store_all
from touchline.processors.ledger.memory import MemoryLedger

RETAIL = (JOURNEYS / "retail.yaml").read_text(encoding="utf-8")
MINUTES = st.sampled_from([0, 0, 0, 1, 2])


def happening(number: int, person: int | None, minute: int, kind: str, content: str) -> dict[str, Any]:
    """One event of the shop's map. `content` decides nothing there."""
    one = event(number, person, minute, "till" if kind == "till" else kind, place=content)
    if kind == "till":
        one |= {
            "amount": {"amount_minor": 100 * ord(content), "currency": "EUR"},
            "order": {"id": f"o{content}", "kind": "purchase"},
        }
    if kind == "answer":
        del one["touchpoint"], one["place"]
        one |= {
            "type": "touchline.answer.v1", "survey": content, "question": "q", "question_version": "1", "language": "en",
            "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": ord(content) % 11,
            "about": {"touchpoint": "site", "occurred_at": one["time"]},
        }  # fmt: skip
    return one


HAPPENINGS = st.lists(
    st.builds(
        happening,
        st.just(0),
        st.sampled_from([None, 1, 1, 1, 2]),
        MINUTES,
        st.sampled_from(["poster", "site", "till", "till", "unheard_of", "answer"]),
        st.sampled_from(["a", "b"]),
    ),
    min_size=1,
    max_size=14,
)


def told(ledger: MemoryLedger) -> Counter[Any]:
    """The attached rows, without the names of the events."""
    counts: Counter[Any] = Counter()
    for row, count in tables_of(ledger).attached.items():
        counts[tuple(field for field in row if field[0] not in ("source", "event_id"))] += count
    return counts


def stored(events: list[dict[str, Any]], sizes: list[int]) -> MemoryLedger:
    ledger = MemoryLedger()
    with quick_folder() as folder:
        loop = make_loop(ledger, folder)
        store_all(loop, records_of(events), sizes)
        loop.close()
    return ledger


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(HAPPENINGS, st.lists(st.integers(1, 4), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_names_arrival_and_cuts_through_an_instant_change_nothing(
    happenings: list[dict[str, Any]], sizes: list[int], chance: Any
) -> None:
    numbers = chance.sample(range(200), 2 * len(happenings))
    first = [{**one, "id": f"e{number}"} for one, number in zip(happenings, numbers, strict=False)]
    other = [{**one, "id": f"e{number}"} for one, number in zip(happenings, reversed(numbers), strict=False)]
    chance.shuffle(other)
    ledger = stored(other, sizes)
    assert told(ledger) == told(stored(first, [1_000]))
    assert tables_of(ledger) == expected_tables(other)


@pytest.mark.parametrize("sizes", [[1], [2], [3]])
@pytest.mark.parametrize("ids", [("9", "10"), ("09", "10"), ("z", "a")])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_steps_in_one_second_are_one_journey_through_all_stages(
    order: tuple[int, ...], ids: tuple[str, str], sizes: list[int], tmp_path: Path
) -> None:
    mailing = event(0, 1, 0, "campaign_mailing") | {"action": "send"}
    coupon = event(0, 1, 1440, "coupon") | {"action": "show", "id": ids[0]}
    purchase = event(0, 1, 1440, "store_purchase") | {"action": "purchase", "id": ids[1]}
    events = [mailing, coupon, purchase]
    ledger = MemoryLedger()
    loop = make_loop(ledger, tmp_path, pipeline=make_pipeline(text=RETAIL))
    store_all(loop, records_of(events[place] for place in order), sizes)
    loop.close()
    rows = {row["touchpoint"]: row for row in ledger.standing("attached")}
    assert {row["cycle"] for row in rows.values()} == {1}
    assert [rows[name]["transition"] for name in ("campaign_mailing", "coupon", "store_purchase")] == [
        "enter", "advance", "advance",
    ]  # fmt: skip
    assert rows["store_purchase"]["funnel_depth"] == 3


def test_a_repetition_at_the_time_of_the_last_event_changes_nothing(tmp_path: Path) -> None:
    events = [event(1, 1, 0, "poster"), event(2, 1, 5, "site"), event(3, 1, 5, "till")]
    ledger = MemoryLedger()
    loop = make_loop(ledger, tmp_path)
    store_all(loop, records_of([*events, events[1], events[2], events[1]]), (3, 1, 2))
    loop.close()
    assert tables_of(ledger) == expected_tables(events)
    assert all(row["sign"] == 1 for row in ledger.rows)


def test_of_two_purchases_alike_the_amount_decides_which_opens_the_next_journey(tmp_path: Path) -> None:
    told_of = []
    for number, ids in enumerate([("a", "b"), ("b", "a")]):
        events = [happening(0, 1, 0, "till", content) | {"id": name} for name, content in zip(ids, "xy", strict=True)]
        ledger = MemoryLedger()
        loop = make_loop(ledger, tmp_path / f"{number}")
        store_all(loop, records_of(events), [1])
        loop.close()
        told_of.append({row["amount_minor"]: row["cycle"] for row in ledger.standing("attached")})
    assert told_of[0] == told_of[1] == {100 * ord("x"): 1, 100 * ord("y"): 2}
