"""Rows of the ledger as records of one person: without what only the pipeline needs, without what is empty, without other people."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final

from touchline.export.values import SOMEBODY_ELSE, Record

TECHNICAL: Final = frozenset(
    (
        *(
            "sign",
            "row_id",
            "insert_number",
            "payload_hash",
            "completeness",
            "about_own",
            "clock_correction_us",
            "span_us",
        ),
        *(
            "writer",
            "generation",
            "first_offset",
            "gaps",
            "fate_counts",
            "cursors",
            "map_change",
            "walked_to",
            "erasure",
        ),
        *("record_partition", "handoff_to", "handoff_number", "touchpoint_number", "first_of"),
    )
)
"""Columns by which the pipeline counts, orders and finds rows; they say nothing of a person that others do not."""
SEALED: Final = frozenset(("comment", "payload", "cipher_key_id"))
"""Columns that are opened, or not shown as they are."""
LINKS: Final = frozenset(("link", "unlink"))
_EPOCH_YEAR: Final = 1970
_ZERO_COUNTS: Final = {
    "offset": "stream",
    "score": "has_score",
    "scale_min": "has_score",
    "scale_max": "has_score",
    "amount_minor": "currency",
    "currency_exponent": "currency",
}
"""Numbers that mean something at 0, where the other column holds something."""


def is_own(
    row: Record, person: str, own: Collection[str], shared: Collection[str], events: Collection[tuple[str, str]]
) -> bool:
    """Whether a row is of the person. `own` are all their identifiers, `shared` those that others use, too: of these only the events that
    stand under the person."""
    if row["kind"] == "attached":
        return bool(row["person"] == person)
    ends = {row["identifier"], row["linked_identifier"]} - {""}
    if row["kind"] in LINKS:
        return bool(ends & (set(own) - set(shared))) or (bool(ends) and ends <= set(own))
    if row["identifier"] not in own:
        return False
    return row["identifier"] not in shared or (row["source"], row["event_id"]) in events


def record_of(row: Record, own: Collection[str]) -> Record:
    """What it says, without empty columns; the other end of a link is told where it is the person's own."""
    told = {name: value for name, value in row.items() if name not in SEALED and _says_something(name, row)}
    if row["kind"] in LINKS:
        for name in ("identifier", "linked_identifier"):
            if told.get(name) not in own:
                told[name] = SOMEBODY_ELSE
    return told


def by_kind(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Kind -> its records in the order of time; the events first."""
    found: dict[str, list[Record]] = {"received": [], "attached": []}
    for one in records:
        found.setdefault(one["kind"], []).append(one)
    for some in found.values():
        some.sort(
            key=lambda one: (one.get("event_time") or one["stored_time"], one["stored_time"], one.get("event_id", ""))
        )
    return found


def _says_something(name: str, row: Record) -> bool:
    value: Any = row[name]
    if name in _ZERO_COUNTS:
        return bool(row[_ZERO_COUNTS[name]])
    if isinstance(value, date | datetime):
        return value.year > _EPOCH_YEAR or name == "stored_time"
    return bool(value)
