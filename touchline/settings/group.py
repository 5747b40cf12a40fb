"""What all groups of settings share: immutable, no unknown field, no value of a wrong one in a message."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1)]


class SettingsGroup(BaseModel):
    """Settings of one subject. Who needs nothing else takes the group; `Settings` is all groups in one."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


def split_commas(value: object) -> object:
    """A text `a, b` as a list; files and variables of the environment may say it so."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def empty_is_none(value: object) -> object:
    """An empty text means that nothing is set."""
    return None if value == "" else value
