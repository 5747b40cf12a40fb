"""What kept bytes look like, without telling a value: a page that may be pasted into a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from touchline.schemas.depth import are_bytes_too_deep
from touchline.schemas.rejections import FIELD_NAMES, shape_of

LINES_MAX = 60


def shape_lines(value: bytes) -> list[str]:
    """One line a field that the contract names: its path and the shape of its value; names that the sender chose are only counted."""
    try:
        found = None if are_bytes_too_deep(value) else orjson.loads(value)
    except orjson.JSONDecodeError:
        return [_no_json(value)]
    if found is None and value.strip() != b"null":
        return ["JSON that nests too deep"]
    if not isinstance(found, dict):
        return [f"JSON, but no object: {shape_of(found)}"]
    lines = list(_lines(found, ""))
    return lines if len(lines) <= LINES_MAX else [*lines[:LINES_MAX], f"… and {len(lines) - LINES_MAX} more"]


def _lines(value: dict[str, Any], path: str) -> Iterator[str]:
    known = [name for name in value if name in FIELD_NAMES]
    for name in known:
        here = f"{path}.{name}" if path else name
        inner = value[name]
        if name == "properties" or not isinstance(inner, dict | list):
            yield f"{here}: {shape_of(inner)}" + (f" of {len(inner)} fields" if isinstance(inner, dict) else "")
        elif isinstance(inner, dict):
            yield from _lines(inner, here)
        else:
            yield f"{here}: {shape_of(inner)}"
            first = inner[0] if inner else None
            if isinstance(first, dict):
                yield from _lines(first, f"{here}[]")
    if unknown := len(value) - len(known):
        yield f"{path or 'beside these'}: {unknown} fields that the contract does not know"


def _no_json(value: bytes) -> str:
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return f"no UTF-8 from byte {error.start} on, of {len(value):,}"
    return f"no JSON, {len(value):,} bytes of text"
