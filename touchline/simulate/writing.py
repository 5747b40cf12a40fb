"""Happenings and replies as events of the contract. Every one bears the mark of what is simulated."""

from __future__ import annotations

from typing import Any

from touchline.schemas.times import format_time
from touchline.simulate.arrivals import Person
from touchline.simulate.effects import Effect
from touchline.simulate.journeys import Happening
from touchline.simulate.parameters import CURRENCY, SOURCE, ZONE
from touchline.simulate.surveys import SurveyReply
from touchline.surveys.policy import SurveyQuestion

Event = dict[str, Any]
Identifiers = list[tuple[str, str]]


def touchpoint_event(happening: Happening, event_id: str, person: Person, identifiers: Identifiers) -> Event:
    """One contact."""
    meeting = happening.meeting
    event = _common("touchpoint", event_id, happening.time_us, identifiers)
    event |= {"touchpoint": meeting.touchpoint, "channel": meeting.channel}
    if meeting.action:
        event["action"] = meeting.action
    if meeting.is_declared:
        event["provenance"] = "declared"
    if not meeting.is_online:
        event["place"] = person.place
    if happening.amount_minor is not None:
        event["amount"] = {"amount_minor": happening.amount_minor, "currency": CURRENCY}
        event["order"] = {"id": happening.order, "kind": "refund" if happening.amount_minor < 0 else "purchase"}
    if happening.wait_seconds is not None:
        event["properties"] = {"wait_seconds": happening.wait_seconds}
    return event


def answer_events(one: SurveyReply, event_id: str, about: Event, zone: str | None, probability: float) -> list[Event]:
    """The reports on one question: as invited, where that is reported, and as it ended. `about` is the touchpoint event."""
    rated = {
        "touchpoint": about["touchpoint"],
        "source": about["source"],
        "event_id": about["id"],
        "occurred_at": about["time"],
    }
    fields = {"about": rated, **_asked(one.question)}
    if probability < 1:
        fields["sampling_probability"] = probability
    ended = _common("answer", event_id, one.time_us, about.get("identifiers") or [], zone)
    if about.get("persons"):
        ended["persons"] = about["persons"]
    ended |= {**fields, "disposition": one.disposition}
    if about.get("place"):
        ended["place"] = about["place"]
    if one.score is not None:
        ended["score"] = one.score
    if one.invited_us is None:
        return [ended]
    invited = {key: value for key, value in ended.items() if key != "score"}
    invited |= {"time": format_time(one.invited_us), "disposition": "invited"}
    return [invited, {**ended, "revision": 1}]


def identify_event(event_id: str, time_us: int, linked: Identifiers) -> Event:
    """A login: from here on these identifiers are known to be one person."""
    return _common("identify", event_id, time_us, linked)


def initiative_event(effect: Effect, event_id: str) -> Event:
    """What the company changed, whether it works or not."""
    event = _common("initiative", event_id, effect.starts_us, [])
    return event | {
        "initiative": effect.name,
        "touchpoint": effect.touchpoint,
        "starts_at": event["time"],
        "cost": {"amount_minor": 500_000, "currency": CURRENCY},
    }


def _common(kind: str, event_id: str, time_us: int, identifiers: Identifiers, zone: str | None = ZONE) -> Event:
    event: Event = {
        "type": f"touchline.{kind}.v1",
        "id": event_id,
        "source": SOURCE,
        "time": format_time(time_us),
        "simulated": True,
    }
    if identifiers:
        event["identifiers"] = identifiers
    if zone:
        event["zone"] = zone
    return event


def _asked(question: SurveyQuestion) -> Event:
    return {
        "survey": question.map,
        "question": question.id,
        "language": question.language,
        "kpi": question.kpi,
        "variant": question.variant,
        "scope": question.scope,
        "scale_min": question.scale_min,
        "scale_max": question.scale_max,
    }
