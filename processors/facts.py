"""From a validated event to the flat fact that the ledger keeps: times corrected and placed in their local day, money
with its exponent, texts sealed."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from touchline.processors.cipher import Cipher
from touchline.processors.records import Fact
from touchline.schemas.answer import AnswerEvent
from touchline.schemas.consent import ConsentEvent
from touchline.schemas.credibility import Moments, moments_of
from touchline.schemas.envelope import Contract
from touchline.schemas.events import Event
from touchline.schemas.identifiers import order_of
from touchline.schemas.identify import IdentifyEvent
from touchline.schemas.measure import MeasureEvent
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source
from touchline.schemas.times import local_day
from touchline.schemas.touchpoint import TouchpointEvent

UNKNOWN_PREFIX = "+"
"""Fields that the contract does not know are kept among the properties under this prefix, as JSON."""

_NO_PROPERTIES: Mapping[str, str] = {}

# Below, `type(event) is` and not isinstance: pydantic's models answer isinstance in Python, 2 µs each time, and the
# union's models have no subclasses.


def fact_of(
    event: Event, payload_hash: int, source: Source, record_time_us: int, company_zone: str, cipher: Cipher
) -> Fact | Rejection:
    """The fact of a validated event, or why its times, its zone or the sign of its money cannot be believed.

    `record_time_us` (the time that Kafka kept with the record) stands in for an absent `received_at`.
    """
    moments = moments_of(event, source, record_time_us)
    if type(moments) is Rejection:
        return moments
    assert type(moments) is Moments
    zone = event.zone or source.zone or company_zone
    about = _about(event, moments)
    day = local_day(moments.about_us, zone)
    identifier_type, identifier = _identifier(event)
    touchpoint, action, channel, provenance = _contact(event)
    answer = _answer(event) if type(event) is AnswerEvent else _NO_ANSWER
    money = _money(event)
    comment = event.comment if type(event) is AnswerEvent else None
    consent = event.consent
    return Fact(
        event.type,
        event.source,
        event.id,
        event.revision,
        moments.time_us,
        day,
        identifier,
        identifier,
        touchpoint,
        action,
        int(event.simulated),
        provenance,
        event.campaign or "",
        event.brand or source.brand or "",
        event.place or "",
        *(answer + about + money),
        channel or source.default_channel or "",
        event.persona or "",
        event.segment or "",
        payload_hash,
        moments.received_us,
        moments.clock_correction_us,
        zone,
        identifier_type,
        "" if consent is None else consent.id,
        "" if consent is None else ",".join(sorted(set(consent.purposes))),
        _properties(event),
        "" if comment is None else cipher.seal(comment.encode(), f"{event.source}\0{event.id}"),
        "" if comment is None else cipher.key_id,
    )


def _about(event: Event, moments: Moments) -> tuple[int, str, str]:
    """Time, source and id of what an answer is about; the answer's own time where it does not say."""
    if type(event) is not AnswerEvent:
        return (0, "", "")
    return (moments.about_us, event.about.source or "", event.about.event_id or "")


def _identifier(event: Event) -> tuple[str, str]:
    persons = event.persons
    if not persons or (type(event) is AnswerEvent and event.anonymous):
        return ("", "")
    first = persons[0] if len(persons) == 1 else min(persons, key=lambda one: order_of(one.type))
    return (first.type, first.key)


def linked_identifiers(event: Event, fact: Fact) -> list[str]:
    """The other identifiers that the event says belong to its person (or, of an unlink, do not)."""
    if not fact.identifier or len(event.persons) < 2:
        return []
    return sorted({person.key for person in event.persons} - {fact.identifier})


def _contact(event: Event) -> tuple[str, str, str, str]:
    """Touchpoint, action, channel and provenance."""
    if type(event) is TouchpointEvent:
        return (event.touchpoint, event.action, event.channel or "", event.provenance)
    if type(event) is AnswerEvent:
        return (event.about.touchpoint, "answer", "", "")
    if type(event) is MeasureEvent:
        return (event.touchpoint, "", "", "")
    if type(event) is ConsentEvent:
        return ("", event.state, "", "")
    assert type(event) is IdentifyEvent
    return ("", event.action, "", "")


_Answer = tuple[str, str, str, str, str, str, str, int, int, float, int, str, float]
_NO_ANSWER: _Answer = ("", "", "", "", "", "", "", 0, 0, 0.0, 0, "", 0.0)


def _answer(event: AnswerEvent) -> _Answer:
    return (
        event.survey,
        event.question,
        event.question_version,
        event.language,
        event.kpi,
        event.variant,
        event.scope,
        event.scale_min,
        event.scale_max,
        0.0 if event.score is None else event.score,
        int(event.score is not None),
        event.disposition,
        event.sampling_probability,
    )


def _money(event: Event) -> tuple[int, str, int, str, str]:
    if type(event) is not TouchpointEvent:
        return (0, "", 0, "", "")
    order = event.order
    order_id, order_kind = ("", "") if order is None else (order.id, order.kind)
    amount = event.amount
    if amount is None:
        return (0, "", 0, order_id, order_kind)
    return (amount.amount_minor, amount.currency, CURRENCY_EXPONENTS[amount.currency], order_id, order_kind)


def _properties(event: Event) -> Mapping[str, str]:
    own = None if type(event) is TouchpointEvent else _own_fields(event)
    extra = event.model_extra
    if not event.properties and not extra and not own:
        return _NO_PROPERTIES
    properties = {name: value if type(value) is str else _text(value) for name, value in event.properties.items()}
    if own:
        properties.update(own)
    if extra:
        properties.update((UNKNOWN_PREFIX + name, orjson.dumps(value).decode()) for name, value in extra.items())
    return dict(sorted(properties.items())) if len(properties) > 1 else properties


def _text(value: object) -> str:
    return str(value) if type(value) is int else orjson.dumps(value).decode()


def _own_fields(event: Event) -> dict[str, str]:
    """Fields of rare event types that have no column of their own."""
    if type(event) is ConsentEvent:
        return {
            "consent_id": event.consent_id,
            "purposes": ",".join(sorted(set(event.purposes))),
            "effective_at": event.effective_at,
        }
    if type(event) is MeasureEvent:
        fields = {
            "measure": event.measure,
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
            "owner": event.owner,
        }
        fields["expected_kpi"] = event.expected_kpi
        if event.cost is not None:
            fields |= {"cost_minor": str(event.cost.amount_minor), "cost_currency": event.cost.currency}
        return {name: value for name, value in fields.items() if value}
    return {}


def unknown_field_count(event: Event) -> int:
    """Number of fields that the contract does not know, nested ones included."""
    part: Contract | None = None
    if type(event) is TouchpointEvent:
        part = event.order
    elif type(event) is AnswerEvent:
        part = event.about
    count = 0
    for fields in (event, event.consent, part):
        if fields is not None and fields.model_extra:
            count += len(fields.model_extra)
    return count


def is_unlink(event: Event) -> bool:
    """Whether the event says that its persons do not belong together."""
    return type(event) is IdentifyEvent and event.action == "unlink"
