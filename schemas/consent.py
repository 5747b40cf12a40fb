"""The consent event: a person grants or withdraws a consent.

The outcome does not depend on the order of arrival: a withdrawal names the id of the grant that it ends and the time
from which on it holds; a new grant has a new id. What was legal before the withdrawal stays.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from touchline.schemas.envelope import Envelope, Name, RequiredName, Timestamp


class ConsentEvent(Envelope):
    """State of one consent from `effective_at` on, for the named purposes (none named: for all of the grant). It holds for the whole
    person to whom the named identifiers lead."""

    type: Literal["touchline.consent.v1"] = "touchline.consent.v1"
    consent_id: RequiredName
    purposes: list[RequiredName] = Field(default_factory=list, max_length=64)
    state: Literal["granted", "withdrawn"]
    effective_at: Timestamp
    version: Name | None = Field(
        default=None, description="Version of the text that the person agreed to, or turned down"
    )
