"""Who is asked what, and when: the `kpis` of a map as questions, and which questions follow an event.

Questions of a policy are placed in the same way (policies.py). Pure: whether somebody is asked is decide.py's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from touchline.schemas.journey.conditions import StageCondition
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Ask
from touchline.schemas.times import US_PER_HOUR

Moment = Literal["before_conversion", "conversion", "after_conversion"]
"""Where an event stands in its journey cycle: before any conversion of it, as a conversion, or after one."""


class SurveyQuestion(NamedTuple):
    """One question on one map, asked `delay_us` after the event. `goals` has, for each goal after which it is asked, that goal's
    conditions; `moments` the moments of a cycle at which it is."""

    map: str
    id: str
    kpi: str
    variant: str
    scope: str
    scale_min: int
    scale_max: int
    delay_us: int
    language: str
    ask: Ask
    goals: tuple[StageCondition, ...]
    touchpoints: frozenset[str]
    moments: frozenset[Moment] = frozenset()

    @property
    def points(self) -> int:
        """Steps from the lowest to the highest score."""
        return self.scale_max - self.scale_min


def questions_of(journey_map: JourneyMap) -> list[SurveyQuestion]:
    """The questions of a map in its order."""
    known = frozenset(one.id for one in journey_map.touchpoints)
    return [
        SurveyQuestion(
            journey_map.map,
            one.id,
            one.kpi,
            one.variant,
            one.scope,
            one.scale.min,
            one.scale.max,
            round(one.delay_hours * US_PER_HOUR),
            journey_map.language,
            one.ask,
            conditions_of(journey_map, one.ask),
            known,
        )
        for one in journey_map.kpis
    ]


def conditions_of(journey_map: JourneyMap, ask: Ask) -> tuple[StageCondition, ...]:
    """The conditions of the goals after which it is asked. Raises KeyError for a goal that the map does not have."""
    goals = {goal.id: goal.when for goal in journey_map.goals}
    return tuple(condition for goal in ask.goals or () for condition in goals[goal])


def asked_after(
    questions: Iterable[SurveyQuestion],
    touchpoint: str,
    action: str,
    stage: str,
    *,
    is_conversion: bool,
    has_converted: bool = False,
) -> list[SurveyQuestion]:
    """The questions that follow an event which the map has put into `stage` ("" = unmapped), in their order. `has_converted`: its journey
    cycle had a conversion before it."""
    moment: Moment = "conversion" if is_conversion else "after_conversion" if has_converted else "before_conversion"
    return [
        one
        for one in questions
        if (stage and moment in one.moments) or _is_asked(one, touchpoint, action, stage, is_conversion=is_conversion)
    ]


def _is_asked(question: SurveyQuestion, touchpoint: str, action: str, stage: str, *, is_conversion: bool) -> bool:
    ask = question.ask
    if ask.touchpoints == "all":
        if touchpoint in question.touchpoints:
            return True
    elif touchpoint in (ask.touchpoints or ()):
        return True
    if stage and stage in (ask.stages or ()):
        return True
    return is_conversion and any(_fits(goal, touchpoint, action, stage) for goal in question.goals)


def _fits(goal: StageCondition, touchpoint: str, action: str, stage: str) -> bool:
    """Of several goals, whether it can be this one. That a goal was met at all, content and history included, is known."""

    def allows(asked: Sequence[str] | None, value: str) -> bool:
        return not asked or value in asked

    return allows(goal.touchpoint, touchpoint) and allows(goal.action, action) and allows(goal.stage, stage)
