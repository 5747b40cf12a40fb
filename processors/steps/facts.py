"""From a checked event to the flat fact that the ledger keeps: times corrected and placed in their local day, money with its
exponent, texts sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.properties import UnknownFields, properties_of
from touchline.processors.values.records import NAMES_EVENT, OWN_BRAND, OWN_TIME, OWN_ZONE, Fact
from touchline.schemas.canonical import payload_hash_of_own
from touchline.schemas.checking import CheckedEvent, doubles_of, has_unknown_fields
from touchline.schemas.credibility import instants_of, moments_of, sign_fault
from touchline.schemas.depth import is_too_deep
from touchline.schemas.events import ANSWER, CONSENT, IDENTIFY, TOUCHPOINT
from touchline.schemas.identifiers import strongest
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.precision import Precision, span_of
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Terms
from touchline.schemas.times import local_day
from touchline.schemas.versions import completeness_of

_NO_PROPERTIES: Mapping[str, str] = {}
# Survey, question, its version, language, kpi, variant, scope, scale, score, has_score, disposition, sampling probability; then
# time, source and id of what the answer is about, day of the answer.
_NO_ANSWER = ("", "", "", "", "", "", "", 0, 0, 0.0, 0, "", 0.0, 0, "", "", 0)
_ABOUT_TIME = Fact._fields.index("about_time") - Fact._fields.index("survey")
_NO_ANSWER_NOR_COMMENT = (*_NO_ANSWER, "", "", 0, 0)  # with what it says itself, and the completeness
_NO_MONEY = (0, "", 0, "", "")
_of_all: Any = itemgetter(  # one call for all is quicker than one look-up each
    "type", "source", "id", "revision", "simulated", "zone", "campaign", "brand", "place", "persona", "segment", "consent"
)  # fmt: skip
TOO_DEEP = Rejection(Reason.TOO_DEEP, "")
_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much


def fact_of(
    event: CheckedEvent,
    value: dict[str, Any],
    source: Terms,
    record_time_us: int,
    company_zone: str,
    cipher: Cipher,
    unknown_fields: UnknownFields,
) -> Fact | Rejection:
    """The fact of a checked event, or why its times or zone cannot be used. Adds to the number of unknown fields.

    `value` is the event as sent, the caller's own; for its hash `received_at` is taken out of it. `record_time_us` (the time that
    Kafka kept with the record) stands in for an absent `received_at`. Raises ValueError for text that is no Unicode.
    """
    # Nearly all events are touchpoints, hence the one function without detours: 5 µs an event instead of 8.
    if event["type"] != TOUCHPOINT:
        return _other_fact(event, value, source, record_time_us, company_zone, cipher, unknown_fields)
    (
        event_id, source_id, time, received_at, revision, persons, simulated, consent, place, own_zone, brand, campaign,
        persona, segment, properties, _, touchpoint, action, channel, provenance, amount, order, *unknown,
    ) = event.values()  # fmt: skip  # in the model's order, unknown ones last; a test holds this against the model
    naive_zone, correction_us, default_brand, default_channel, precision = source
    instants = instants_of(time, received_at, own_zone, source, record_time_us)
    if isinstance(instants, Rejection):
        return instants
    time_us, received_us = instants
    has_unknown = unknown or (consent is not None and len(consent) > 2)
    amount_minor, currency, exponent, order_id, order_kind = _NO_MONEY
    if order is not None:
        order_id, order_kind = order["id"], order["kind"]
        has_unknown = has_unknown or len(order) > 2
    if amount is not None:
        amount_minor, currency = amount["amount_minor"], amount["currency"]
        exponent = CURRENCY_EXPONENTS[currency]
        has_unknown = has_unknown or len(amount) > 2
        if fault := sign_fault(amount, order):
            return fault
    identifier_type = identifier = ""
    if persons:
        first = strongest(persons)
        identifier_type, identifier = first["type"], first["key"]
        for person in persons:
            has_unknown = has_unknown or len(person) > 2
    if has_unknown and is_too_deep(value):
        return TOO_DEEP
    payload_hash = payload_hash_of_own(value, value.values() if has_unknown else properties.values())
    zone = own_zone or naive_zone or company_zone
    span_us = 0
    if precision:
        time_us, correction_us, span_us = _as_known(time_us, correction_us, precision, zone)
    return _new(  # type: ignore[no-any-return]
        Fact,
        (
            channel or default_channel,
            persona or "",
            segment or "",
            payload_hash,
            received_us,
            correction_us,
            span_us,
            zone,
            identifier_type,
            "" if consent is None else consent["id"],
            "" if consent is None else _joined(consent["purposes"]),
            properties_of(event, bool(has_unknown), unknown_fields) if properties or has_unknown else _NO_PROPERTIES,
            TOUCHPOINT,  # the one text for all: it is hashed once, and nothing of it is kept a thousand times
            source_id,
            event_id,
            revision,
            time_us,
            local_day(time_us, zone),
            identifier,
            identifier,
            touchpoint,
            action,
            1 if simulated else 0,
            provenance,
            campaign or "",
            brand or default_brand,
            place or "",
            amount_minor,
            currency,
            exponent,
            order_id,
            order_kind,
            *_NO_ANSWER_NOR_COMMENT,
        ),
    )


def _other_fact(
    event: CheckedEvent,
    value: dict[str, Any],
    source: Terms,
    record_time_us: int,
    company_zone: str,
    cipher: Cipher,
    unknown_fields: UnknownFields,
) -> Fact | Rejection:
    """The same for all but touchpoints."""
    has_unknown = has_unknown_fields(event)
    if has_unknown and is_too_deep(value):
        return TOO_DEEP
    naive_zone, _, default_brand, default_channel, precision = source
    moments = moments_of(event, source, record_time_us)
    if isinstance(moments, Rejection):
        return moments
    told_us, received_us, correction_us, about_us = moments
    (kind, source_id, event_id, revision, simulated, own_zone, campaign, brand, place, persona, segment, consent) = (
        _of_all(event)
    )
    zone = own_zone or naive_zone or company_zone
    time_us, span_us = told_us, 0
    if precision:
        time_us, correction_us, span_us = _as_known(told_us, correction_us, precision, zone)
        about_us = time_us if about_us == told_us else about_us
    payload_hash = payload_hash_of_own(value, value.values() if has_unknown else doubles_of(value, event))
    identifier_type, identifier = _identifier(event)
    touchpoint, action = _contact(event)
    answer, comment, about_own = _NO_ANSWER, None, 0
    consent_id, purposes = ("", "") if consent is None else (consent["id"], _joined(consent["purposes"]))
    if kind == CONSENT:
        consent_id, purposes = event["consent_id"], _joined(event["purposes"])
        answer, about_us = _effective(about_us), time_us
    if kind == ANSWER:
        answer, comment = _answer(event, about_us, local_day(time_us, zone)), event["comment"]
        about_own = _own_of_about(event)
    return _new(  # type: ignore[no-any-return]
        Fact,
        (
            default_channel,
            persona or "",
            segment or "",
            payload_hash,
            received_us,
            correction_us,
            span_us,
            zone,
            identifier_type,
            consent_id,
            purposes,
            properties_of(event, has_unknown, unknown_fields),
            kind,
            source_id,
            event_id,
            revision,
            time_us,
            local_day(about_us, zone),
            identifier,
            identifier,
            touchpoint,
            action,
            1 if simulated else 0,
            "",
            campaign or "",
            brand or default_brand,
            place or "",
            *_NO_MONEY,
            *answer,
            "" if comment is None else cipher.seal(comment.encode(), f"{source_id}\0{event_id}"),
            "" if comment is None else cipher.key_id,
            about_own,
            completeness_of(event, told_us),
        ),
    )


def _as_known(time_us: int, correction_us: int, precision: Precision, zone: str) -> tuple[int, int, int]:
    """Time, correction and span of an event whose source knows no finer time: its clock is cut first, then corrected."""
    start_us, span_us = span_of(time_us - correction_us, precision, zone)
    cut_us = start_us + correction_us
    return cut_us, correction_us + cut_us - time_us, span_us


def linked_identifiers(event: CheckedEvent, fact: Fact) -> list[tuple[str, str]]:
    """Key and type of the other identifiers that the event says belong to its person (or, of an unlink, do not)."""
    if not fact.identifier or len(event["persons"]) < 2:
        return []
    others = {person["key"]: person["type"] for person in event["persons"]}
    return sorted((key, kind) for key, kind in others.items() if key != fact.identifier)


def is_unlink(event: CheckedEvent) -> bool:
    """Whether the event says that its persons do not belong together."""
    return bool(event["type"] == IDENTIFY and event["action"] == "unlink")


def _identifier(event: CheckedEvent) -> tuple[str, str]:
    persons = event["persons"]
    if not persons or (event["type"] == ANSWER and event["anonymous"]):
        return ("", "")
    first = strongest(persons)
    return (first["type"], first["key"])


def _contact(event: CheckedEvent) -> tuple[str, str]:
    """Touchpoint and action of what is no touchpoint event."""
    match event["type"]:
        case "touchline.answer.v1":
            return (event["about"]["touchpoint"], "answer")
        case "touchline.initiative.v1":
            return (event["touchpoint"], "")
        case "touchline.case.v1":
            return (event["about"]["touchpoint"], event["state"])
        case "touchline.consent.v1":
            return ("", event["state"])
        case _:
            return ("", event["action"])


def _answer(event: CheckedEvent, about_us: int, answered_day: int) -> tuple[Any, ...]:
    about, score = event["about"], event["score"]
    return (
        event["survey"],
        event["question"],
        event["question_version"],
        event["language"],
        event["kpi"],
        event["variant"],
        event["scope"],
        event["scale_min"],
        event["scale_max"],
        0.0 if score is None else score,
        int(score is not None),
        event["disposition"],
        event["sampling_probability"],
        about_us,
        about["source"] or (event["source"] if about["event_id"] else ""),
        about["event_id"] or "",
        answered_day,
    )


def _effective(effective_us: int) -> tuple[Any, ...]:
    """Of what a consent event says: only from when on."""
    return (*_NO_ANSWER[:_ABOUT_TIME], effective_us, *_NO_ANSWER[_ABOUT_TIME + 1 :])


def _own_of_about(event: CheckedEvent) -> int:
    """Bits of what an answer says itself: the fact has a default where it does not."""
    about = event["about"]
    own = OWN_TIME if about["occurred_at"] is not None else 0
    own |= (OWN_ZONE if event["zone"] else 0) | (OWN_BRAND if event["brand"] else 0)
    return own | (NAMES_EVENT if about["event_id"] else 0)


def _joined(purposes: Sequence[str]) -> str:
    return ",".join(sorted(set(purposes)))
