"""The ledger's columns as the worker writes them: which row kinds fill which, and what stands where nothing was said.

A test holds these names and types against `system.columns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from touchline.journey.values import Attachment
from touchline.processors.values.records import SHARED_FROM, TOUCHPOINT_WIDTH, Fact, shared_of

FACT = Fact._fields
TOUCHPOINT_FACT = FACT[:TOUCHPOINT_WIDTH]
SHARED: tuple[str, ...] = shared_of(FACT)
SHARED_OF_FACT = (*(None,) * SHARED_FROM, *SHARED)
"""What an attached row stores of a fact, by the fact's fields; None: not that one."""
SHARED_OF_TOUCHPOINT = SHARED_OF_FACT[:TOUCHPOINT_WIDTH]
DECIDED = tuple("churn_due_at" if name == "churn_due_at_s" else name for name in Attachment._fields)
ATTACHED = (*SHARED, "map", "map_version", *DECIDED)
"""Columns of an attached row: what the event says, then what the journey map decides."""

FATE = ("fate", "reason", "field")
BARE = (
    "event_type",
    "source",
    "event_id",
    "revision",
    "payload_hash",
    "completeness",
    "identifier",
    "event_time",
    "span_us",
    "received_time",
    "payload",
    "cipher_key_id",
    *FATE,
)
"""Columns of the received row of a record that is not stored (duplicate, superseded, quarantined, suppressed)."""

ENDS = ("identifier", "identifier_type", "linked_identifier", "linked_identifier_type")
LINK = ("event_type", "source", "event_id", "revision", "event_time", *ENDS)
"""Columns of a link or unlink."""
CLAIM = ("event_type", "source", "event_id", "revision", "payload_hash", "completeness", "event_time", *ENDS, "reason")
"""Columns of a claim: the version that waits. Where its event links identifiers, one row a link; `reason` says `link` or `unlink` then."""
HANDOFF = ("identifier", "handoff_to", "handoff_number")
AWAY = ("identifier", "event_time")
"""Columns of a word to the holder of an identifier: what is stored of it has changed, at that time or later."""
RELEASE = ("source", "event_id")
LOOK = ("source", "event_id", "reason")
MARK = ("writer", "generation", "first_offset", "gaps", "fate_counts", "cursors", "map_change", "walked_to", "erasure")
FEED_KINDS = ("link", "unlink", "handoff", "away", "claim", "release", "look")
"""Kinds of rows by which partitions speak to each other; each reads them of all, its own included."""
UNKNOWN_FIELDS = "unknown_fields"
"""Key of `fate_counts` that is no fate: unknown fields of the batch's events, so that all a mark adds up stands in one column."""
HEAD = ("stream", "insert_number", "stored_time", "kind", "offset", "sign", "row_id")

_NUMBERS = frozenset(
    (
        "insert_number", "offset", "sign", "row_id", "stored_time", "revision", "payload_hash", "completeness", "event_time",
        "received_time", "clock_correction_us", "span_us", "is_online", "is_simulated", "map_version", "stage_order",
        "is_mapped", "cycle", "touchpoint_number", "wait_us", "is_conversion", "first_of", "stage_max_before",
        "stage_max", "funnel_before", "funnel_depth", "churn_due_at", "local_date", "scale_min", "scale_max", "has_score",
        "about_time", "answered_date", "about_own", "amount_minor", "currency_exponent", "generation", "first_offset", "gaps",
        "handoff_to", "handoff_number", "record_partition", "map_change", "erasure",
    )
)  # fmt: skip
_FLOATS = frozenset(("score", "sampling_probability"))
_MAPS = frozenset(("properties", "fate_counts", "cursors"))
_EMPTY: Mapping[str, object] = MappingProxyType({})


def default_of(column: str) -> object:
    """What ClickHouse puts into a column that an insert leaves out; times and days as numbers since 1970."""
    if column in _NUMBERS:
        return 0
    if column in _FLOATS:
        return 0.0
    if column in _MAPS:
        return _EMPTY
    return ""
