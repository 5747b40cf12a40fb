"""Planted effects: what a good analysis must find, what it must not find, and how large each is.

Every score is drawn as lowest + binomial(points, quality), so the truth behind it is one number, the quality: the expected score is
lowest + points * quality, and the chance of any class of scores is a binomial one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.schemas.journey.parts import Ask
from touchline.simulate.chance import share_of
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.world import Meeting, World
from touchline.surveys.policy import SurveyQuestion, asked_after, questions_of

LONG_WAIT_SECONDS: Final = 300
MEAN_WAIT_SECONDS: Final = 240
WAIT_EFFECT: Final = -0.35
INITIATIVE_EFFECT: Final = 0.15
TRAIT: Final = 0.08
_QUEUES: Final = ("call_centre", "phone", "chat", "messenger")
_LOWEST, _HIGHEST = 0.02, 0.98


class Effect(NamedTuple):
    """`shift` is added to the quality of answers about the touchpoint; of kind `wait` after long waits only, of kind `initiative` to those
    about what happened from `starts_us` on. 0: an initiative that does not work."""

    kind: str
    name: str
    touchpoint: str
    starts_us: int
    shift: float

    def of(self, touchpoint: str, time_us: int, wait_seconds: int | None) -> float:
        """What it adds to an answer about this touchpoint then."""
        if touchpoint != self.touchpoint or time_us < self.starts_us:
            return 0.0
        if self.kind == "wait":
            return self.shift if (wait_seconds or 0) > LONG_WAIT_SECONDS else 0.0
        return self.shift


class Plan(NamedTuple):
    """What is asked, and what is planted. `queue` is the touchpoint where persons wait."""

    questions: tuple[SurveyQuestion, ...]
    effects: tuple[Effect, ...]
    queue: str


def plan_of(world: World, parameters: SimulationParameters) -> Plan:
    """The map's own questions, one on effort where persons wait unless the map asks it there, and up to three effects."""
    touchpoints = world.touchpoints
    queue = next((one for one in touchpoints.values() if one.channel in _QUEUES), list(touchpoints.values())[-1])
    questions = questions_of(world.journey_map)
    if not any(one.kpi == "ces" and _is_asked_at(one, queue) for one in questions):
        questions.append(_effort_question(world, queue, questions))
    effects = [Effect("wait", "long_wait", queue.touchpoint, 0, WAIT_EFFECT)]
    goals = [one.touchpoint for stage in world.meetings for one in stage if one.is_conversion]
    others = [
        name
        for name, one in touchpoints.items()
        if name not in (queue.touchpoint, goals[0]) and any(_is_asked_at(question, one) for question in questions)
    ]
    middle_us = (parameters.begin_us + parameters.end_us) // 2
    if goals[0] != queue.touchpoint:
        effects.append(Effect("initiative", "works", goals[0], middle_us, INITIATIVE_EFFECT))
    effects += [Effect("initiative", "does_not_work", name, middle_us, 0.0) for name in others[:1]]
    return Plan(tuple(questions), tuple(effects), queue.touchpoint)


def base_quality(seed: int, touchpoint: str) -> float:
    """Of a touchpoint without effects."""
    return 0.55 + 0.3 * share_of(seed, "quality", touchpoint)


def quality(base: float, trait: float, shifts: float) -> float:
    """Of one answer: that of the touchpoint, of the person, and what is planted; kept between 0.02 and 0.98."""
    return round(min(max(base + trait + shifts, _LOWEST), _HIGHEST), 6)


def _is_asked_at(question: SurveyQuestion, one: Meeting) -> bool:
    return bool(asked_after([question], one.touchpoint, one.action, one.stage, is_conversion=one.is_conversion))


def _effort_question(world: World, queue: Meeting, questions: list[SurveyQuestion]) -> SurveyQuestion:
    """As the map asks it elsewhere, else on 1 to 7."""
    ask = Ask(touchpoints=(queue.touchpoint,))
    known = next((one for one in questions if one.kpi == "ces" and one.scope == "transactional"), None)
    name = "effort_of_waiting"
    if known is not None:
        return known._replace(id=name, ask=ask, goals=(), delay_us=0)
    journey_map = world.journey_map
    names = frozenset(one.id for one in journey_map.touchpoints)
    return SurveyQuestion(
        journey_map.map, name, "ces", "top_3_box", "transactional", 1, 7, 0, journey_map.language, ask, (), names
    )
