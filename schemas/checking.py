"""Checks events against their models without making the models: the result is the event as a dictionary, defaults filled in.

The worker and the sender check every event, and a model's object costs more than all its checks. So the validators here are made
of the models' own schemas with the classes left out; contract and errors are the same, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import (
    CoreSchema,
    InitErrorDetails,
    PydanticCustomError,
    PydanticUndefined,
    SchemaValidator,
    ValidationError,
    core_schema,
)

from touchline.schemas.answer import require_scale
from touchline.schemas.events import ANSWER, EVENT_ADAPTER, EVENT_TYPES
from touchline.schemas.identifiers import PersonRef

CheckedEvent = dict[str, Any]
"""An event that keeps the contract: every declared field is there, in the model's order, nested objects are dictionaries,
unknown fields come last. Not to be changed: events that leave lists and objects out share empty ones."""

_LEFT_OUT: Final = frozenset(("serialization", "metadata", "ref"))


def check_event(value: dict[str, Any]) -> CheckedEvent:
    """The checked event. Raises pydantic's ValidationError, for rejections.py."""
    kind = value.get("type")
    validate, left_out = _check_for(kind, value)
    sent = validate(value)
    checked = {**left_out, **sent}
    if len(sent) < len(value):
        checked.update((name, value[name]) for name in value if name not in sent)
    if kind in _RULES:
        _keep_rule(kind, checked, value)
    return checked


def check_sent(value: dict[str, Any]) -> dict[str, Any]:
    """The same check for those who need no defaults: the known ones of the sent fields, in the model's order."""
    kind = value.get("type")
    validate, left_out = _check_for(kind, value)
    sent = validate(value)
    if kind in _RULES:
        _keep_rule(kind, {**left_out, **sent}, value)
    return sent


def refilled(event: CheckedEvent) -> CheckedEvent:
    """A checked event out of which declared fields were taken: with their defaults, in the model's order again."""
    return {**_CHECKS[event["type"]].left_out, **event}


def _check_for(kind: Any, value: dict[str, Any]) -> _Check:
    try:
        return _CHECKS[kind]
    except (KeyError, TypeError):
        EVENT_ADAPTER.validate_python(value)  # raises: there is no such type
        raise AssertionError(f"{kind} has a model but no validator") from None


def _keep_rule(kind: str, checked: CheckedEvent, value: dict[str, Any]) -> None:
    try:
        _RULES[kind](checked)
    except PydanticCustomError as error:
        details = InitErrorDetails(type=error, loc=(), input=value)
        raise ValidationError.from_exception_data(kind, [details]) from None


def unknown_fields(event: CheckedEvent) -> set[str]:
    """Names of fields at the top level that the contract does not know."""
    known = FIELD_NAMES[event["type"]]
    return event.keys() - known if len(event) > len(known) else set()


def doubles_of(value: dict[str, Any], event: CheckedEvent) -> Collection[Any]:
    """Values of the object as sent among which are all its doubles, if `event`, what it was checked to, has no unknown
    fields. Everything else that the contract knows is text, an integer or a truth value."""
    properties: dict[str, Any] = event["properties"]
    if event["type"] == ANSWER:  # as sent: the checked score is a double, the sent one mostly an integer
        return (*properties.values(), value.get("score"), value.get("sampling_probability"))
    return properties.values()


def has_unknown_fields(event: CheckedEvent) -> bool:
    """Whether there is a field anywhere that the contract does not know."""
    kind = event["type"]
    return (
        len(event) > len(FIELD_NAMES[kind])
        or any(len(event[name] or ()) > len(known) for name, known in NESTED_FIELD_NAMES[kind])
        or any(len(person) > len(PERSON_FIELD_NAMES) for person in event["persons"])
    )


def _nested_field_names(model: type[BaseModel]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Name of each field that is one nested object, and the names of the fields in it."""
    return tuple(
        (name, frozenset(nested.model_fields))
        for name, field in model.model_fields.items()
        for nested in (field.annotation, *get_args(field.annotation))
        if isinstance(nested, type) and issubclass(nested, BaseModel) and get_origin(field.annotation) is not list
    )


FIELD_NAMES: Final = {name: frozenset(model.model_fields) for name, model in EVENT_TYPES.items()}
NESTED_FIELD_NAMES: Final = {name: _nested_field_names(model) for name, model in EVENT_TYPES.items()}
PERSON_FIELD_NAMES: Final = frozenset(PersonRef.model_fields)


_RULES: Final[dict[str, Callable[[CheckedEvent], None]]] = {ANSWER: require_scale}
"""What a model checks beside its fields, by type."""


class _Check(NamedTuple):
    """Defaults are filled in and unknown fields added afterwards: pydantic looks at what was sent and known, and at nothing else."""

    validate: Callable[[dict[str, Any]], dict[str, Any]]
    """Gives the known fields that were sent."""
    left_out: dict[str, Any]
    """Every field with the value that stands for it when it was not sent; None for required ones."""


def _check_of(name: str, model: type[BaseModel]) -> _Check:
    schema: Any = model.__pydantic_core_schema__
    if schema["type"] == "function-after" and name in _RULES:
        schema = schema["schema"]
    if schema["type"] != "model":
        raise TypeError(f"{name} has a rule of its own that is not among _RULES")
    whole: Any = _dictionary_of(schema)
    fields = {}
    for field, part in whole["fields"].items():
        inner = part["schema"]
        fields[field] = core_schema.typed_dict_field(inner["schema"], required=False) if not part["required"] else part
    lean = core_schema.typed_dict_schema(fields, extra_behavior="ignore", config=whole.get("config"))
    left_out = {field: one.get_default(call_default_factory=True) for field, one in model.model_fields.items()}
    return _Check(
        SchemaValidator(lean).validate_python,
        {field: None if value is PydanticUndefined else value for field, value in left_out.items()},
    )


def _without_classes(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_classes(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "model":
        return _dictionary_of(schema)
    return {
        name: one if name == "default" else _without_classes(one)
        for name, one in schema.items()
        if name not in _LEFT_OUT
    }


def _dictionary_of(model: dict[str, Any]) -> CoreSchema:
    inner = model["schema"]
    if inner["type"] != "model-fields":
        raise TypeError(f"{model['cls'].__name__} has rules that are not its fields'")
    fields = {}
    for name, field in inner["fields"].items():
        schema = _without_classes(field["schema"])
        fields[name] = core_schema.typed_dict_field(schema, required=schema["type"] != "default")
    return core_schema.typed_dict_schema(fields, extra_behavior="allow", config=model.get("config"))


_CHECKS: Final = {name: _check_of(name, model) for name, model in EVENT_TYPES.items()}
