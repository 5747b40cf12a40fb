"""The plan of a chaos run: the same seed is the same plan, every kind of fault is in it, and no two hide each other."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from tests.support.chaos.plan import (
    KILLS,
    LAST_STEPS,
    MOST_WORKERS,
    OF_CLICKHOUSE,
    OF_KAFKA,
    OF_LINK,
    OF_WORKER,
    PAUSE_SECONDS,
    Kind,
    Plan,
    plan_of,
)
from tests.support.chaos.records import AGAIN_FROM, Of, World, phantoms, world_of

seeds = st.integers(0, 10_000)
many_kills = st.integers(5, 60)


@given(seeds, many_kills)
def test_the_same_seed_is_the_same_plan(seed: int, kills: int) -> None:
    assert plan_of(seed, kills) == plan_of(seed, kills)


def test_another_seed_is_another_plan() -> None:
    assert len({plan_of(seed, 10).faults for seed in range(20)}) == 20


@given(seeds, many_kills)
def test_a_plan_has_so_many_kills_and_every_kind_of_fault(seed: int, kills: int) -> None:
    counts = Counter(one.kind for one in plan_of(seed, kills).faults)
    assert sum(count for kind, count in counts.items() if kind in KILLS) == kills
    assert set(counts) == set(Kind)
    assert counts[Kind.MAP] == 1


@given(seeds, many_kills, st.sampled_from((1, 3)))
def test_faults_that_would_hide_each_other_are_not_on_at_once(seed: int, kills: int, brokers: int) -> None:
    plan = plan_of(seed, kills, brokers)
    for kinds in (OF_KAFKA | {Kind.DISK_FULL}, OF_CLICKHOUSE | {Kind.DISK_FULL}):
        assert_apart(plan, [one.number for one in plan.faults if one.kind in kinds])
    for worker in range(1, MOST_WORKERS + 1):
        of_it = [one.number for one in plan.faults if one.kind in OF_WORKER | OF_LINK and one.target == worker]
        of_all = [one.number for one in plan.faults if one.kind is Kind.SCALE]
        assert_apart(plan, sorted(of_it + of_all))


def assert_apart(plan: Plan, numbers: list[int]) -> None:
    """Each is over before the next begins."""
    faults = [plan.faults[number - 1] for number in numbers]
    assert all(one.ends < following.begins for one, following in pairwise(faults))


@given(seeds, many_kills, st.sampled_from((1, 3)))
def test_a_fault_hits_a_worker_or_broker_that_there_is_at_that_time(seed: int, kills: int, brokers: int) -> None:
    plan = plan_of(seed, kills, brokers)
    workers = plan.workers
    assert 2 <= workers <= MOST_WORKERS
    for one in plan.faults:
        if one.kind is Kind.SCALE:
            assert one.target != workers
            workers = one.target
        elif one.kind in OF_WORKER | OF_LINK:
            assert 1 <= one.target <= workers
        elif one.kind is Kind.BROKER:
            assert 1 <= one.target <= brokers
        assert 1 <= workers <= MOST_WORKERS


@given(seeds, many_kills)
def test_everything_is_mended_before_the_last_steps(seed: int, kills: int) -> None:
    plan = plan_of(seed, kills)
    begun = [one.number for step in range(plan.steps) for one in plan.beginning(step)]
    ended = [one.number for step in range(plan.steps) for one in plan.ending(step)]
    assert sorted(begun) == sorted(ended) == [one.number for one in plan.faults]
    assert max(one.ends for one in plan.faults) < plan.steps - LAST_STEPS


@given(seeds, many_kills)
def test_a_worker_is_stopped_for_longer_than_its_session(seed: int, kills: int) -> None:
    plan = plan_of(seed, kills)
    stopped = [one for one in plan.faults if one.kind is Kind.PAUSE]
    assert all((one.ends - one.begins) * plan.step_seconds >= PAUSE_SECONDS for one in stopped)


@pytest.mark.parametrize(("kills", "least"), [(10, 5), (20, 10), (200, 100)])
def test_clickhouse_is_away_for_seconds_in_the_short_form_and_for_minutes_in_the_long_one(
    kills: int, least: int
) -> None:
    plan = plan_of(1, kills)
    away = [one.ends - one.begins for one in plan.faults if one.kind is Kind.CLICKHOUSE]
    assert max(away) * plan.step_seconds >= least


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(3, 1_500, 2)


def test_the_same_seed_is_the_same_records(world: World) -> None:
    assert world_of(3, 1_500, 2).items == world.items


def test_records_hold_poison_duplicates_links_and_persons_who_leave(world: World) -> None:
    of = Counter(one.of for one in world.items)
    assert of[Of.POISON] >= 12
    assert of[Of.CUSTOMER] > len(world.versions)
    assert any(len(one.event.get("identifiers", ())) > 1 for one in world.versions)
    assert [len(one) > 2 for one in world.leaving] == [True, True]


@given(st.integers(0, 1_000))
def test_every_record_can_be_sent(seed: int) -> None:
    poison = [one for one in world_of(seed, 50, 0).items if one.of is Of.POISON]
    assert len(poison) >= 12
    assert all(one.key is not None or one.data is not None for one in poison)


def test_who_is_erased_is_sent_early_and_again_late_and_shares_nothing_with_others(world: World) -> None:
    staying = {tuple(who) for one in world.versions for who in one.event.get("identifiers", ())}
    for group, leaving in enumerate(world.leaving):
        assert staying.isdisjoint(leaving)
        places = [number / len(world.items) for number, one in enumerate(world.items) if one.group == group]
        half = len(places) // 2
        assert max(places[:half]) < 0.5 < AGAIN_FROM - 0.1 < min(places[half:])


def test_what_is_aborted_is_of_nobody_else(world: World) -> None:
    ids = {one.event["id"] for one in world.all_versions}
    assert all(one.event["id"].startswith("phantom") for one in phantoms(3, 1))
    assert ids.isdisjoint(one.event["id"] for one in phantoms(3, 1))
