"""KPIs of the catalogue against outside values and definitions: the funnel (O7), net emotion, waits as a histogram that adds up."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import answer, attached, choose_default_map, write
from tests.contract.sql.selecting import call
from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import event
from touchline.settings import Settings
from touchline.sql.all_views import EVENT_VIEWS
from touchline.sql.language.catalogue import load_catalogue

CHAIN = """
map: chain
version: 1
title: The chain c1, c2, c3
stages: [{id: c1, name: One}, {id: c2, name: Two}, {id: c3, name: Three}]
touchpoints:
  - {id: t1, name: One, channel: web, ownership: owned, observability: traceable}
  - {id: t2, name: Two, channel: web, ownership: owned, observability: traceable}
  - {id: t3, name: Three, channel: web, ownership: owned, observability: traceable}
rules:
  - {id: r1, when: {touchpoint: t1}, stage: c1}
  - {id: r2, when: {touchpoint: t2}, stage: c2}
  - {id: r3, when: {touchpoint: t3}, stage: c3}
goals: [{id: never, name: Never, when: {touchpoint: t1, action: never}}]
cycle: {stays: []}
"""
O7 = {1: "1234", 2: "4321", 3: "43"}
"""O7: events c1,c2,c3,c4 pass 3 stages of the chain c1,c2,c3 in order; c4,c3,c2,c1 pass 1; c4,c3 none."""


def funnel(client: Client, mode: str = "in_order") -> list[tuple[object, ...]]:
    """Of all journeys: stage, reached, advanced, rate."""
    days = ("2020-01-01", "2030-12-31")
    source = call("funnel_stage", None, map="chain", map_version=1, mode=mode, date_from=days[0], date_to=days[1])
    query = f"SELECT stage, reached, advanced, round(rate, 6) FROM {source} ORDER BY stage_order"
    return [tuple(row) for row in client.execute(query)]


def test_the_funnel_counts_journeys_that_passed_the_stages_in_order(
    engine_settings: Settings, empty_client: Client, tmp_path: Path
) -> None:
    start_anew(empty_client, CHAIN)
    events = [
        event(10 * person + number, person, number, f"t{step}")
        for person, steps in O7.items()
        for number, step in enumerate(steps)
    ]
    # Two events of the same second count as ordered, whichever stands first.
    events += [event(41, 4, 7, "t2"), event(42, 4, 7, "t1")]
    store(engine_settings, tmp_path, events, [3], CHAIN)
    in_order = [("c1", 3, 2, round(2 / 3, 6)), ("c2", 2, 1, 0.5), ("c3", 1, 0, None)]
    assert funnel(empty_client) == in_order
    plain = "SELECT stage, reached, reached_next, round(rate, 6) FROM journey.funnel_stage ORDER BY stage_order"
    assert empty_client.execute(plain) == [*in_order[:2], ("c3", 1, None, None)]
    in_any_order = [("c1", 4, 4, 1.0), ("c2", 4, 3, 0.75), ("c3", 3, 0, None)]
    assert funnel(empty_client, "any") == in_any_order


def test_a_stage_of_the_funnel_without_a_rate_has_no_interval(
    engine_settings: Settings, empty_client: Client, tmp_path: Path
) -> None:
    """The last one, although journeys came to it."""
    start_anew(empty_client, CHAIN)
    store(engine_settings, tmp_path, [event(step, 1, step, f"t{step}") for step in (1, 2, 3)], [3], CHAIN)
    query = "SELECT reached, rate, ci_high FROM journey.funnel_stage ORDER BY stage_order"
    assert empty_client.execute(query) == [(1, 1, pytest.approx(1)), (1, 1, pytest.approx(1)), (1, None, None)]


def test_a_late_event_that_closes_the_gap_restates_the_funnel(
    engine_settings: Settings, empty_client: Client, tmp_path: Path
) -> None:
    start_anew(empty_client, CHAIN)
    store(engine_settings, tmp_path, [event(1, 1, 0, "t1"), event(3, 1, 9, "t3"), event(2, 1, 5, "t2")], [2], CHAIN)
    assert [row[1] for row in funnel(empty_client)] == [1, 1, 1]


def test_net_emotion_is_the_share_of_6_to_7_less_that_of_1_to_3(empty_client: Client) -> None:
    """Temkin: each of 1 to 7; here 4 of 10 are delighted, 3 upset."""
    scores = [7, 7, 6, 6, 5, 4, 4, 3, 2, 1]
    write(empty_client, [answer(number, "emotion", score, (1, 7)) for number, score in enumerate(scores, start=1)])
    query = "SELECT variant, n, n_positive, n_neutral, n_negative, value, ci_method FROM journey.kpi_survey_1d"
    assert empty_client.execute(query) == [("net", 10, 4, 3, 3, pytest.approx(10), "adjusted_wald")]


def test_histograms_of_waits_add_up_and_bound_the_percentiles(empty_client: Client) -> None:
    """The classes of any parts add up to those of the whole, and hold the exact percentile of the waits."""
    choose_default_map(empty_client)
    random = Random(3)
    waits = [int(math.exp(random.uniform(0, 15)) * 1_000_000) if number % 9 else number for number in range(600)]
    write(
        empty_client,
        [
            attached(number + 1, touchpoint_number=2, wait_us=wait, touchpoint=f"t{number % 5}", stage=f"s{number % 2}")
            for number, wait in enumerate(waits)
        ],
    )
    classes = "wait_from_seconds, wait_below_seconds"
    by_part = empty_client.execute(f"SELECT touchpoint, stage, {classes}, events FROM journey.kpi_wait_1d")
    whole: Counter[tuple[int, int]] = Counter()
    for _, _, low, high, events in by_part:
        whole[low, high] += events
    exact = sorted(wait / 1_000_000 for wait in waits)
    assert whole == {(low, high): sum(low <= wait < high for wait in exact) for low, high in whole}
    assert sum(whole.values()) == len(waits)
    for level in (0.5, 0.9, 0.99):
        ends = ", ".join(f"quantileExactWeighted({level})({end}, toUInt64(events))" for end in classes.split(", "))
        ((low, high),) = empty_client.execute(f"SELECT {ends} FROM journey.kpi_wait_1d")
        assert low <= exact[math.ceil(level * len(exact)) - 1] < high


def test_every_kpi_of_the_catalogue_has_the_events_behind_its_cells(engine_client: Client) -> None:
    behind = {one.mart: one.view.full_name for one in EVENT_VIEWS}
    marts = {view for kpi in load_catalogue().counts for view in kpi.views} | {"kpi_survey_1h", "kpi_survey_1d"}
    assert marts == behind.keys()
    for mart, view in behind.items():
        described = {row[0]: row[1] for row in engine_client.execute(f"DESCRIBE TABLE journey.{mart}")}
        of_events = {row[0]: row[1] for row in engine_client.execute(f"DESCRIBE TABLE {view}")}
        shared = described.keys() & of_events.keys()
        assert {name: described[name] for name in shared} == {name: of_events[name] for name in shared}


def test_the_catalogue_says_of_every_formula_which_end_of_it_is_good(engine_client: Client) -> None:
    rows = engine_client.execute("SELECT id, variant, is_low_good FROM journey.dim_kpi")
    said = {(kpi, variant): is_low_good for kpi, variant, is_low_good in rows}
    means = {(kpi.id, one.id) for kpi, one in load_catalogue().variants() if one.kind == "mean"}
    mirrored = {key for key in means if key[1].endswith("_reversed")}
    assert {key for key, is_low_good in said.items() if is_low_good == 1} == {("ces", "effort_mean")} | mirrored
    assert {key for key, is_low_good in said.items() if is_low_good is None} == {key for key in said if key[1] is None}
