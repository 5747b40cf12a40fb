"""The fields of an event that a mapping may fill, and the type each of them has in the contract."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from touchline.producers.imports.mapping.model import Kind
from touchline.schemas.events import EVENT_TYPES

FILLED_ELSEWHERE: Final = frozenset(("id", "source", "type", "time", "persons", "properties", "received_at"))
"""Fields that have a part of the mapping for themselves, or none."""
LISTS: Final = frozenset(("consent.purposes", "purposes"))
"""Lists of names, which stand in one cell, separated by commas."""
_KINDS: Final[dict[type, Kind]] = {bool: "boolean", int: "integer", float: "number", str: "text"}


@cache
def targets_of(event_type: str) -> dict[str, Kind]:
    """Dotted path of each field under `fields:` -> its type."""
    found = dict(_walk(EVENT_TYPES[event_type], ""))
    return {path: kind for path, kind in found.items() if path.partition(".")[0] not in FILLED_ELSEWHERE | {"amount"}}


def _walk(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Kind]]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        nested = next(
            (one for one in _types_in(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)), None
        )
        if nested is not None:
            yield from _walk(nested, f"{path}.")
            continue
        if path in LISTS:
            yield path, "text"
            continue
        kinds = [_KINDS[one] for one in _types_in(field.annotation) if one in _KINDS]
        if kinds:
            yield path, "number" if set(kinds) >= {"integer", "number"} else kinds[0]


def _types_in(annotation: Any) -> list[Any]:
    """The types of an annotation, through unions and constraints; lists have none that one cell could fill."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types_in(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [one for argument in get_args(annotation) for one in _types_in(argument)]
    if origin is Literal:
        return [type(get_args(annotation)[0])]
    return [] if origin is not None else [annotation]
