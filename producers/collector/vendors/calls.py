"""What a call of an analytics SDK says, in words that all protocols share, and the event that it becomes.

Why: docs/decisions/0195.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from touchline.producers.collector.vendors.clock import SenderClock
from touchline.producers.collector.vendors.names import CallKind, Names
from touchline.schemas.identifiers import IdentifierRejected, normalise
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.schemas.times import is_zone

_PROPERTIES_MAX: Final = 128
_LEVELS_MAX: Final = 3
_OF_ADDRESSES: Final = "/h?"
"""How an address may begin, or what is left of one."""
_QUERY: Final = "search"
"""The property of page calls that holds the address's query alone."""
_NET_AMOUNTS: Final = ("value", "revenue")
"""Without tax and shipping, which stand beside them."""
_ON_TOP: Final = ("tax", "shipping")
_TEXT_MAX: Final = 256
_DIGITS_MAX: Final = 15
"""Of whole minor units: beyond 2**53 no reader of JSON has them exactly."""
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


def event_of(call: Call, names: Names, clock: SenderClock, seal: Callable[[str], str]) -> dict[str, Any]:
    """The event of a call, but for its source: of calls that only say who somebody is, what belongs together. `seal` makes the ids of
    calls that have none, of all that they say: that may name somebody (ContentKey.id_of)."""
    named = names.named(call.kind, call.name, call.path)
    identifiers = _identifiers(call)
    kind, properties = call.kind, call.properties
    event: dict[str, Any] = {
        "id": call.id,
        "time": clock.vouched(call.time) if call.is_true_time else clock.corrected(call.time),
    }
    if (kind == "identify" or kind == "alias") and len(identifiers) > 1:
        event["type"] = "touchline.identify.v1"
    else:
        event["type"] = "touchline.touchpoint.v1"
        event["touchpoint"], event["action"] = named.touchpoint, named.action
        if named.channel is not None:
            event["channel"] = named.channel
        if named.order is not None:
            event |= _order_of(properties, named.order, names.currency)
    if identifiers:
        event["identifiers"] = [{"type": kind, "value": value} for kind, value in identifiers]
    if properties := _flat(call):
        event["properties"] = properties
    if isinstance(call.campaign, str) and 0 < len(call.campaign) <= _TEXT_MAX:
        event["campaign"] = call.campaign
    if isinstance(call.zone, str) and is_zone(call.zone):
        event["zone"] = call.zone
    if isinstance(call.consent, dict) and isinstance(call.consent.get("purposes"), list):
        event["consent"] = {"id": call.consent.get("id"), "purposes": call.consent["purposes"]}
    event["id"] = _id_of(call, event, seal)
    return event


def _id_of(call: Call, event: Mapping[str, Any], seal: Callable[[str], str]) -> object:
    """The sender's, or one made of the call, so that it counts once however often it comes. Without a time two equal calls may be two."""
    if call.id is not None and call.id != "":
        return _text(call.id)
    if call.time is None or call.time == "":
        return str(uuid.uuid4())
    try:
        return seal(orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS).decode())
    except TypeError:  # orjson.JSONEncodeError: an identifier nests deeper than can be written, and is refused
        return str(uuid.uuid4())


def _identifiers(call: Call) -> list[tuple[str, object]]:
    found: dict[tuple[str, object], None] = {}
    for kind, value in call.identifiers:
        text = value if type(value) is str else _text(value)
        if isinstance(text, dict | list):  # it is refused then, with its reason
            return [(kind, text)]
        if text is not None and text != "":
            found[kind, text] = None
    for kind, value in call.traits:
        if isinstance(value, str) and (
            _can_be_read(kind, value) if len(value) <= _TEXT_MAX else _is_readable(kind, value)
        ):
            found[kind, value] = None
    return list(found)


def _is_readable(kind: str, value: str) -> bool:
    try:
        normalise(kind, value)
    except IdentifierRejected:
        return False
    return True


_can_be_read: Final = lru_cache(maxsize=4_096)(_is_readable)
"""A telephone number costs more than all the rest of a call, and who identifies comes again. Long texts are left out, so that nobody
fills the memory by them."""


def _text(value: object) -> object:
    """An id as text where it is a number; what is neither stays as it is, and is refused."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _order_of(properties: Mapping[str, Any], kind: str, currency: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in _ORDER_IDS:
        order_id = _text(properties.get(name))
        if isinstance(order_id, str) and 0 < len(order_id) <= _TEXT_MAX:
            fields["order"] = {"id": order_id, "kind": kind}
            break
    code = properties.get("currency") or currency
    if isinstance(code, str) and (code := code.upper()) in CURRENCY_EXPONENTS:
        minor = _paid(properties, CURRENCY_EXPONENTS[code])
        if minor is not None:
            fields["amount"] = {"amount_minor": -abs(minor) if kind == "refund" else minor, "currency": code}
    return fields


def _paid(properties: Mapping[str, Any], places: int) -> int | None:
    """What was paid, in minor units: the total, else the net amount with what comes on top."""
    total = _minor(properties.get("total"), places)
    if total is not None:
        return total
    for name in _NET_AMOUNTS:
        net = _minor(properties.get(name), places)
        if net is not None:
            return net + sum(_minor(properties.get(one), places) or 0 for one in _ON_TOP)
    return None


def _minor(amount: object, places: int) -> int | None:
    """Minor units; doubles are rounded to them, since 199.9 has no exact double. None where it is no number, or too large a one."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | str) or len(text := str(amount)) > _TEXT_MAX:
        return None
    try:
        value = Decimal(text)
        if not value.is_finite() or value.adjusted() + places >= _DIGITS_MAX:  # before it is written out
            return None
        return int(value.scaleb(places).to_integral_value(ROUND_HALF_EVEN))
    except ArithmeticError:
        return None


def _flat(call: Call) -> dict[str, Any]:
    """Properties and facts without nesting, `a.b` for what lies within `a`; lists and nothings are left out."""
    found: dict[str, Any] = {}
    fields = {**call.facts, **call.properties} if call.facts else call.properties
    _gather(fields, "", _LEVELS_MAX, found)
    if call.name and call.kind != "track":
        found.setdefault("name", call.name)
    return found


def _gather(fields: Mapping[str, Any], prefix: str, levels: int, found: dict[str, Any]) -> None:
    """Adds the leaves as long as there is room."""
    for name, value in fields.items():
        if len(found) >= _PROPERTIES_MAX:
            return
        kind, path = type(value), f"{prefix}{name}" if prefix else name
        if kind is str:
            if value[:1] not in _OF_ADDRESSES:
                found[path] = value
            elif not (value.startswith("?") and path.rpartition(".")[2] == _QUERY):
                found[path] = _without_query(value)
        elif kind is dict:
            if levels > 1:
                _gather(value, f"{path}.", levels - 1, found)
        elif kind is float:
            if math.isfinite(value):
                found[path] = value
        elif value is not None and kind is not list:
            found[path] = value


def _without_query(text: str) -> str:
    """An address without what stands behind its path: that may hold anything, such as tokens and who somebody is."""
    if text.startswith(("/", "http://", "https://")):
        return text.partition("?")[0].partition("#")[0]
    return text
