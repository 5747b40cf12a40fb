"""Who is asked what, and when: the `kpis` of a map as questions, and which of them follow an event.

Pure: whether somebody is sampled, how a question is sent and what is answered is for others to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from touchline.schemas.journey.conditions import StageCondition
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.parts import Ask
from touchline.schemas.times import US_PER_HOUR


class SurveyQuestion(NamedTuple):
    """One question of one map, asked `delay_us` after the event. `goals` has, for each goal after which it is asked, that goal's
    conditions."""

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

    @property
    def points(self) -> int:
        """Steps from the lowest to the highest score."""
        return self.scale_max - self.scale_min


def questions_of(journey_map: JourneyMap) -> list[SurveyQuestion]:
    """The questions of a map in its order."""
    goals = {goal.id: goal.when for goal in journey_map.goals}
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
            tuple(condition for goal in one.ask.goals or () for condition in goals[goal]),
            known,
        )
        for one in journey_map.kpis
    ]


def asked_after(
    questions: Iterable[SurveyQuestion], touchpoint: str, action: str, stage: str, *, is_conversion: bool
) -> list[SurveyQuestion]:
    """The questions that follow an event which the map has put into `stage` ("" = unmapped), in their order."""
    return [one for one in questions if _is_asked(one, touchpoint, action, stage, is_conversion=is_conversion)]


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
