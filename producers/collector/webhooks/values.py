"""From what a tool writes for an answer to a score, a comment, an identifier, a property."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_NUMBER: Final = re.compile(r"\s*-?[0-9]{1,9}(?:\.[0-9]{1,9})?\s*")


def score_of(value: Any, values: Mapping[str, float]) -> Any:
    """A number, also where it is written as text; of words what `values` says. What is none stays as it is: it is refused then, with its
    reason."""
    if values and not isinstance(value, list | dict) and (found := values.get(text_of(value))) is not None:
        return found
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if number.is_integer() else number
    return value


def text_of(value: Any) -> str:
    """An answer as text: several with commas, parts with their names."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(text_of(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text_of(one)}" for name, one in value.items())
    return json.dumps(value)


def comment_of(value: Any) -> str | None:
    """What somebody wrote; None where it is blank."""
    return text_of(value).strip() or None


def property_of(value: Any) -> Any:
    """A flat fact."""
    return text_of(value) if isinstance(value, list | dict) else value
