"""All events of the topic as one type, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from touchline.schemas.answer import AnswerEvent
from touchline.schemas.case import CaseEvent
from touchline.schemas.consent import ConsentEvent
from touchline.schemas.identify import IdentifyEvent
from touchline.schemas.initiative import InitiativeEvent
from touchline.schemas.touchpoint import TouchpointEvent

Event = TouchpointEvent | AnswerEvent | IdentifyEvent | ConsentEvent | InitiativeEvent | CaseEvent
EVENT_MODELS: Final[tuple[type[Event], ...]] = (
    TouchpointEvent, AnswerEvent, IdentifyEvent, ConsentEvent, InitiativeEvent, CaseEvent,
)  # fmt: skip
EVENT_TYPES: Final = {model.model_fields["type"].default: model for model in EVENT_MODELS}
"""`touchline.touchpoint.v1` and so on -> model."""

TOUCHPOINT: Final = "touchline.touchpoint.v1"
ANSWER: Final = "touchline.answer.v1"
IDENTIFY: Final = "touchline.identify.v1"
CONSENT: Final = "touchline.consent.v1"
INITIATIVE: Final = "touchline.initiative.v1"
CASE: Final = "touchline.case.v1"

EVENT_ADAPTER: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
"""Validates one decoded record: `EVENT_ADAPTER.validate_python(json_object)`; see rejections.py for its errors."""
