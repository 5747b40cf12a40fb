"""Why an event is refused: reason and field, from closed vocabularies, never a value or name that the sender chose.

The lead reason is deterministic: of several faults the one counts whose reason comes first in `Reason`, then the field
that comes first in the alphabet. So the same record is quarantined under the same reason whatever the order of its
keys.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from touchline.schemas.answer import OUT_OF_SCALE
from touchline.schemas.events import EVENT_MODELS
from touchline.schemas.money import UNKNOWN_CURRENCY
from touchline.schemas.reasons import Reason


class Rejection(NamedTuple):
    """A refused event: why, and the path of the field (empty: the record as a whole)."""

    reason: Reason
    field: str


_REASONS: Final = {
    "missing": Reason.MISSING_FIELD,
    "union_tag_not_found": Reason.MISSING_FIELD,
    "union_tag_invalid": Reason.UNKNOWN_VERSION,
    "string_too_short": Reason.MISSING_FIELD,
    "too_short": Reason.MISSING_FIELD,
    "string_too_long": Reason.TOO_LARGE,
    "too_long": Reason.TOO_LARGE,
    "string_unicode": Reason.NOT_UTF8,
    "greater_than": Reason.OUT_OF_SCALE,
    "greater_than_equal": Reason.OUT_OF_SCALE,
    "less_than": Reason.OUT_OF_SCALE,
    "less_than_equal": Reason.OUT_OF_SCALE,
    OUT_OF_SCALE: Reason.OUT_OF_SCALE,
    UNKNOWN_CURRENCY: Reason.UNKNOWN_CURRENCY,
}
"""pydantic's error type -> reason; every other type is WRONG_TYPE (also a vocabulary or form that is not met)."""

_RANK: Final = {reason: number for number, reason in enumerate(Reason)}

REMEDIES: Final = {
    Reason.EMPTY_VALUE: "send the complete event as JSON",
    Reason.TOO_LARGE: "shorten it",
    Reason.NOT_UTF8: "send text as UTF-8 without lone surrogates",
    Reason.NOT_JSON: "send one JSON object",
    Reason.TOO_DEEP: "flatten it: properties are a flat object",
    Reason.UNKNOWN_VERSION: "use a type of docs/contracts.md, such as touchline.touchpoint.v1",
    Reason.MISSING_FIELD: "give it a value",
    Reason.WRONG_TYPE: "use the type, form or vocabulary that docs/contracts.md lists",
    Reason.UNKNOWN_CURRENCY: "use an ISO 4217 code such as EUR",
    Reason.OUT_OF_SCALE: "use a value within the range or scale that docs/contracts.md lists",
    Reason.UNKNOWN_SOURCE: "declare the source in sources.yaml",
    Reason.TIME_OUT_OF_RANGE: "use a time from 1990-01-01 to 24 h after the event was received",
    Reason.PERSONAL_VALUE: "leave the value out, or say in sources.yaml what becomes of it (personal_values, let_through)",
    Reason.CONFLICT: "raise the revision where the content changed",
    Reason.UNSTORABLE: "report it: the store refuses this record",
}
"""What a sender can do about each reason."""


def rejection_of(error: ValidationError) -> Rejection:
    """Reason and field path of an event that EVENT_ADAPTER refused."""
    faults = (rejection_in(details) for details in error.errors(include_url=False, include_context=True))
    return min(faults, key=rank_of)


def rank_of(fault: Rejection) -> tuple[int, str]:
    """Sort key of the faults of one event: the first counts."""
    return _RANK[fault.reason], fault.field


def shape_of(value: Any) -> str:
    """What a value looks like, without telling it: `text of 12 characters`, `whole number`, `list of 3`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int():
            return "whole number"
        case float():
            return "number"
        case str():
            return f"text of {len(value)} characters"
        case list() | tuple():
            return f"list of {len(value)}"
        case dict():
            return "object"
        case _:
            return type(value).__name__


def rejection_in(details: ErrorDetails) -> Rejection:
    """One of an event's faults."""
    kind = details["type"]
    if kind == "union_tag_not_found" or kind == "union_tag_invalid":
        return Rejection(_tag_reason(details), "type")
    if kind == OUT_OF_SCALE:
        return Rejection(Reason.OUT_OF_SCALE, str(details["ctx"]["field"]))
    # A null where a field is required is a missing value, not a wrong one.
    if details["input"] is None and kind != "missing":
        return Rejection(Reason.MISSING_FIELD, _path(details["loc"]))
    if _is_read_as_fraction(details):
        return Rejection(Reason.WRONG_TYPE, _path(details["loc"]))
    return Rejection(_REASONS.get(kind, Reason.WRONG_TYPE), _path(details["loc"]))


def _is_read_as_fraction(details: ErrorDetails) -> bool:
    """Whether a whole number of a sender is none for who reads it: beyond 64 bits JSON's readers take it for a number with a fraction."""
    value, bounds = details["input"], details.get("ctx", {}).values()
    return type(value) is int and not -(1 << 63) <= value < 1 << 64 and any(type(one) is int for one in bounds)


def _tag_reason(details: ErrorDetails) -> Reason:
    tag = details["input"].get("type") if isinstance(details["input"], dict) else None
    if tag is None or tag == "":
        return Reason.MISSING_FIELD
    return Reason.UNKNOWN_VERSION if isinstance(tag, str) else Reason.WRONG_TYPE


def _path(location: tuple[int | str, ...]) -> str:
    """`persons[].key`: declared field names only; what the sender named (a property) ends the path."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += "[]"
        elif part in FIELD_NAMES:
            path += f".{part}" if path else part
            if part == "properties":
                break
    return path


def _field_names(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for nested in _models_in(field.annotation):
            names |= _field_names(nested)
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


FIELD_NAMES: Final = frozenset().union(*map(_field_names, EVENT_MODELS))
"""All names that a field path may be made of."""
