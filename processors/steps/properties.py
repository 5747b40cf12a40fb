"""The properties that a fact keeps: those of the event, what has no column, and whatever the contract does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from touchline.schemas.checking import (
    NESTED_FIELD_NAMES,
    PERSON_FIELD_NAMES,
    CheckedEvent,
    unknown_fields as names_of_unknown_fields,
)
from touchline.schemas.events import CASE, CONSENT, INITIATIVE

UNKNOWN_PREFIX = "+"
"""An unknown field `x` is kept as `+x`, one of a nested object as `+amount/x` (RFC 6901 without the first slash), as JSON."""
ESCAPE = "~"
"""Stands before the name of a property that begins with either of the two, or is that of a field without a column."""
_OF_CASE = ("case", "kind", "rule", "rule_version", "severity", "owner", "cause", "due_at")
_NO_PROPERTIES: Mapping[str, str] = {}


@dataclass(slots=True)
class UnknownFields:
    """How many fields of some events the contract does not know, and what was masked in these and in all other text: values by kind."""

    count: int = 0
    masked: Counter[str] = field(default_factory=Counter)


def properties_of(event: CheckedEvent, has_unknown: bool, unknown_fields: UnknownFields) -> Mapping[str, str]:
    """Name -> text, sorted by name. Adds to the number of unknown fields.

    Unknown fields beside a person key are counted and not kept: such a field is most likely the raw identifier.
    """
    kept = _own_fields(event)
    for name, value in event["properties"].items():
        is_taken = name[:1] in (UNKNOWN_PREFIX, ESCAPE) or name in kept
        kept[ESCAPE + name if is_taken else name] = value if type(value) is str else _text(value)
    if has_unknown:
        unknown = _unknown(event)
        kept.update((UNKNOWN_PREFIX + path, orjson.dumps(value).decode()) for path, value in unknown.items())
        beside_keys = sum(len(person) - len(PERSON_FIELD_NAMES) for person in event["persons"])
        unknown_fields.count += len(unknown) + beside_keys
    return dict(sorted(kept.items())) if kept else _NO_PROPERTIES


def _unknown(event: CheckedEvent) -> dict[str, Any]:
    """Path -> value."""
    unknown = {_escaped(name): event[name] for name in names_of_unknown_fields(event)}
    for outer, known in NESTED_FIELD_NAMES[event["type"]]:
        part = event[outer] or {}
        unknown.update((f"{outer}/{_escaped(name)}", part[name]) for name in part.keys() - known)
    return unknown


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _text(value: object) -> str:
    return str(value) if type(value) is int else orjson.dumps(value).decode()


def _own_fields(event: CheckedEvent) -> dict[str, str]:
    """Fields of rare event types that have no column of their own."""
    if event["type"] == CONSENT:
        purposes = ",".join(sorted(set(event["purposes"])))
        version = {"version": event["version"]} if event["version"] else {}
        return {
            "consent_id": event["consent_id"],
            "purposes": purposes,
            "effective_at": event["effective_at"],
            **version,
        }
    if event["type"] == INITIATIVE:
        fields = {name: event[name] for name in ("initiative", "starts_at", "ends_at", "owner", "expected_kpi")}
        if event["cost"] is not None:
            fields |= {"cost_minor": str(event["cost"]["amount_minor"]), "cost_currency": event["cost"]["currency"]}
        return {name: value for name, value in fields.items() if value}
    if event["type"] == CASE:
        about = event["about"]
        fields = {name: event[name] for name in _OF_CASE}
        fields |= {f"about_{name}": about[name] for name in ("source", "event_id", "occurred_at")}
        return {name: value for name, value in fields.items() if value}
    return {}
