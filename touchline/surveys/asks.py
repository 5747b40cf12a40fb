"""A request to answer as ONE event that advances: eligible, sampled, invited, shown, ... complete.

The id of the event is the id of the ask, and of its versions the most complete counts, whatever came first. So a decision that is made
again, a report that comes twice and an invitation that is sent anew are one row of `journey.answers`.

Why: docs/decisions/0205.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from touchline.schemas.answer import Disposition
from touchline.schemas.events import ANSWER
from touchline.schemas.times import format_time, parse_time
from touchline.surveys.asked import Asked
from touchline.surveys.decide import AskReason, Decision, EventFacts
from touchline.surveys.policies import Asking
from touchline.surveys.questions import Question

ASKED_AT: Final = "asked_at"
EXPIRES_AT: Final = "expires_at"
POLICY_VERSION: Final = "policy_version"
REASON: Final = "reason"
RULE: Final = "rule"
OPTION: Final = "option"
REACHED: Final = "reached"
REACHED_AT: Final = "reached_at"
WAY: Final = "way"
INVITATION: Final = "invitation"
"""Properties of an ask's event: when the person was sampled, until when the answer is taken, by which version of the policy, why not asked,
which rule or purpose said no, the option chosen, of an expired ask how far it had come, and when, and the way by which it goes to the
person: `invitation`, or none of ours."""


class Ask(NamedTuple):
    """One ask: which question, of whom (pairs of type and key; none of an anonymous one), about which event (none of a place or receipt
    that no event names). Times are microseconds since 1970; `asked_us` is when it
    was decided, `expires_us` until when an answer is taken."""

    id: str
    question: str
    version: str
    language: str
    kpi: str
    variant: str
    scope: str
    scale_min: int
    scale_max: int
    persons: tuple[tuple[str, str], ...]
    touchpoint: str
    about_source: str
    about_event_id: str
    policy: str
    policy_version: int
    probability: float
    asked_us: int
    expires_us: int
    is_simulated: bool = False
    place: str = ""
    way: str = ""

    def is_of(self, question: Question) -> bool:
        """Whether it asks that question in these words."""
        return (self.question, self.version) == (question.id, question.version)


class StoredAsk(NamedTuple):
    """An ask as it stands: how far it has come, and when; of an expired one also how far it had come before, and when."""

    ask: Ask
    disposition: Disposition
    time_us: int
    reached: Disposition | None = None
    reached_us: int = 0


def ask_of(asking: Asking, event: EventFacts, decision: Decision, language: str, now_us: int) -> Ask:
    """The ask that a decision is about, in a language that the question has."""
    question = asking.question
    return Ask(
        decision.ask_id,
        question.id,
        question.version,
        language,
        question.kpi,
        question.variant,
        question.scope,
        question.scale.min,
        question.scale.max,
        event.persons,
        event.touchpoint,
        event.source,
        event.event_id,
        asking.policy,
        asking.policy_version,
        decision.probability,
        now_us,
        decision.expires_us,
        event.is_simulated,
        event.place,
    )


def answer_event(
    ask: Ask,
    disposition: Disposition,
    time_us: int,
    source: str,
    *,
    score: float | None = None,
    comment: str | None = None,
    option: str = "",
    reason: AskReason | None = None,
    rule: str = "",
    reached: Disposition | None = None,
    reached_us: int = 0,
    properties: Mapping[str, str | int | float | bool] | None = None,
) -> dict[str, Any]:
    """The event by which the ask has come to a disposition at `time_us`, as a producer takes it. `source` is that of the surveys (setting
    surveys_source). Of an expired one `reached` says how far it had come, and when."""
    said: dict[str, str | int | float | bool] = {
        **(properties or {}),
        ASKED_AT: format_time(ask.asked_us),
        EXPIRES_AT: format_time(ask.expires_us),
        POLICY_VERSION: ask.policy_version,
    }
    given = {REASON: reason or "", RULE: rule, OPTION: option, REACHED: reached or "", WAY: ask.way}
    said |= {name: str(value) for name, value in given.items() if value}
    if reached:
        said[REACHED_AT] = format_time(reached_us)
    about = {"touchpoint": ask.touchpoint}
    if ask.about_event_id:
        about |= {"source": ask.about_source, "event_id": ask.about_event_id}
    event: dict[str, Any] = {
        "type": ANSWER,
        "id": ask.id,
        "source": source,
        "time": format_time(time_us),
        "persons": [{"type": kind, "key": key} for kind, key in ask.persons],
        "about": about,
        "survey": ask.policy,
        "question": ask.question,
        "question_version": ask.version,
        "language": ask.language,
        "kpi": ask.kpi,
        "variant": ask.variant,
        "scope": ask.scope,
        "scale_min": ask.scale_min,
        "scale_max": ask.scale_max,
        "disposition": disposition,
        "sampling_probability": ask.probability,
        "properties": said,
    }
    if score is not None:
        event["score"] = float(score)
    if comment:
        event["comment"] = comment
    if not ask.persons and not ask.about_event_id:
        event["anonymous"] = True
    if ask.is_simulated:
        event["simulated"] = True
    if ask.place:
        event["place"] = ask.place
    return event


def asked_of(ask: Ask, disposition: Disposition, time_us: int, source: str) -> Asked:
    """The ask at that disposition, as fatigue rules see it. `source` is that of the surveys."""
    return Asked(
        source,
        ask.id,
        ask.policy,
        ask.question,
        ask.kpi,
        ask.touchpoint,
        ask.about_source,
        ask.about_event_id,
        disposition,
        time_us,
        ask.expires_us,
    )


def time_in(properties: Mapping[str, str], name: str) -> int:
    """A time that a property holds, in microseconds since 1970; 0 where there is none that can be read: properties are anybody's."""
    try:
        return parse_time(properties.get(name, ""))
    except ValueError:
        return 0
