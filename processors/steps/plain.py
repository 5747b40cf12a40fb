"""The quick way for nearly all records: a touchpoint that keeps the contract to the letter becomes a fact without a dictionary between.

msgspec reads the bytes into a struct made from the model, which asks what the model asks; written again, the struct is the event's
canonical form. What needs a closer look (an unknown field, a value that may be personal, a number that others spell otherwise, a time
that is not credible, a missing grant) is left to `validate.py`, which decides alone what becomes of it. Both ways give the same facts: a
test says so.

Why: docs/decisions/0020.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from typing import Any, Final, NamedTuple

import msgspec

from touchline.processors.steps.properties import ESCAPE, UNKNOWN_PREFIX
from touchline.processors.values.records import Fact
from touchline.schemas.addresses import names_addresses
from touchline.schemas.credibility import instants_of
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.identifiers import PERSON_KEY, is_identifier_type, order_of
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.personal.guard import Guard
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source, Terms
from touchline.schemas.structs import struct_of
from touchline.schemas.times import local_day
from touchline.schemas.touchpoint import TouchpointEvent

_STRUCTS: Final = struct_of(TouchpointEvent)
PlainTouchpoint: Final[Any] = _STRUCTS.of_model
"""A touchpoint as it was sent; what was not sent is UNSET, which counts as false."""
LEFT_TO_ASK: Final = frozenset(_STRUCTS.unasked)
"""Fields whose patterns are asked here: of a person the type and the key."""
_MARK: Final = f'"{TOUCHPOINT}"'.encode()
_read: Final[Any] = msgspec.json.Decoder(PlainTouchpoint).decode
_write: Final[Any] = msgspec.json.Encoder(order="deterministic").encode
_first_8_bytes: Final = Struct(">Q").unpack_from
_fields_of: Final[Any] = attrgetter(
    "id", "source", "time", "received_at", "revision", "persons", "simulated", "consent", "place", "zone", "brand", "campaign",
    "persona", "segment", "properties", "touchpoint", "action", "channel", "provenance", "amount", "order",
)  # fmt: skip
_is_key: Final = PERSON_KEY.fullmatch
_NO_PROPERTIES: Final[Mapping[str, str]] = {}
_SAFE: Final = 2**53 - 1
# Survey, question, its version, language, kpi, variant, scope, scale, score, has_score, disposition, sampling probability; then time,
# source and id of what an answer is about, its day; comment, its key, what it says itself, its completeness.
_NO_ANSWER: Final = ("", "", "", "", "", "", "", 0, 0, 0.0, 0, "", 0.0, 0, "", "", 0, "", "", 0, 0)
_TYPES_KEPT: Final = 1_024
_types_met: Final = set[str]()
"""Of identifiers, that were seen to have the form of one."""
_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much


class Declared(NamedTuple):
    """What is declared of a source, looked up once for all its events."""

    source: Source
    needs_consent: bool
    terms: Terms
    guard: Guard


def plain_touchpoint(value: bytes) -> Any:
    """The touchpoint that the bytes hold, or None where a closer look is needed."""
    if _MARK not in value:
        return None
    try:
        return _read(value)
    except msgspec.DecodeError:
        return None


def fact_of_plain(event: Any, record_time_us: int, declared: Declared, company_zone: str) -> Fact | None:
    """The fact of a plain touchpoint, or None where a closer look is needed. The event is written to: it is the caller's own.

    `record_time_us` (the time that Kafka kept with the record) stands in for an absent `received_at`.
    """
    # One function without detours: it runs for every event, as `attach` does.
    (
        event_id, source_id, time, received_at, revision, persons, simulated, consent, place, own_zone, brand, campaign,
        persona, segment, properties, touchpoint, action, channel, provenance, amount, order,
    ) = _fields_of(event)  # fmt: skip
    source, needs_consent, terms, guard = declared
    naive_zone, correction_us, default_brand, default_channel, precision = terms
    if precision or guard.has_personal_fields:
        return None
    consent_id = purposes = ""
    if consent:
        consent_id, purposes = consent.id, ",".join(sorted(set(consent.purposes or ())))
    if needs_consent and not (consent and source.permits(consent.purposes)):
        return None
    sent_at = None if received_at is msgspec.UNSET else received_at
    instants = instants_of(time, sent_at, own_zone, terms, record_time_us)
    if isinstance(instants, Rejection):
        return None
    time_us, received_us = instants
    amount_minor, currency, exponent, order_id, order_kind = 0, "", 0, "", ""
    if order:
        order_id, order_kind = order.id, order.kind or "purchase"
    if amount:
        amount_minor, currency = amount.amount_minor, amount.currency
        exponent = CURRENCY_EXPONENTS[currency]
        if order and (amount_minor > 0 if order_kind == "refund" else amount_minor < 0):
            return None
    kept = _NO_PROPERTIES
    if properties:
        if not _is_plain(properties, guard):
            return None
        kept = {name: _text(properties[name]) for name in sorted(properties)}
    identifier_type = identifier = ""
    if persons:
        for person in persons:
            if _is_key(person.key) is None or not (person.type in _types_met or _is_type(person.type)):
                return None
        first = persons[0] if len(persons) == 1 else min(persons, key=_order)
        identifier_type, identifier = first.type, first.key
    event.received_at = msgspec.UNSET
    zone = own_zone or naive_zone or company_zone
    return _new(  # type: ignore[no-any-return]
        Fact,
        (
            channel or default_channel,
            persona or "",
            segment or "",
            _first_8_bytes(blake2b(_write(event)).digest())[0],
            received_us,
            correction_us,
            0,
            zone,
            identifier_type,
            consent_id,
            purposes,
            kept,
            TOUCHPOINT,  # the one text for all: it is hashed once, and nothing of it is kept a thousand times
            source_id,
            event_id,
            revision or 0,
            time_us,
            local_day(time_us, zone),
            identifier,
            identifier,
            touchpoint,
            action or "",
            1 if simulated else 0,
            provenance or "observed",
            campaign or "",
            brand or default_brand,
            place or "",
            amount_minor,
            currency,
            exponent,
            order_id,
            order_kind,
            *_NO_ANSWER,
        ),
    )


def _is_type(name: str) -> bool:
    if not is_identifier_type(name):
        return False
    if len(_types_met) < _TYPES_KEPT:
        _types_met.add(name)
    return True


def _order(person: Any) -> tuple[int, str]:
    return order_of(person.type)


def _is_plain(properties: dict[str, Any], guard: Guard) -> bool:
    """Whether nothing in them is personal, and all of it is written again as it was sent."""
    for name, value in properties.items():
        kind = type(value)
        if kind is float or (kind is int and not -_SAFE <= value <= _SAFE) or name[:1] in (UNKNOWN_PREFIX, ESCAPE):
            return False
    return (
        "".join(properties).isascii()
        and not names_addresses(properties)
        and guard.clean({"properties": properties}, is_open=False) is None
    )


def _text(value: Any) -> str:
    kind = type(value)
    return value if kind is str else str(value) if kind is int else "true" if value else "false"
