"""Personal values stay with the sender: what each source's guard masks, and what is refused for it.

Why: docs/decisions/0188.
"""

from __future__ import annotations

from typing import Any, Final

from touchline.producers.errors import EventRejected
from touchline.schemas.personal.guard import Finding, Guard, field_of, must_refuse
from touchline.schemas.personal.kinds import NAMED
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source, Sources

Masked = tuple[Finding, ...]
Guarded = tuple[dict[str, Any], Masked]
"""The event without personal values, and which were masked."""

_COMMON: Final = Source(legal_basis="consent").guard
"""Of sources that declare nothing."""
_NEEDED_HINT: Final = (
    "build it of something else, such as a number; the ids of messages may be let through (let_through in sources.yaml)"
)


class Guarding:
    """The guards of all sources; threads may share one."""

    def __init__(self, sources: Sources | None) -> None:
        self._guards = {name: one.guard for name, one in (sources or {}).items()}
        everywhere = sorted({name for one in (sources or {}).values() for name in one.personal})
        self._unknown = Source(legal_basis="consent", personal=tuple(everywhere)).guard
        """Of a source that is not declared: its name may be misspelled, so what any source calls personal is."""
        self.has_personal_fields = any(one.has_personal_fields for one in self._guards.values())
        """Whether a source declares fields of the contract personal; else an event without properties and comment needs no look."""

    def takes_fields(self, source: str) -> bool:
        """Whether the source declares fields of the contract personal."""
        return self._guards.get(source, _COMMON).has_personal_fields

    def clean(self, event: dict[str, Any], source: str, *, is_open: bool) -> Guarded:
        """Of a checked event; `is_open` as Guard.clean has it. Raises EventRejected."""
        guard = self._guards.get(source, _COMMON)
        try:
            cleaned = guard.clean(event, is_open=is_open)
        except RecursionError:
            raise EventRejected(Rejection(Reason.NOT_JSON, ""), "a field holds what JSON cannot write") from None
        if cleaned is None:
            return event, ()
        _require_masking(guard, cleaned.findings)
        return cleaned.event, cleaned.findings

    def clean_names(self, event: dict[str, Any], source: str) -> Guarded | None:
        """Of a checked event with an `@` somewhere: the same of the names in it, None where no mail address stands there. Raises
        EventRejected."""
        guard = self._guards.get(source, _COMMON)
        cleaned = guard.in_names(event)
        if cleaned is None:
            return None
        needed = must_refuse(cleaned.findings)
        if needed is not None:
            raise _refused(needed, _NEEDED_HINT)
        _require_masking(guard, cleaned.findings)
        return cleaned.event, cleaned.findings

    def clean_refused(self, event: dict[str, Any]) -> dict[str, Any]:
        """Of an event that breaks the contract. Raises RecursionError of a field that holds itself."""
        source = event.get("source")
        guard = self._guards.get(source, self._unknown) if isinstance(source, str) else self._unknown
        return guard.clean_refused(event)


def _require_masking(guard: Guard, findings: Masked) -> None:
    found = next((one for one in findings if one.kind != NAMED), None) if guard.refuses else None
    if found is not None:
        raise _refused(found, "")


def _refused(finding: Finding, hint: str) -> EventRejected:
    return EventRejected(
        Rejection(Reason.PERSONAL_VALUE, field_of(finding)), f"{finding.kind} in {finding.field}", hint
    )
