"""Walks over all parts of a map with their places in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from touchline.schemas.journey.conditions import MapElement
from touchline.schemas.journey.problems import Path


def parts_of(value: object, path: Path = ()) -> Iterator[tuple[Path, MapElement]]:
    """Every part at or below `value`, outermost first."""
    if isinstance(value, MapElement):
        yield path, value
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from parts_of(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from parts_of(item, (*path, key))
    elif isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from parts_of(item, (*path, position))
