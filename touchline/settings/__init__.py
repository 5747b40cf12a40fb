"""The effective configuration: defaults < `touchline.toml` < `TOUCHLINE_*` < flags, and where each value came from.

`load_settings()` is the only reader of the file and of the environment; everything else is handed a `Settings`. The
project folder is `TOUCHLINE_PROJECT_DIR`, else the nearest folder upwards that holds a `touchline.toml`, else the
working directory; relative paths start there. Secrets are never values here, only the names of their files.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, field_validator

from touchline.errors import WrongUsage
from touchline.settings.acting import CareSettings
from touchline.settings.engines import ClickHouseSettings, KafkaSettings, KeySettings
from touchline.settings.group import SettingsGroup
from touchline.settings.privacy import PrivacySettings
from touchline.settings.readers import DashboardSettings
from touchline.settings.senders import CollectorSettings, OutboxSettings
from touchline.settings.surveys import SurveySettings
from touchline.settings.worker import EndpointSettings, JourneySettings, LocalSettings, WorkerSettings

CONFIG_FILE_NAME = "touchline.toml"
ENV_PREFIX = "TOUCHLINE_"
DEFAULT_ORIGIN = "default"
PACKAGED_JOURNEYS_DIR = Path(__file__).parent.parent / "journeys"

# What `--set key=value` gave on the command line: flags of the whole process, set once before a command runs.
command_line_flags: dict[str, str] = {}


class ProjectSettings(SettingsGroup):
    """Where relative paths start. The first of all groups: the others are checked with its value."""

    project_dir: Path = Field(
        default_factory=Path.cwd, description="folder where relative paths start", examples=["/srv/touchline"]
    )


# Pydantic orders fields from the last base to the first: read from below, this is the order of docs/configuration.md.
class Settings(
    WorkerSettings,
    JourneySettings,
    LocalSettings,
    EndpointSettings,
    CareSettings,
    DashboardSettings,
    SurveySettings,
    CollectorSettings,
    OutboxSettings,
    PrivacySettings,
    KeySettings,
    ClickHouseSettings,
    KafkaSettings,
    ProjectSettings,
):
    """All that can be configured. Immutable; derive a changed one with `with_changes`."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("*", mode="after")
    @classmethod
    def _start_at_project_dir(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, Path):
            return value
        if info.field_name == "project_dir":
            return value.expanduser().resolve()
        start = info.data.get("project_dir", Path.cwd())
        path = start / value.expanduser()
        if info.field_name == "journeys_dir" and value == Path("journeys") and not path.is_dir():
            return PACKAGED_JOURNEYS_DIR
        return path

    def origin(self, name: str) -> str:
        """Where the value of a setting came from: `default`, `touchline.toml`, `TOUCHLINE_<NAME>` or `flag`."""
        return self._origins.get(name, DEFAULT_ORIGIN)

    def with_changes(self, **changes: object) -> Settings:
        """The same settings with some values replaced, checked again; their origin is `flag`.

        Raises:
            WrongUsage: a change names no setting or has a wrong value.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        return _build({**kept, **changes}, {**self._origins, **dict.fromkeys(changes, "flag")})


def load_settings(**flags: object) -> Settings:
    """Read the configuration of this process; a flag that is None was not given.

    Raises:
        WrongUsage: unknown setting, wrong value, or a `touchline.toml` that cannot be read; says which and where from.
    """
    given = {**command_line_flags, **{name: value for name, value in flags.items() if value is not None}}
    environment = environment_values(os.environ)
    chosen = given.get("project_dir") or environment.get("project_dir")
    project_dir = Path(str(chosen)).expanduser().resolve() if chosen else find_project_dir(Path.cwd())
    layers = (
        (CONFIG_FILE_NAME, _read_file(project_dir / CONFIG_FILE_NAME)),
        ("environment", environment),
        ("flag", given),
    )
    values: dict[str, object] = {"project_dir": project_dir}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        values |= layer
        origins |= {name: ENV_PREFIX + name.upper() if origin == "environment" else origin for name in layer}
    return _build(values, origins)


def environment_values(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings among `TOUCHLINE_*`. Others are left alone: an orchestrator puts names of its own there."""
    named = {name: ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return {name: environment[variable] for name, variable in named.items() if variable in environment}


def unknown_environment_names(environment: Mapping[str, str]) -> list[str]:
    """`TOUCHLINE_*` variables that name no setting: perhaps misspelled, so `config show` lists them."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in environment if name.startswith(ENV_PREFIX) and name not in known)


def find_project_dir(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds a `touchline.toml`, else `start`."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / CONFIG_FILE_NAME).is_file()), start)


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path} cannot be read: {error}", "fix the file; its lines are `setting = value`") from error


def _build(values: Mapping[str, object], origins: dict[str, str]) -> Settings:
    for name in values:
        if name not in Settings.model_fields:
            origin = origins.get(name, "flag")
            close = get_close_matches(name, Settings.model_fields, n=1)
            hint = f"did you mean {close[0]}?" if close else "see `touchline config show` for all settings"
            raise WrongUsage(f"{origin}: there is no setting {name!r}", hint)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise WrongUsage(_explain(error, origins), "`touchline config show` says what each means") from error
    settings._origins.update(origins)
    return settings


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One clause a wrong setting, without its value: a secret may stand in the wrong place."""
    clauses = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(fault["loc"][0]) if fault["loc"] else "configuration"
        clauses.append(
            f"{name} (from {origins.get(name, DEFAULT_ORIGIN)}): {fault['msg'].removeprefix('Value error, ')}"
        )
    return "; ".join(clauses)
