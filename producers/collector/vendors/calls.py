"""What a call of an analytics SDK says, in words that all protocols share, and the event that it becomes.

Why: docs/decisions/0195.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson

from touchline.producers.collector.vendors.clock import SenderClock
from touchline.producers.collector.vendors.names import CallKind, Named, Names
from touchline.schemas.identifiers import IdentifierRejected, normalise
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.times import is_zone

Identifier = tuple[str, str]
"""Type and value."""

_PROPERTIES_MAX: Final = 128
_LEVELS_MAX: Final = 3
_AMOUNTS: Final = ("total", "value", "revenue")
_ORDER_IDS: Final = ("order_id", "transaction_id", "orderId")


class Call(NamedTuple):
    """One call. What was not sent is None or empty; values are as the sender wrote them."""

    kind: CallKind
    name: str = ""
    """Of the event, the page, the screen."""
    id: object = None
    time: object = None
    """When it happened, by the sender's clock: RFC 3339, or milliseconds or seconds since 1970."""
    is_true_time: bool = False
    """The sender vouches for it: its clock is not corrected."""
    identifiers: Sequence[tuple[str, object]] = ()
    """Who it was, as the sender surely knows it."""
    traits: Sequence[tuple[str, object]] = ()
    """Further identifiers that people typed: left out where they cannot be read."""
    properties: Mapping[str, Any] = {}
    facts: Mapping[str, Any] = {}
    """Of the context, what is kept: further properties."""
    path: str = ""
    campaign: object = None
    zone: object = None
    consent: object = None


def event_of(call: Call, names: Names, clock: SenderClock) -> dict[str, Any]:
    """The event of a call, but for its source: of calls that only say who somebody is, what belongs together."""
    named = names.named(call.kind, call.name, call.path)
    identifiers = _identifiers(call)
    event: dict[str, Any] = {
        "id": _id_of(call),
        "time": clock.vouched(call.time) if call.is_true_time else clock.corrected(call.time),
    }
    if call.kind in ("identify", "alias") and len(identifiers) > 1:
        event["type"] = "touchline.identify.v1"
    else:
        event |= {"type": "touchline.touchpoint.v1", "touchpoint": named.touchpoint, "action": named.action}
        if named.channel is not None:
            event["channel"] = named.channel
        event |= _order_of(call.properties, named, names.currency)
    if identifiers:
        event["identifiers"] = [{"type": kind, "value": value} for kind, value in identifiers]
    if properties := _flat(call):
        event["properties"] = properties
    if isinstance(call.campaign, str) and call.campaign:
        event["campaign"] = call.campaign
    if isinstance(call.zone, str) and is_zone(call.zone):
        event["zone"] = call.zone
    if isinstance(call.consent, dict) and {"id", "purposes"} <= call.consent.keys():
        event["consent"] = {"id": call.consent["id"], "purposes": call.consent["purposes"]}
    return event


def _id_of(call: Call) -> object:
    """The sender's, or one made of the call, so that it counts once however often it comes. Without a time two equal calls may be two."""
    if call.id not in (None, ""):
        return call.id if isinstance(call.id, str) else _text(call.id)
    if call.time is None:
        return str(uuid.uuid4())
    content = orjson.dumps(list(call), default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _identifiers(call: Call) -> list[Identifier]:
    found = dict.fromkeys((kind, _text(value)) for kind, value in call.identifiers if value is not None and value != "")
    for kind, value in call.traits:
        if isinstance(value, str):
            try:
                normalise(kind, value)
            except IdentifierRejected:
                continue
            found[kind, value] = None
    return list(found)


def _text(value: object) -> str:
    """An identifier as text: numbers are written without an exponent."""
    return value if isinstance(value, str) else str(value)


def _order_of(properties: Mapping[str, Any], named: Named, currency: str | None) -> dict[str, Any]:
    if named.order is None:
        return {}
    order_id = next((properties[one] for one in _ORDER_IDS if properties.get(one) not in (None, "")), None)
    fields: dict[str, Any] = {}
    if order_id is not None:
        fields["order"] = {"id": _text(order_id), "kind": named.order}
    amount = next((properties[one] for one in _AMOUNTS if properties.get(one) is not None), None)
    code = properties.get("currency") or currency
    if isinstance(code, str) and code.upper() in CURRENCY_EXPONENTS and (minor := _minor(amount, code.upper())):
        fields["amount"] = {
            "amount_minor": -abs(minor) if named.order == "refund" else minor,
            "currency": code.upper(),
        }
    return fields


def _minor(amount: object, currency: str) -> int | None:
    """Minor units; doubles are rounded to them, since 199.9 has no exact double. None where it is no number."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return None
    try:
        scaled = Decimal(str(amount)).scaleb(CURRENCY_EXPONENTS[currency])
        return int(scaled.to_integral_value(ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _flat(call: Call) -> dict[str, Any]:
    """Properties and facts without nesting, `a.b` for what lies within `a`; lists and nothings are left out."""
    found: dict[str, Any] = {}
    for name, value in _leaves({**call.facts, **call.properties}, "", _LEVELS_MAX):
        if len(found) >= _PROPERTIES_MAX:
            break
        found[name] = value
    if call.name and call.kind != "track":
        found.setdefault("name", call.name)
    return found


def _leaves(fields: Mapping[str, Any], prefix: str, levels: int) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            if levels > 1:
                yield from _leaves(value, f"{path}.", levels - 1)
        elif value is not None and not isinstance(value, list):
            yield path, value
