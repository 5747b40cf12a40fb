"""All of one person's events, with the truth beside each: journey, logins, questions and answers, up to the end of the simulation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from touchline.simulate.arrivals import Person
from touchline.simulate.chance import Chance
from touchline.simulate.effects import Plan, base_quality
from touchline.simulate.identities import ManyIdentifiers
from touchline.simulate.journeys import Happening, journey
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.surveys import SAMPLED_SHARE, SurveyReply, replies
from touchline.simulate.world import World
from touchline.simulate.writing import Event, Identifiers, answer_events, identify_event, touchpoint_event
from touchline.surveys.policy import asked_after

_LOGS_IN = 0.4


class StoryEvent(NamedTuple):
    """One event as it happens, and what is true of it."""

    time_us: int
    event: Event
    truth: dict[str, Any]


def tell(person: Person, world: World, plan: Plan, parameters: SimulationParameters) -> Iterator[StoryEvent]:
    """The person's events; those after the end have not happened yet and are left out."""
    identities = (
        _DeviceThenLogin(person, Chance(parameters.seed, "login", person.number))
        if parameters.identities is None
        else ManyIdentifiers(person, parameters, parameters.identities)
    )
    end_us = parameters.end_us
    for happening in journey(person, world, plan.queue, parameters.seed):
        if happening.time_us >= end_us:
            return
        event_id = f"{person.login}-{happening.number}"
        linked = identities.links(happening)
        if linked:
            time_us = happening.time_us - 1
            yield StoryEvent(time_us, identify_event(f"{event_id}-login", time_us, linked), {"person": person.number})
        event = touchpoint_event(happening, event_id, person, identities.now())
        yield StoryEvent(happening.time_us, event, _truth_of(happening, person))
        for answered in _answers(event, happening, person, plan, parameters):
            if answered.time_us < end_us:
                yield answered


def _truth_of(happening: Happening, person: Person) -> dict[str, Any]:
    meeting = happening.meeting
    return {
        "person": person.number,
        "cycle": happening.cycle,
        "stage": meeting.stage,
        "stage_order": meeting.stage_order,
        "is_conversion": meeting.is_conversion,
    }


def _answers(
    event: Event, happening: Happening, person: Person, plan: Plan, parameters: SimulationParameters
) -> Iterator[StoryEvent]:
    meeting, seed = happening.meeting, parameters.seed
    chance = Chance(seed, "survey", person.number, happening.number)
    asked = asked_after(
        plan.questions, meeting.touchpoint, meeting.action, meeting.stage, is_conversion=meeting.is_conversion
    )
    at = (meeting.touchpoint, happening.time_us, happening.wait_seconds)
    applied = {one.name: one.of(*at) for one in plan.effects}
    base = base_quality(seed, meeting.touchpoint)
    for one in replies(asked, chance, happening.time_us, base, person.trait, sum(applied.values())):
        written = answer_events(one, f"{event['id']}-{one.question.id}", event, event["zone"], SAMPLED_SHARE)
        shifts = {name: shift for name, shift in applied.items() if shift}
        truth = {
            "person": person.number,
            "quality": one.quality,
            "wait_seconds": happening.wait_seconds,
            "effects": shifts,
        }
        for report, time_us in zip(written, _times(one), strict=True):
            yield StoryEvent(time_us, report, truth)


def _times(one: SurveyReply) -> list[int]:
    return [one.time_us] if one.invited_us is None else [one.invited_us, one.time_us]


class _DeviceThenLogin:
    """By what a person is known: a device until the first login, the login from then on, online both."""

    def __init__(self, person: Person, chance: Chance) -> None:
        self._person = person
        self._chance = chance
        self._is_known = not person.begins_unknown
        self._is_online = False

    def links(self, happening: Happening) -> Identifiers:
        """What is linked where this happening begins with the first login; else nothing."""
        self._is_online = happening.meeting.is_online
        if self._is_known:
            return []
        self._is_known = happening.meeting.is_conversion or self._chance.happens(_LOGS_IN)
        return [("login", self._person.login), ("device", self._person.device)] if self._is_known else []

    def now(self) -> Identifiers:
        """Identifiers of the happening, the strongest first."""
        if not self._is_known:
            return [("device", self._person.device)]
        known = [("login", self._person.login)]
        if self._person.begins_unknown and self._is_online:
            known.append(("device", self._person.device))
        return known
