"""Invitations: which events have a question that is due, whether an ask may go out now, and what is handed to the company's own sender.

Whoever is to be invited is decided as everybody else (decide.py). Between the decision and the sending something may have happened: a
consent was withdrawn, the event was taken back, two customers turned out to be one. So `held_back` is asked again before each try.

Why: docs/decisions/0210.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from touchline.schemas.times import format_time
from touchline.surveys.asked import RANK, standing
from touchline.surveys.asks import Ask
from touchline.surveys.decide import EventFacts, PersonFacts, due_at, follows, spared_until, state_of
from touchline.surveys.policies import Asking


class Hold(StrEnum):
    """Why an ask that was sampled does not go out now."""

    EXPIRED = "expired"
    EVENT_GONE = "event_gone"
    POLICY_CHANGED = "policy_changed"
    CONSENT = "consent"
    FATIGUE = "fatigue"
    GOES_ON = "goes_on"


class Span(NamedTuple):
    """Times of events, the first not included. Microseconds since 1970."""

    after_us: int
    until_us: int


def due_spans(askings: Iterable[Asking], since_us: int | None, now_us: int) -> list[Span]:
    """Times of the events of which a question is due now; with `since_us` those alone of which it was not due then. They do not overlap."""
    spans = []
    for one in askings:
        until_us = now_us - one.where.delay_us
        after_us = until_us - one.valid_us
        if since_us is not None:
            after_us = max(after_us, since_us - one.where.delay_us)
        spans.append(Span(after_us, until_us))
    merged: list[Span] = []
    for span in sorted(one for one in spans if one.after_us < one.until_us):
        if merged and span.after_us <= merged[-1].until_us:
            merged[-1] = Span(merged[-1].after_us, max(merged[-1].until_us, span.until_us))
        else:
            merged.append(span)
    return merged


def due_askings(askings: Sequence[Asking], event: EventFacts, now_us: int) -> list[Asking]:
    """The questions that may follow the event and are due, whether or not its cycle had a conversion before: deciding will know."""
    found = {}
    for has_converted in (False, True):
        for one in follows(askings, event._replace(has_converted=has_converted)):
            due_us, expires_us = due_at(one, event)
            if due_us <= now_us < expires_us:
                found[one.question.id] = one
    return list(found.values())


def held_back(
    ask: Ask,
    asking: Asking | None,
    events: Collection[EventFacts],
    person: PersonFacts,
    now_us: int,
    untried: Collection[str] = (),
) -> Hold | None:
    """Why the ask must not go out at `now_us`, None where it may. `events` are those that the person has under the ask's event id, `person`
    is all that is known of them now. `untried` are asks that nothing was sent of: of two that one rule allows one of, the earlier goes.
    """
    asks = standing(person.asks)
    if any(one.ask_id == ask.id and RANK[one.disposition] > RANK["sampled"] for one in asks):
        return Hold.GOES_ON
    if now_us >= ask.expires_us:
        return Hold.EXPIRED
    event = next(iter(events), None)
    if event is None:
        return Hold.EVENT_GONE
    if asking is None:
        return Hold.POLICY_CHANGED
    if any(state_of(person.consents, purpose, now_us) != "granted" for purpose in asking.purposes):
        return Hold.CONSENT
    own = (ask.asked_us, ask.id)
    others = [
        one
        for one in asks
        if one.ask_id != ask.id
        and not (one.disposition == "sampled" and one.ask_id in untried and (one.time_us, one.ask_id) > own)
    ]
    is_spared = any(spared_until(rule, asking, event, others, now_us) for rule in asking.fatigue)
    return Hold.FATIGUE if is_spared else None


def invitation(ask: Ask, asking: Asking, link: str) -> dict[str, Any]:
    """What the company's sender gets: whom (by person key and by the event, no identifier), about what, which question, the link, until
    when. The same each time it is sent; `id` is the idempotency key."""
    kind, key = ask.persons[0]
    wording = asking.question.wordings[ask.language]
    body: dict[str, Any] = {
        "id": ask.id,
        "type": "invitation",
        "person": {"type": kind, "key": key},
        "about": {"touchpoint": ask.touchpoint, "source": ask.about_source, "event_id": ask.about_event_id},
        "policy": ask.policy,
        "policy_version": ask.policy_version,
        "question": {
            "id": ask.question,
            "version": ask.version,
            "kind": asking.question.kind,
            "kpi": ask.kpi,
            "language": ask.language,
            "text": wording.text,
        },
        "link": link,
        "asked_at": format_time(ask.asked_us),
        "expires_at": format_time(ask.expires_us),
        "simulated": ask.is_simulated,
    }
    return body | ({"place": ask.place} if ask.place else {})
