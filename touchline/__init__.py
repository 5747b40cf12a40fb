"""Touchline follows every customer along their journey.

Senders need only this: `from touchline import TouchpointProducer`. The names are imported when first used, so that
`import touchline` is quick and the base install (kafka-python, pydantic) is enough for all of them.

Why: docs/decisions/0001.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
    from touchline.producers.errors import DeliveryFailed, EventRejected, OutboxFull, OutboxUnusable
    from touchline.producers.kafka import TouchpointProducer
    from touchline.producers.memory import InMemoryProducer
    from touchline.producers.outbox.config import OutboxConfig
    from touchline.schemas.answer import AnswerEvent
    from touchline.schemas.case import CaseEvent
    from touchline.schemas.consent import ConsentEvent
    from touchline.schemas.identifiers import PersonKeys
    from touchline.schemas.identify import IdentifyEvent
    from touchline.schemas.initiative import InitiativeEvent
    from touchline.schemas.touchpoint import TouchpointEvent

__all__ = [
    "AnswerEvent",
    "CaseEvent",
    "ConsentEvent",
    "DeliveryFailed",
    "EngineUnreachable",
    "EventRejected",
    "IdentifyEvent",
    "InMemoryProducer",
    "InitiativeEvent",
    "OutboxConfig",
    "OutboxFull",
    "OutboxUnusable",
    "PersonKeys",
    "TouchlineError",
    "TouchpointEvent",
    "TouchpointProducer",
    "WrongUsage",
]

_HOMES = {
    "AnswerEvent": "schemas.answer",
    "CaseEvent": "schemas.case",
    "ConsentEvent": "schemas.consent",
    "DeliveryFailed": "producers.errors",
    "EngineUnreachable": "errors",
    "EventRejected": "producers.errors",
    "IdentifyEvent": "schemas.identify",
    "InMemoryProducer": "producers.memory",
    "InitiativeEvent": "schemas.initiative",
    "OutboxConfig": "producers.outbox.config",
    "OutboxFull": "producers.errors",
    "OutboxUnusable": "producers.errors",
    "PersonKeys": "schemas.identifiers",
    "TouchlineError": "errors",
    "TouchpointEvent": "schemas.touchpoint",
    "TouchpointProducer": "producers.kafka",
    "WrongUsage": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'touchline' has no attribute {name!r}")
    value = getattr(import_module(f"touchline.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
