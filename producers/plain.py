"""The quick way for nearly all events: a touchpoint, an answer or what links identifiers is checked by a struct made from the model,
where it keeps the contract to the letter.

The struct asks what the model asks, at a quarter of the cost. What needs a closer look (an unknown field, persons that the sender keyed
itself, a value that may be personal, a time that is not plainly credible) is left to `record.py`, which decides alone what becomes of it.
Both ways make the same records: a test says so. Needs msgspec, which the base install does not have.

Why: docs/decisions/0020.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Final, NamedTuple

import msgspec
from pydantic import BaseModel

from touchline.schemas.addresses import names_addresses
from touchline.schemas.answer import AnswerEvent, fits_scale
from touchline.schemas.credibility import instants_of
from touchline.schemas.events import ANSWER, EVENT_TYPES, IDENTIFY, TOUCHPOINT
from touchline.schemas.identify import IdentifyEvent
from touchline.schemas.personal.guard import Guard
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source, Sources, Terms
from touchline.schemas.structs import struct_of
from touchline.schemas.times import is_plainly_past, is_zone
from touchline.schemas.touchpoint import TouchpointEvent


def _persons_in(model: type[BaseModel]) -> tuple[int, int]:
    bounds = model.model_fields["persons"].metadata  # the JSON Schema says the same, and takes 2 ms to make
    least, most = (
        [getattr(one, name) for one in bounds if hasattr(one, name)] for name in ("min_length", "max_length")
    )
    return max(least, default=0), min(most)


_KEYED: Final = {"persons": "identifiers"}
_STRUCTS: Final = {
    TOUCHPOINT: struct_of(TouchpointEvent, _KEYED),
    ANSWER: struct_of(AnswerEvent, _KEYED, leaves_rule=True),
    IDENTIFY: struct_of(IdentifyEvent, _KEYED),
}
SENT: Final[dict[str, Any]] = {kind: one.of_model for kind, one in _STRUCTS.items()}
"""Events as their senders know them, by type: raw identifiers, which are looked at elsewhere, stand in place of persons."""
PERSONS: Final = {kind: _persons_in(EVENT_TYPES[kind]) for kind in SENT}
"""How many persons an event of a type may have, from and to: asked when they are made of its identifiers."""
LEFT_TO_ASK: Final = frozenset().union(*(one.unasked for one in _STRUCTS.values()))
_UNREADABLE: Final = (msgspec.MsgspecError, TypeError, ValueError, RecursionError)
"""What is raised: of lone surrogates msgspec cannot tell, and a field may hold itself."""
_NUMBERS: Final = frozenset((int, float, type(None)))
_LEAST_DECIMAL: Final = 1e-4
_BEYOND_DECIMALS: Final = 1e15
"""Between them all encoders spell a double one way: its shortest digits, without an exponent."""
_convert: Final[Any] = msgspec.convert
_UNSET: Final = msgspec.UNSET


class Declared(NamedTuple):
    """What is declared of a source, looked up once for all its events."""

    source: Source
    terms: Terms
    guard: Guard
    needs_consent: bool


def declared_of(sources: Sources | None) -> Callable[[str], Declared | None]:
    """By a source's name what is declared of it, None where its events cannot go the quick way; without `sources` anything goes."""
    if sources is None:
        return lambda _: _UNDECLARED
    return {name: _declared(one) for name, one in sources.items() if not one.guard.has_personal_fields}.get


def _declared(source: Source, *, is_known: bool = True) -> Declared:
    return Declared(source, source.terms, source.guard, is_known and source.needs_consent)


_UNDECLARED: Final = _declared(Source(legal_basis="consent"), is_known=False)
"""Whether an event will be suppressed is not known then."""


def is_plain(given: dict[str, Any], declared: Declared, now_us: int) -> bool:
    """Whether an event of that source keeps the contract and needs no closer look. `now_us` is when it is received, where it does not
    say so itself."""
    try:
        kind = given["type"]
        event = _convert(given, SENT[kind])
    except (KeyError, *_UNREADABLE):
        return False
    time, received_at, zone, properties, consent = (
        event.time, event.received_at, event.zone, event.properties, event.consent,
    )  # fmt: skip
    terms = declared.terms
    is_stamped = received_at is not _UNSET and received_at is not None
    if is_stamped or terms[1] or not is_plainly_past(time, now_us):  # by index: a third of the time
        received = received_at if is_stamped else None
        if isinstance(instants_of(time, received, zone or None, terms, now_us), Rejection):
            return False
    elif zone and not is_zone(zone):
        return False
    if consent and consent.purposes and type(given["consent"]["purposes"]) is not list:
        return False
    if properties and not _are_plain(properties, declared.guard):
        return False
    if kind == IDENTIFY:
        return True
    if kind == ANSWER:
        return not is_stamped and _is_plain_answer(event, given, declared.guard, now_us)
    amount, order = event.amount, event.order
    return not (amount and order) or (amount.amount_minor <= 0 if order.kind == "refund" else amount.amount_minor >= 0)


def _is_plain_answer(event: Any, given: dict[str, Any], guard: Guard, now_us: int) -> bool:
    score, chance, occurred_at = event.score, event.sampling_probability, event.about.occurred_at
    comment = event.comment
    return (
        not event.anonymous
        and type(given.get("score")) in _NUMBERS
        and type(given.get("sampling_probability")) in _NUMBERS
        and (not score or isfinite(score))
        and (not chance or isfinite(chance))
        and fits_scale(event.scale_min, event.scale_max, None if score is _UNSET else score, event.kpi)
        and (not occurred_at or is_plainly_past(occurred_at, now_us))
        and (not comment or guard.clean({"comment": comment}, is_open=False) is None)
    )


def _are_plain(properties: dict[str, Any], guard: Guard) -> bool:
    """Whether nothing in them is personal, and no number is spelled in several ways."""
    return (
        (float not in map(type, properties.values()) or _are_decimals(properties))
        and not names_addresses(properties)
        and guard.clean({"properties": properties}, is_open=False) is None
    )


def _are_decimals(properties: dict[str, Any]) -> bool:
    for value in properties.values():
        if type(value) is float and value and not _LEAST_DECIMAL <= abs(value) < _BEYOND_DECIMALS:
            return False
    return True
