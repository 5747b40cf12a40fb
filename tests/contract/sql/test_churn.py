"""Churn and recovery as facts: what became of each journey at a moment, in whatever order its events came, against a plain retelling."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, given, settings, strategies as st
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from tests.contract.sql.selecting import rows_of
from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import event, person_key
from touchline.settings import Settings

SHOP = """
map: shop
version: 1
title: A taco stand
stages: [{id: see, name: See}, {id: buy, name: Buy}]
touchpoints:
  - {id: ad, name: Ad, channel: web, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
  - {id: bye, name: Bye, channel: email, ownership: owned, observability: traceable}
rules:
  - {id: r1, when: {touchpoint: [ad, bye]}, stage: see}
  - {id: r2, when: {touchpoint: till}, stage: buy}
goals: [{id: sale, name: Sale, when: {touchpoint: till}}]
cycle: {stays: []}
churn: {inactivity_days: 5, exit: {touchpoint: bye}}
"""
GOES_ON = SHOP.replace("exit: {touchpoint: bye}", "return_opens_cycle: false")
DAY = 1440
START = datetime(2025, 6, 1, tzinfo=UTC)
TERM = timedelta(days=5)
JUNE = {"map": "shop", "map_version": 1, "date_from": "2025-05-01", "date_to": "2025-07-31"}
Stretch = tuple[str, int, datetime, datetime, str, datetime | None, datetime | None]
"""Person, cycle, begin, last, state, lost, returned."""


GROUPS = ("all", "cohort", "month", "stage")


class Visit(NamedTuple):
    person: int
    minute: int
    touchpoint: str

    @property
    def time(self) -> datetime:
        return START + timedelta(minutes=self.minute)


def as_events(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    return [event(number, *one, time=f"{one.time:%Y-%m-%dT%H:%M:%SZ}") for number, one in enumerate(visits)]


def told(visits: Sequence[Visit], as_of: datetime) -> set[Stretch]:
    """The journeys as somebody tells them who was there."""
    found: set[Stretch] = set()
    for person in {one.person for one in visits}:
        own = sorted((one for one in visits if one.person == person and one.time <= as_of), key=lambda one: one.minute)
        journeys: list[list[Visit]] = []
        for one in own:
            before = journeys[-1] if journeys else []
            is_over = not before or one.time >= due(before) or any(met.touchpoint == "till" for met in before)
            if is_over:
                journeys.append([])
            journeys[-1].append(one)
        for number, journey in enumerate(journeys):
            after = journeys[number + 1][0].time if number + 1 < len(journeys) else None
            is_lost = due(journey) <= as_of and (after is None or after >= due(journey))
            left = "exited" if journey[-1].touchpoint == "bye" else "churned"
            state = ("returned" if after else left) if is_lost else "followed" if after else "active"
            ends = (due(journey) if is_lost else None, after if state == "returned" else None)
            found.add((person_key(person), number + 1, journey[0].time, journey[-1].time, state, *ends))
    return found


def due(journey: Sequence[Visit]) -> datetime:
    return journey[-1].time + (timedelta() if journey[-1].touchpoint == "bye" else TERM)


def seen(client: Client, as_of: datetime, **arguments: object) -> set[Stretch]:
    rows = rows_of(client, "churn", as_of=f"{as_of:%Y-%m-%d %H:%M:%S}", **(JUNE | arguments))
    names = ("person", "cycle", "started_at", "last_at", "state", "lost_at", "returned_at")
    assert len({(row["person"], row["cycle"], row["stretch"]) for row in rows}) == len(rows)
    return {tuple(row[name] for name in names) for row in rows}


@st.composite
def visits(draw: st.DrawFn) -> list[Visit]:
    """Four persons over four weeks, no two visits of one person at the same minute, in the order in which the records come."""
    whens = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 28 * 24)), min_size=1, max_size=30, unique=True))
    kinds = st.sampled_from(("ad", "ad", "ad", "till", "bye"))
    return [Visit(person, 60 * hour, draw(kinds)) for person, hour in draw(st.permutations(whens))]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(came=visits(), first=st.integers(1, 30), hour=st.integers(0, 40 * 24))
def test_what_became_of_journeys_is_told_by_the_events_up_to_the_moment_in_any_order_of_arrival(
    engine_settings: Settings, engine_client: Client, came: list[Visit], first: int, hour: int
) -> None:
    start_anew(engine_client, SHOP)
    as_of = START + timedelta(hours=hour)
    with tempfile.TemporaryDirectory() as folder:
        store(engine_settings, Path(folder), as_events(came), [first, 5, 100], SHOP)
    assert seen(engine_client, as_of) == told(came, as_of)


@pytest.fixture
def stored(engine_settings: Settings, empty_client: Client, tmp_path: Path) -> Any:
    def put(came: Sequence[Visit], text: str = SHOP, sizes: Sequence[int] = (1_000,)) -> Client:
        start_anew(empty_client, text)
        store(engine_settings, tmp_path, as_events(came), sizes, text)
        return empty_client

    return put


def test_a_return_takes_provisional_churn_back_and_opens_the_next_cycle(stored: Any) -> None:
    came = [Visit(1, 0, "ad"), Visit(1, 9 * DAY, "ad")]
    client = stored(came)
    on = {day: {one[1:2] + one[4:] for one in seen(client, START + timedelta(days=day))} for day in (4, 6, 10, 20)}
    lost, back, again = START + TERM, START + timedelta(days=9), START + timedelta(days=14)
    assert on == {
        4: {(1, "active", None, None)},
        6: {(1, "churned", lost, None)},
        10: {(1, "returned", lost, back), (2, "active", None, None)},
        20: {(1, "returned", lost, back), (2, "churned", again, None)},
    }


def test_a_late_event_retracts_churn_that_was_never(stored: Any) -> None:
    """The visit of the third day comes last of all: then nobody was lost on the fifth."""
    client = stored([Visit(1, 0, "ad"), Visit(1, 7 * DAY, "ad"), Visit(1, 3 * DAY, "ad")], sizes=[1, 1, 1])
    (found,) = seen(client, START + timedelta(days=8))
    assert found[1:] == (1, START, START + timedelta(days=7), "active", None, None)


def test_where_the_map_lets_a_journey_go_on_a_return_begins_another_stretch_of_it(stored: Any) -> None:
    client = stored([Visit(1, 0, "ad"), Visit(1, 9 * DAY, "ad"), Visit(1, 10 * DAY, "ad")], GOES_ON)
    rows = rows_of(client, "churn", as_of="2025-06-12 00:00:00", **JUNE)
    found = sorted(
        (row["cycle"], row["stretch"], row["state"], row["returned_cycle"], row["absent_days"]) for row in rows
    )
    assert found == [(1, 1, "returned", 1, 9.0), (1, 2, "active", None, None)]


def test_active_journeys_are_those_that_the_list_of_journeys_calls_open(stored: Any) -> None:
    came = [
        Visit(person, person * 400 + step * DAY * person, kind)
        for person in range(6)
        for step, kind in enumerate(("ad", "till", "ad"))
    ]
    client = stored(came)
    as_of = "2025-06-17 00:00:00"
    open_ones = {
        (row["person"], row["cycle"])
        for row in rows_of(client, "journeys", as_of=as_of, **JUNE)
        if row["state"] == "open"
    }
    rows = rows_of(client, "churn", as_of=as_of, **JUNE)
    assert {(row["person"], row["cycle"]) for row in rows if row["state"] == "active"} == open_ones
    assert open_ones


def rates(client: Client, as_of: str, **arguments: object) -> dict[str | None, dict[str, Any]]:
    return {row["value"]: row for row in rows_of(client, "churn_rate", as_of=as_of, **(JUNE | arguments))}


def test_churn_within_so_many_days_is_kaplan_meiers_with_those_that_last_still(stored: Any) -> None:
    """Forty stays that begin on different days and end after different ones; the moment cuts some of them."""
    came = [
        Visit(person, person % 20 * DAY + step * 2 * DAY, "ad")
        for person in range(40)
        for step in range(1 + person % 5)
    ]
    as_of, days = START + timedelta(days=24), 12
    found = rates(stored(came), f"{as_of:%Y-%m-%d %H:%M:%S}", days=days)[None]
    times, ended = [], []
    for person in range(40):
        last = person % 20 + 2 * (person % 5)
        visits_seen = [day for day in range(person % 20, last + 1, 2) if day <= 24]
        is_lost = visits_seen[-1] + 5 <= 24
        times.append((visits_seen[-1] + 5 if is_lost else 24) - person % 20)
        ended.append(int(is_lost))
    curve = SurvfuncRight(np.array(times), np.array(ended))
    index = int(np.searchsorted(curve.surv_times, days, side="right")) - 1
    kept, error = curve.surv_prob[index], curve.surv_prob_se[index]
    width = 1.959963984540054 * error / (kept * -np.log(kept))
    assert (found["n"], found["n_lost"], found["n_active"]) == (40, sum(ended), 40 - sum(ended))
    assert found["churn_rate"] == pytest.approx(1 - kept)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((1 - kept ** np.exp(-width), 1 - kept ** np.exp(width)))
    assert (found["ci_method"], found["is_small_n"]) == ("log_log", 0)
    assert found["median_days"] == float(curve.quantile(0.5))


def test_recovery_is_of_those_lost_so_long_ago_that_they_could_have_come_back(stored: Any) -> None:
    came = [Visit(person, 0, "ad") for person in range(12)]
    came += [
        Visit(person, (7 + person) * DAY, "ad") for person in range(4)
    ]  # back after 7, 8, 9, 10 days: 2 to 5 after the loss
    came += [Visit(20, 0, "bye"), Visit(21, 15 * DAY, "ad")]
    found = rates(stored(came), "2025-06-23 00:00:00", days=3)[None]
    assert (found["n"], found["n_persons"], found["n_lost"], found["n_exited"], found["n_returned"]) == (
        18,
        14,
        18,
        1,
        4,
    )
    # lost by the term on or before the 19th day: the first stay of twelve and the second of four; two were back within three days
    assert (found["numerator"], found["denominator"]) == (2, 16)
    low, high = proportion_confint(2, 16, method="wilson")
    assert (found["recovery_rate"], found["recovery_low"], found["recovery_high"]) == pytest.approx((2 / 16, low, high))
    assert found["is_recovery_small_n"] == 1


def test_rates_are_split_by_cohort_month_and_stage(stored: Any) -> None:
    came = [Visit(1, 0, "ad"), Visit(1, 30 * DAY, "ad"), Visit(1, 31 * DAY, "till"), Visit(2, 31 * DAY, "till")]
    client, as_of = stored(came), "2025-07-10 00:00:00"
    found = {
        by: {value: (row["n"], row["n_lost"]) for value, row in rates(client, as_of, grouped=by).items()}
        for by in GROUPS
    }
    assert found == {
        "all": {None: (3, 3)},
        "cohort": {"2025-06-01": (2, 2), "2025-07-01": (1, 1)},
        "month": {"2025-06-01": (1, 1), "2025-07-01": (2, 2)},
        "stage": {"see": (2, 2), "buy": (2, 2)},
    }
    by_stage = rates(client, as_of, grouped="stage", days=5)
    assert by_stage["buy"]["churn_rate"] == 1.0, "counted from when the stage was reached"
    assert by_stage["see"]["churn_rate"] == 0.5


def test_a_rate_is_not_known_and_no_zero_while_none_was_seen_so_long(stored: Any) -> None:
    client = stored([Visit(1, 0, "ad"), Visit(2, DAY, "ad")])
    young = rates(client, "2025-06-04 00:00:00", days=5)[None]
    assert (young["churn_rate"], young["ci_low"], young["recovery_rate"], young["n_seen"]) == (None, None, None, 0)
    early = rates(client, "2025-06-04 00:00:00", days=2)[None]
    low, high = proportion_confint(0, 2, method="wilson")
    assert (early["churn_rate"], early["ci_low"], early["ci_high"], early["ci_method"]) == (
        0,
        low,
        pytest.approx(high),
        "wilson",
    )
