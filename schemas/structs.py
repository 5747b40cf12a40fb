"""Structs of msgspec made from the models: they read a record's bytes at once, as far as it keeps the contract to the letter.

What such a struct takes, the model takes with the same values: fields, bounds and literals are the model's own, taken from its schema. It
takes less: a field that the contract does not know is refused. Patterns are left to the reader, since msgspec asks Python's `re` for each:
half of all it costs. Fields stand in the order of their names, and what was not sent is left out, so that writing a struct again gives the
event's canonical form (`canonical.py`). A test holds both ways together. Needs the extra `worker`.

Why: docs/decisions/0020.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from pydantic import BaseModel

_BOUNDS: Final = frozenset(("ge", "gt", "le", "lt", "min_length", "max_length"))
_TYPES: Final[dict[str, Any]] = {"str": str, "int": int, "float": float, "bool": bool}
_SAME: Final = frozenset(("custom-error",))
"""Wrappers that change what is said of a wrong value, and not what is right."""
_IGNORED: Final = frozenset(("type", "metadata", "ref", "allow_inf_nan", "mode"))  # JSON has no infinite numbers
_NOTHING: Final[Mapping[str, str]] = {}


class Structs(NamedTuple):
    """A struct class that takes what a model takes, but for unknown fields and the patterns of these fields, by (model, field)."""

    of_model: Any
    unasked: dict[tuple[str, str], str]


def struct_of(model: type[BaseModel], instead: Mapping[str, str] = _NOTHING, *, leaves_rule: bool = False) -> Structs:
    """The struct class of a model. `instead` names fields in whose place another one stands, with anything in it; with `leaves_rule` the
    model's own rule about several fields is left to the reader. Raises TypeError where the model asks what none can ask."""
    unasked: dict[tuple[str, str], str] = {}
    schema: Any = model.__pydantic_core_schema__
    if leaves_rule and schema["type"] == "function-after":
        schema = schema["schema"]
    return Structs(_struct(schema, unasked, instead), unasked)


def _struct(schema: Any, unasked: dict[tuple[str, str], str], instead: Mapping[str, str] = _NOTHING) -> Any:
    inner = schema["schema"]
    if schema["type"] != "model" or inner["type"] != "model-fields":
        raise TypeError("the model has rules that are not its fields'")
    model, fields = schema["cls"].__name__, list[tuple[str, Any] | tuple[str, Any, Any]]()
    fields += ((name, Any, msgspec.UNSET) for name in instead.values())
    for name, field in sorted(inner["fields"].items()):
        if name in instead:
            continue
        part = field["schema"]
        of = part["schema"] if part["type"] == "default" else part
        if pattern := of.get("pattern"):
            unasked[model, name] = pattern
        # A type tells models apart, so it must be there although it has a default.
        if part["type"] == "default" and name != "type":
            fields.append((name, _type(of, unasked) | msgspec.UnsetType, msgspec.UNSET))
        else:
            fields.append((name, _type({key: of[key] for key in of if key != "pattern"}, unasked)))
    return msgspec.defstruct(model, fields, kw_only=True, forbid_unknown_fields=True, gc=False)


def _type(schema: Any, unasked: dict[tuple[str, str], str]) -> Any:
    kind = schema["type"]
    if kind == "model":
        return _struct(schema, unasked)
    if kind == "nullable":
        return _type(schema["schema"], unasked) | None
    if kind in _SAME:
        return _type(schema["schema"], unasked)
    if kind == "literal":
        return Literal[tuple(schema["expected"])]
    if kind == "union":
        found = _type(schema["choices"][0], unasked)
        for choice in schema["choices"][1:]:
            found |= _type(choice, unasked)
        return found
    if kind == "list":
        return _bounded(list[_type(schema["items_schema"], unasked)], schema, "items_schema")  # type: ignore[misc]
    if kind == "dict":
        return _bounded(
            dict[_type(schema["keys_schema"], unasked), _type(schema["values_schema"], unasked)],  # type: ignore[misc]
            schema,
            *("keys_schema", "values_schema"),
        )
    if kind in _TYPES:
        return _bounded(_TYPES[kind], schema)
    raise TypeError(f"no struct can ask what a {kind} asks")


def _bounded(of: Any, schema: Any, *known: str) -> Any:
    bounds = {name: schema[name] for name in _BOUNDS if name in schema}
    if unknown := schema.keys() - _BOUNDS - {*known} - _IGNORED:
        raise TypeError(f"no struct can ask for {', '.join(sorted(unknown))}")
    return Annotated[of, msgspec.Meta(**bounds)] if bounds else of
