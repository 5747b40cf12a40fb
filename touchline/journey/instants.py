"""The order of one person's events that bear the same time, under one map.

Times are as exact as the source keeps them, so several steps may stand at one instant, and nothing of a journey may depend on how their
ids sort. Each event of the instant is looked at by itself, with what was known of the person before the instant; then they stand

1. by stage, those that convert nothing before those that convert. What would open the next cycle after a conversion stands before it,
2. then events that no rule maps,
3. then exits,
4. then answers, which are placed where the instant has led,

and what is alike in that by what it says. Events that say the same may be swapped: only which row has which values changes.

Why: docs/decisions/0184.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from touchline.journey.compile import CompiledMap, RuleStep, decide
from touchline.journey.groups import choose
from touchline.journey.predicates import Situation
from touchline.journey.values import JourneyEvent, Tail

US_PER_SECOND = 1_000_000
_EARLY, _CONVERTING, _UNMAPPED, _EXIT, _ANSWER = range(5)


def shared_instants(times_us: Sequence[int]) -> list[tuple[int, int]]:
    """(start, end) of each run of two or more equal times; `times_us` ascend."""
    runs: list[tuple[int, int]] = []
    start = 0
    for position in range(1, len(times_us) + 1):
        if position == len(times_us) or times_us[position] != times_us[start]:
            if position - start > 1:
                runs.append((start, position))
            start = position
    return runs


def order_within(events: Sequence[JourneyEvent], journey_map: CompiledMap, tail: Tail) -> list[int]:
    """Positions of the events of one instant in the order in which they are followed. `tail` is that before the instant. Events that are
    alike keep their order."""
    steps = [_step_alone(event, journey_map, tail) if event.moves else None for event in events]
    least = min((step.stage_order for step in steps if step and step.is_conversion), default=0)
    keys = [(*_turn(step, least), *_said(event)) for event, step in zip(events, steps, strict=True)]
    return sorted(range(len(events)), key=keys.__getitem__)


def _turn(step: RuleStep | None, least: int) -> tuple[int, int, bool]:
    """`least`: the lowest stage at which an event of the instant converts, 0 if none does."""
    if step is None:
        return _ANSWER, 0, False
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
