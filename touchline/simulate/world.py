"""What can happen under a map: the meetings that surely lead to a stage, found in its rules."""

from __future__ import annotations

from typing import NamedTuple

from touchline.errors import WrongUsage
from touchline.journey.compile import CompiledMap, compile_map
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.times import US_PER_DAY

_LONGEST_WAIT_DAYS = 20


class Meeting(NamedTuple):
    """A touchpoint and an action that the map puts into one stage whatever came before."""

    touchpoint: str
    action: str
    channel: str
    is_online: bool
    is_declared: bool
    stage: str
    stage_order: int
    is_conversion: bool
    stays: bool


class World(NamedTuple):
    """`meetings` by stage, in the order of the map; a stage that only history or content decides has none. `longest_wait_us` is the
    longest time within a journey, well before it counts as lost."""

    journey_map: JourneyMap
    meetings: tuple[tuple[Meeting, ...], ...]
    longest_wait_us: int

    @property
    def touchpoints(self) -> dict[str, Meeting]:
        """The first meeting of each touchpoint."""
        found: dict[str, Meeting] = {}
        for stage in self.meetings:
            for meeting in stage:
                found.setdefault(meeting.touchpoint, meeting)
        return found


def world_of(journey_map: JourneyMap) -> World:
    """Raises WrongUsage for a map none of whose goals a touchpoint and an action surely meet."""
    compiled = compile_map(journey_map)
    stages: list[list[Meeting]] = [[] for _ in journey_map.stages]
    for rule in journey_map.rules:
        for touchpoint in rule.when.touchpoint or ():
            for action in rule.when.action or ("",):
                meeting = _meeting(journey_map, compiled, touchpoint, action)
                if meeting is not None and meeting not in stages[meeting.stage_order - 1]:
                    stages[meeting.stage_order - 1].append(meeting)
    if not any(meeting.is_conversion for stage in stages for meeting in stage):
        raise WrongUsage(
            f"nobody can be simulated under the map {journey_map.map}: no touchpoint and action surely meets a goal",
            "give a goal a rule that asks for touchpoint and action only, or name another map",
        )
    term_days = (journey_map.churn.inactivity_days if journey_map.churn else None) or 2 * _LONGEST_WAIT_DAYS
    return World(
        journey_map, tuple(map(tuple, stages)), min(_LONGEST_WAIT_DAYS * US_PER_DAY, term_days * US_PER_DAY // 2)
    )


def _meeting(journey_map: JourneyMap, compiled: CompiledMap, touchpoint: str, action: str) -> Meeting | None:
    declared = next((one for one in journey_map.touchpoints if one.id == touchpoint), None)
    step = compiled.cell(touchpoint, action).fixed
    if declared is None or declared.observability == "unobservable" or step is None or step.is_exit or not step.stage:
        return None
    return Meeting(
        touchpoint,
        action,
        declared.channel,
        declared.is_online,
        declared.observability == "survey_only",
        step.stage,
        step.stage_order,
        step.is_conversion,
        step.stays_after_conversion,
    )
