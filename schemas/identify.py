"""The identify event: these identifiers belong, or do not belong, to one person."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from touchline.schemas.envelope import Envelope
from touchline.schemas.identifiers import PersonRef


class IdentifyEvent(Envelope):
    """Links (or unlinks) the first of `persons` to each other one."""

    type: Literal["touchline.identify.v1"] = "touchline.identify.v1"
    persons: list[PersonRef] = Field(min_length=2, max_length=32)
    action: Literal["link", "unlink"] = "link"
