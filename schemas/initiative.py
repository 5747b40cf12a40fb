"""The initiative event: the company changed something at a touchpoint and wants to know whether it helped."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from touchline.schemas.envelope import Envelope, Name, RequiredName, Timestamp
from touchline.schemas.money import Amount


class InitiativeEvent(Envelope):
    """One initiative at one touchpoint, from `starts_at` until `ends_at` (null: still running)."""

    type: Literal["touchline.initiative.v1"] = "touchline.initiative.v1"
    initiative: RequiredName
    touchpoint: RequiredName
    starts_at: Timestamp
    ends_at: Timestamp | None = None
    cost: Amount | None = None
    owner: Name | None = Field(default=None, description="Role that answers for it, not a person's name")
    expected_kpi: Name | None = None
