"""What may be said of a case, by how far it has come; pure.

opened, owned, contacted, reopened -> owned, contacted, resolved; resolved -> verified, reopened; verified -> reopened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from touchline.care.work.read import Case, Said
from touchline.errors import WrongUsage
from touchline.person.evidence import time_us
from touchline.schemas.case import CaseState
from touchline.schemas.events import CASE
from touchline.schemas.times import format_time

_OPEN: Final = ("opened", "owned", "contacted", "reopened")
AFTER: Final[dict[CaseState, tuple[str, ...]]] = {
    "owned": _OPEN,
    "contacted": _OPEN,
    "resolved": _OPEN,
    "verified": ("resolved",),
    "reopened": ("resolved", "verified"),
}
"""State -> those after which it may come."""
_HINTS: Final = {
    "owned": "reopen it first: touchline cases reopen",
    "contacted": "reopen it first: touchline cases reopen",
    "resolved": "reopen it first: touchline cases reopen",
    "verified": "resolve it first: touchline cases resolve",
    "reopened": "only what is resolved or verified is opened again",
}


def require_step(case: Case, state: CaseState) -> None:
    """Raises WrongUsage for a state that cannot come after the one that the case is in."""
    if case.state not in AFTER[state]:
        raise WrongUsage(f"a case that is {case.state} cannot become {state}", _HINTS[state])


def step_event(
    case: Case, said: Sequence[Said], state: CaseState, source: str, now_us: int, owner: str | None, cause: str | None
) -> dict[str, Any]:
    """The event of a step. Its id has the moment of the state that it follows, so that a command that is repeated before the first
    was stored says the same. Its time is never before that, however the clocks of two machines differ."""
    before_us = time_us(case.changed_at)
    person = next((one for one in said if one.identifier), None)
    return {
        "type": CASE,
        "id": f"{case.case_id}/{state}/{before_us}",
        "source": source,
        "time": format_time(max(now_us, before_us + 1)),
        "persons": [{"type": person.identifier_type, "key": person.identifier}] if person else [],
        "simulated": case.is_simulated,
        "place": case.place,
        "brand": case.brand,
        "case": case.case_id,
        "kind": case.kind,
        "rule": case.rule,
        "rule_version": case.rule_version,
        "state": state,
        "about": {"touchpoint": case.touchpoint, "source": case.about_source, "event_id": case.about_event_id},
        "owner": owner,
        "cause": cause,
    }
