"""`touchline config show`: the effective configuration, and which of its four sources each value came from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from touchline.settings import Settings, load_settings, unknown_environment_names
from touchline.terminal import whole_table

WIDTH_WHEN_PIPED = 160

app = typer.Typer(no_args_is_help=True, help="The effective configuration.")


@app.callback()
def _group() -> None:
    """A callback makes typer keep `show` as a subcommand although it is the only one."""


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show every setting, its value and where that came from (default < touchline.toml < TOUCHLINE_* < flag).

    Secrets are files; only their names are shown.

    Examples:

        touchline config show

        TOUCHLINE_TOPIC=orders touchline config show --set partitions=8
    """
    settings = load_settings()
    rows = {name: {"value": _plain(value), "origin": settings.origin(name)} for name, value in settings}
    unknown = unknown_environment_names(os.environ)
    if as_json:
        print(json.dumps({"settings": rows, "unknown_environment": unknown}))
        return
    table = whole_table("setting", "value", "origin", "meaning")
    for name, value in settings:
        meaning = Settings.model_fields[name].description or ""
        table.add_row(name, _text(value, settings.project_dir), settings.origin(name), meaning)
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_WHEN_PIPED
    console.print(table)
    if unknown:
        console.print(f"\nnot settings, so ignored: {', '.join(unknown)}", markup=False)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _text(value: object, project_dir: Path) -> str:
    if isinstance(value, Path) and value != project_dir and value.is_relative_to(project_dir):
        return str(value.relative_to(project_dir))
    return ",".join(value) if isinstance(value, list) else str(value)
