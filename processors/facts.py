"""From a checked event to the flat fact that the ledger keeps: times corrected and placed in their local day, money with its
exponent, texts sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson

from touchline.processors.cipher import Cipher
from touchline.processors.records import Fact
from touchline.schemas.checking import FIELD_NAMES, CheckedEvent, unknown_fields
from touchline.schemas.credibility import moments_of
from touchline.schemas.events import ANSWER, CONSENT, IDENTIFY, MEASURE, TOUCHPOINT
from touchline.schemas.identifiers import order_of
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source
from touchline.schemas.times import local_day

UNKNOWN_PREFIX = "+"
"""Fields that the contract does not know are kept among the properties under this prefix, as JSON."""

_NO_PROPERTIES: Mapping[str, str] = {}
# Survey, question, its version, language, kpi, variant, scope, scale, score, has_score, disposition, sampling probability; then
# time, source and id of what the answer is about.
_NO_ANSWER = ("", "", "", "", "", "", "", 0, 0, 0.0, 0, "", 0.0, 0, "", "")
_NO_MONEY = (0, "", 0, "", "")
_of_all: Any = itemgetter(  # one call for all is quicker than one look-up each
    "type", "source", "id", "revision", "simulated", "zone", "campaign", "brand", "place", "persona", "segment", "consent"
)  # fmt: skip
_of_touchpoint: Any = itemgetter("touchpoint", "action", "channel", "provenance")
_WITH_OWN_FIELDS = frozenset((CONSENT, MEASURE))
_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much


def fact_of(
    event: CheckedEvent, payload_hash: int, source: Source, record_time_us: int, company_zone: str, cipher: Cipher
) -> Fact | Rejection:
    """The fact of a checked event, or why its times or zone cannot be used.

    `record_time_us` (the time that Kafka kept with the record) stands in for an absent `received_at`.
    """
    moments = moments_of(event, source, record_time_us)
    if isinstance(moments, Rejection):
        return moments
    time_us, received_us, correction_us, about_us = moments
    (kind, source_id, event_id, revision, simulated, own_zone, campaign, brand, place, persona, segment, consent) = (
        _of_all(event)
    )
    zone = own_zone or source.zone or company_zone
    identifier_type, identifier = _identifier(event)
    if kind == TOUCHPOINT:
        touchpoint, action, channel, provenance = _of_touchpoint(event)
        answer, money, comment = _NO_ANSWER, _money(event), None
    else:
        touchpoint, action = _contact(event)
        channel, provenance, money = "", "", _NO_MONEY
        answer, comment = (_answer(event, about_us), event["comment"]) if kind == ANSWER else (_NO_ANSWER, None)
    return _new(  # type: ignore[no-any-return]
        Fact,
        (
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
            provenance,
            campaign or "",
            brand or source.brand or "",
            place or "",
            *answer,
            *money,
            channel or source.default_channel or "",
            persona or "",
            segment or "",
            payload_hash,
            received_us,
            correction_us,
            zone,
            identifier_type,
            "" if consent is None else consent["id"],
            "" if consent is None else ",".join(sorted(set(consent["purposes"]))),
            _properties(event),
            "" if comment is None else cipher.seal(comment.encode(), f"{source_id}\0{event_id}"),
            "" if comment is None else cipher.key_id,
        ),
    )


def linked_identifiers(event: CheckedEvent, fact: Fact) -> list[str]:
    """The other identifiers that the event says belong to its person (or, of an unlink, do not)."""
    if not fact.identifier or len(event["persons"]) < 2:
        return []
    return sorted({person["key"] for person in event["persons"]} - {fact.identifier})


def is_unlink(event: CheckedEvent) -> bool:
    """Whether the event says that its persons do not belong together."""
    return bool(event["type"] == IDENTIFY and event["action"] == "unlink")


def unknown_field_count(event: CheckedEvent) -> int:
    """Number of fields that the contract does not know, at the top level and in what the event is about or buys."""
    count = len(unknown_fields(event))
    for name, width in _NESTED:
        part = event.get(name)
        if type(part) is dict and len(part) > width and name in FIELD_NAMES[event["type"]]:
            count += len(part) - width
    return count


_NESTED = (("consent", 2), ("amount", 2), ("order", 2), ("about", 4))
"""Nested objects and how many fields the contract knows in them."""


def _identifier(event: CheckedEvent) -> tuple[str, str]:
    persons = event["persons"]
    if not persons or (event["type"] == ANSWER and event["anonymous"]):
        return ("", "")
    first = persons[0] if len(persons) == 1 else _strongest(persons)
    return (first["type"], first["key"])


def _strongest(persons: Sequence[dict[str, str]]) -> dict[str, str]:
    return min(persons, key=lambda one: order_of(one["type"]))


def _contact(event: CheckedEvent) -> tuple[str, str]:
    """Touchpoint and action of what is no touchpoint event."""
    match event["type"]:
        case "touchline.answer.v1":
            return (event["about"]["touchpoint"], "answer")
        case "touchline.measure.v1":
            return (event["touchpoint"], "")
        case "touchline.consent.v1":
            return ("", event["state"])
        case _:
            return ("", event["action"])


def _answer(event: CheckedEvent, about_us: int) -> tuple[Any, ...]:
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
        about["source"] or "",
        about["event_id"] or "",
    )


def _money(event: CheckedEvent) -> tuple[int, str, int, str, str]:
    order, amount = event["order"], event["amount"]
    order_id, order_kind = ("", "") if order is None else (order["id"], order["kind"])
    if amount is None:
        return (0, "", 0, order_id, order_kind)
    currency = amount["currency"]
    return (amount["amount_minor"], currency, CURRENCY_EXPONENTS[currency], order_id, order_kind)


def _properties(event: CheckedEvent) -> Mapping[str, str]:
    kind = event["type"]
    if not event["properties"] and len(event) == len(FIELD_NAMES[kind]) and kind not in _WITH_OWN_FIELDS:
        return _NO_PROPERTIES
    own = _own_fields(event)
    unknown = unknown_fields(event)
    properties = {name: value if type(value) is str else _text(value) for name, value in event["properties"].items()}
    properties.update(own)
    properties.update((UNKNOWN_PREFIX + name, orjson.dumps(event[name]).decode()) for name in unknown)
    return dict(sorted(properties.items())) if len(properties) > 1 else properties


def _text(value: object) -> str:
    return str(value) if type(value) is int else orjson.dumps(value).decode()


def _own_fields(event: CheckedEvent) -> dict[str, str]:
    """Fields of rare event types that have no column of their own."""
    if event["type"] == CONSENT:
        purposes = ",".join(sorted(set(event["purposes"])))
        return {"consent_id": event["consent_id"], "purposes": purposes, "effective_at": event["effective_at"]}
    if event["type"] == MEASURE:
        fields = {name: event[name] for name in ("measure", "starts_at", "ends_at", "owner", "expected_kpi")}
        if event["cost"] is not None:
            fields |= {"cost_minor": str(event["cost"]["amount_minor"]), "cost_currency": event["cost"]["currency"]}
        return {name: value for name, value in fields.items() if value}
    return {}
