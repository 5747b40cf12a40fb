"""Closed vocabularies of the account: what became of a record, and why.

Every Kafka record has exactly one fate at any moment. A reason accompanies `quarantined`; the other fates explain
themselves. Both sets are public (views, dashboards, scripts rely on them): members are added, never renamed.
"""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Fate(StrEnum):
    """What became of one Kafka record."""

    STORED = "stored"
    """Counts: its event stands in the views."""
    DUPLICATE = "duplicate"
    """Same (source, id), same payload hash as a record that came before."""
    SUPERSEDED = "superseded"
    """Same (source, id), a higher revision or a more complete answer counts."""
    QUARANTINED = "quarantined"
    """Cannot be understood or believed; original bytes are kept, see `Reason`."""
    SUPPRESSED = "suppressed"
    """Its source works under consent and the event has no grant; only its position is kept."""
    ERASED = "erased"
    """Its person was erased, or its term is over; only its position is kept."""


@unique
class Reason(StrEnum):
    """Why a record is quarantined, in the order in which a record with several faults is judged."""

    EMPTY_VALUE = "empty_value"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    UNKNOWN_VERSION = "unknown_version"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_CURRENCY = "unknown_currency"
    OUT_OF_SCALE = "out_of_scale"
    UNKNOWN_SOURCE = "unknown_source"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    PERSONAL_VALUE = "personal_value"
    CONFLICT = "conflict"
    UNSTORABLE = "unstorable"
