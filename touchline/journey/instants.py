"""The order of one person's events that may have come at the same time, under one map.

Times are as exact as the source keeps them: several steps may stand at one instant, and one of a source that knows seconds may have come
before or after an exact one of that second. Nothing of a journey may depend on how their ids sort. Each event is looked at by itself,
with what was known of the person before them all; then they stand

1. by stage, those that convert nothing before those that convert. What would open the next cycle after a conversion stands before it,
2. then events that no rule maps,
3. then exits,
4. then answers, which are placed where the instant has led,

and what is alike in that by the latest moment at which it can have happened, then by what it says. Events that say the same may be
swapped: only which row has which values changes. What certainly came before stands before.

Why: docs/decisions/0184.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import Any

from touchline.journey.compile import CompiledMap, RuleStep, decide
from touchline.journey.groups import choose
from touchline.journey.predicates import Situation
from touchline.journey.values import JourneyEvent, Tail

US_PER_SECOND = 1_000_000
_EARLY, _CONVERTING, _UNMAPPED, _EXIT = range(4)


def last_moment_of(event: JourneyEvent) -> int:
    """The latest moment (µs) at which the event can have happened."""
    return event.time_us + event.span_us


def runs_at_once(times_us: Sequence[int], lasts_us: Sequence[int]) -> list[tuple[int, int]]:
    """(start, end) of each run of two or more events that may have come at the same time, be it by others between them. Event by event
    the first moment, which ascends, and the last one at which it can have happened."""
    runs: list[tuple[int, int]] = []
    start, latest_us = 0, -1
    for position in range(len(times_us) + 1):
        if position == len(times_us) or times_us[position] > latest_us:
            if position - start > 1:
                runs.append((start, position))
            start = position
        if position < len(times_us):
            latest_us = max(latest_us, lasts_us[position])
    return runs


def order_within(events: Sequence[JourneyEvent], journey_map: CompiledMap, tail: Tail) -> list[int]:
    """Positions of the events of one run, which all move, in the order in which they are followed. `tail` is that before the run. Events
    that are alike keep their order."""
    steps = [_step_alone(event, journey_map, tail) for event in events]
    least = min((step.stage_order for step in steps if step.is_conversion), default=0)
    turns = [_turn(step, least) for step in steps]
    keys = [(*turn, last_moment_of(event), *_said(event)) for event, turn in zip(events, turns, strict=True)]
    times_us, lasts_us = [event.time_us for event in events], [last_moment_of(event) for event in events]
    # First the stages among themselves: a page view that no rule maps may not part a purchase from its coupon.
    staged = [position for position, turn in enumerate(turns) if turn[0] <= _CONVERTING]
    order = _by_turn(
        [times_us[place] for place in staged], [lasts_us[place] for place in staged], [keys[place] for place in staged]
    )
    staged = [staged[place] for place in order]
    for rank, (place, moment_us) in enumerate(zip(staged, accumulate((times_us[p] for p in staged), max), strict=True)):
        times_us[place], keys[place] = moment_us, (_EARLY, rank)
    return _by_turn(times_us, lasts_us, keys)


def at_moments(events: Sequence[JourneyEvent]) -> list[JourneyEvent]:
    """Events of one run in their order, each at the earliest moment that the order allows: its own, or that of one before it. Exact times
    stay."""
    latest_us = 0
    moved = []
    for event in events:
        latest_us = max(latest_us, event.time_us)
        moved.append(event if event.time_us == latest_us else event._replace(time_us=latest_us))
    return moved


def _by_turn(times_us: Sequence[int], lasts_us: Sequence[int], keys: Sequence[tuple[Any, ...]]) -> list[int]:
    """Positions: each time the least key of those that no other one left certainly came before. O(n log n)."""
    by_time = sorted(range(len(keys)), key=times_us.__getitem__)
    by_last = sorted(range(len(keys)), key=lasts_us.__getitem__)
    is_placed = [False] * len(keys)
    free: list[tuple[tuple[Any, ...], int]] = []
    order: list[int] = []
    freed = 0
    for ending in by_last:
        while not is_placed[ending]:
            while freed < len(by_time) and times_us[by_time[freed]] <= lasts_us[ending]:
                heappush(free, (keys[by_time[freed]], by_time[freed]))
                freed += 1
            _, place = heappop(free)
            is_placed[place] = True
            order.append(place)
    return order


def _turn(step: RuleStep, least: int) -> tuple[int, int, bool]:
    """`least`: the lowest stage at which an event of the instant converts, 0 if none does."""
    order, converts = step.stage_order, step.is_conversion
    if step.is_exit:
        return _EXIT, order, converts
    if not order:
        return _UNMAPPED, 0, False
    is_after = converts or (step.stays_after_conversion and 0 < least <= order)
    return _CONVERTING if is_after else _EARLY, order, converts


def _said(event: JourneyEvent) -> tuple[Any, ...]:
    """All that the event says, without source and id."""
    return (
        event.touchpoint,
        event.action,
        event.channel,
        event.local_day,
        event.persona,
        event.segment,
        sorted(event.properties.items()),
    )


def _step_alone(event: JourneyEvent, journey_map: CompiledMap, tail: Tail) -> RuleStep:
    """The step of the event if it came alone after the tail."""
    cell = journey_map.cell(event.touchpoint, event.action)
    if cell.fixed:
        return cell.fixed
    due_s = tail.churn_due_at_s
    is_lost = (
        0 < due_s <= event.time_us // US_PER_SECOND
        and (journey_map.return_opens_cycle or due_s <= tail.touched_us // US_PER_SECOND)
    )  # fmt: skip
    if is_lost:
        tail = tail._replace(stages_seen=0, touchpoints_seen=0, stage=0, last_touchpoint=0, has_converted=False)
    situation = Situation(
        tail.stages_seen,
        tail.touchpoints_seen,
        tail.stage,
        tail.last_touchpoint,
        tail.has_converted,
        tail.conversions,
        event.time_us - tail.touched_us if tail.touchpoint_number else -1,
        event.properties,
        tail.persona,
        tail.segment,
    )
    persona = event.persona or choose(cell.personas, situation) or tail.persona
    segment = event.segment or choose(cell.segments, situation) or tail.segment
    return decide(cell, situation._replace(persona=persona, segment=segment))
