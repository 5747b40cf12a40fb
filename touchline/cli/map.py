"""`touchline map`: look at journey maps before workers run on them; and the commands of files beside this one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from touchline.cli.map_suggest import suggest
from touchline.cli.map_versions import apply, diff, drop, list_
from touchline.errors import WrongUsage
from touchline.journey.maps.check import CheckedMap, as_object, check_map, checked_lines
from touchline.journey.maps.page import print_map
from touchline.schemas.journey.read import find_map, load_map, map_names
from touchline.settings import load_settings

WIDTH_WHEN_PIPED = 160

app = typer.Typer(no_args_is_help=True, help="Journey maps: check, show and draft them, apply and compare them.")
app.command()(suggest)
app.command()(apply)
app.command()(diff)
app.command()(drop)
app.command("list")(list_)

Names = Annotated[list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="default: all maps of journeys_dir")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def check(names: Names = None, as_json: AsJson = False) -> int:
    """Check maps: every mistake with its line and what to write instead, then what the map does not cover.

    Status 0 if all maps can be used (warnings do not count), 2 otherwise.

    Examples:

        touchline map check

        touchline map check retail journeys/mine.yaml
    """
    directory = load_settings().journeys_dir
    checked = [check_map(_shortened(find_map(name, directory))) for name in names or map_names(directory)]
    if not checked:
        raise WrongUsage(f"there are no maps in {directory}", "name a file, or set journeys_dir")
    if as_json:
        print(json.dumps({"maps": [as_object(one) for one in checked]}, ensure_ascii=False))
    else:
        for one in checked:
            _print(one)
    return max(one.refusal.exit_status if one.refusal else 0 for one in checked)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="FILE|NAME", help="a name in journeys_dir, or a path")],
    as_json: AsJson = False,
) -> None:
    """Show a map: stages as columns, then touchpoints, rules, goals and the KPIs that are asked.

    Examples:

        touchline map show retail

        touchline map show six_stages_loyalty --json
    """
    journey_map = load_map(find_map(name, load_settings().journeys_dir))
    if as_json:
        content = journey_map.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        print(json.dumps({**content, "content_hash": journey_map.content_hash()}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_WHEN_PIPED
    print_map(journey_map, console)


def _shortened(file: Path) -> Path:
    """As seen from here, where that is shorter: complaints begin with it."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def _print(checked: CheckedMap) -> None:
    if checked.journey_map is not None:
        print("\n".join(checked_lines(checked.file, checked.journey_map, checked.warnings)))
    elif checked.refusal:
        print(f"error: {checked.refusal.what}\nhint: {checked.refusal.hint}", file=sys.stderr)
