"""The case event: somebody is to be looked after, and how far that has come.

A case has one id from its first event to its last. It is made of the rule and of the fact that is its reason, never of the person, so that
a merge of identifiers changes nothing. Each change of state is an event of its own; of one case the latest counts.

Why: docs/decisions/0206.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from touchline.schemas.answer import About
from touchline.schemas.envelope import Envelope, Name, RequiredName, Timestamp

CaseKind = Literal["recovery", "encouragement"]
"""Of somebody who may be lost, or of somebody who speaks well of the company."""
CaseState = Literal["opened", "owned", "contacted", "resolved", "verified", "reopened", "lapsed", "restored", "began"]
WORKED_STATES: Final[tuple[CaseState, ...]] = ("owned", "contacted", "resolved", "verified", "reopened")
"""What people make of a case; the others are the rules' doing."""


class CaseEvent(Envelope):
    """A case came into a state at `time`.

    `opened` by a rule; `owned` by a role; `contacted`: the person was reached; `resolved` with its `cause`; `verified`: the person said so
    afterwards; `reopened`. `lapsed`: the fact that is its reason no longer stands; `restored`: it stands again. `about` is that fact;
    `due_at` until when the person is to be reached; `owner` a role, not a person's name. `began`: no case, the rules hold from then on.
    """

    type: Literal["touchline.case.v1"] = "touchline.case.v1"
    case: RequiredName = Field(description="Id of the case, the same in all its events")
    kind: CaseKind = "recovery"
    rule: RequiredName = Field(
        description="Rule that opened it; of a case opened by hand the reason, such as `by_hand`"
    )
    rule_version: Name = ""
    state: CaseState
    about: About
    severity: Literal["low", "normal", "high"] | None = Field(default=None, description="normal where nobody said")
    owner: Name | None = Field(default=None, description="Role that answers for it, not a person's name")
    cause: Name | None = Field(default=None, description="Root cause, by the company's own list")
    due_at: Timestamp | None = Field(default=None, description="Until when the person is to be reached")
