"""What a sender is told of personal values that were masked: which kind, in which field, how many; never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from touchline.schemas.personal.guard import Finding
from touchline.wording import counted

FIELDS_KEPT: Final = 1_000
"""A sender may name properties without end; what is found beyond is counted under one name."""
FURTHER: Final = "further fields"
_FIELDS_TOLD: Final = 5
MASKED_HINT: Final = "leave them out at their origin, or say in sources.yaml what becomes of them (personal, personal_values, let_through)"

MaskedCounts = Mapping[tuple[str, str], int]
"""(field, kind) -> values."""


class MaskedTally:
    """Counts what was masked; threads may share one."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def add(self, findings: tuple[Finding, ...]) -> None:
        """Count those of one event."""
        with self._lock:
            for field, kind, values in findings:
                is_known = (field, kind) in self._counts or len(self._counts) < FIELDS_KEPT
                self._counts[(field if is_known else FURTHER, kind)] += values

    def counts(self) -> MaskedCounts:
        """So far."""
        with self._lock:
            return dict(self._counts)


def masked_since(before: MaskedCounts, now: MaskedCounts) -> MaskedCounts:
    """What came between two looks."""
    return {one: count - before.get(one, 0) for one, count in now.items() if count > before.get(one, 0)}


def as_objects(counts: MaskedCounts) -> list[dict[str, Any]]:
    """For scripts; the most frequent ones first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [{"field": field, "kind": kind, "values": values} for (field, kind), values in ordered]


def in_json(counts: MaskedCounts) -> dict[str, Any]:
    """The same as the field `masked` of a JSON object; no field where nothing was masked."""
    return {"masked": as_objects(counts)} if counts else {}


def masked_note(counts: MaskedCounts) -> str:
    """For people, with the remedy; empty where nothing was masked."""
    if not counts:
        return ""
    told = [Finding(one["field"], one["kind"], one["values"]) for one in as_objects(counts)[:_FIELDS_TOLD]]
    rest = f" and {len(counts) - len(told)} more" if len(counts) > len(told) else ""
    values = counted(sum(counts.values()), "personal value")
    return f"; masked {values}: {', '.join(map(str, told))}{rest}\nhint: {MASKED_HINT}"
