"""What all groups of settings share: immutable, no unknown field, no value of a wrong one in a message."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1)]
ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?")
"""Scheme and host, as a browser names where a page comes from."""


class SettingsGroup(BaseModel):
    """Settings of one subject. Who needs nothing else takes the group; `Settings` is all groups in one."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


def split_commas(value: object) -> object:
    """A text `a, b` as a list; files and variables of the environment may say it so."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def empty_is_none(value: object) -> object:
    """An empty text means that nothing is set."""
    return None if value == "" else value


def require_origins(value: list[str]) -> list[str]:
    """Raises ValueError unless each is an origin as browsers send it."""
    if not all(map(ORIGIN.fullmatch, value)):
        raise ValueError(
            "an origin is scheme and host as in https://shop.example, in lower case, a port if it has one; no path, no *"
        )
    return value
