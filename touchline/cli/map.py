"""`touchline map check | show | suggest`: look at journey maps before a worker runs on them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console

from touchline.cli.map_page import print_map
from touchline.cli.map_suggest import suggest
from touchline.errors import WrongUsage
from touchline.schemas.journey.coverage import coverage, coverage_warnings
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import MapInvalid
from touchline.schemas.journey.read import find_map, load_map, map_names
from touchline.settings import load_settings
from touchline.sql.language.catalogue import load_catalogue

WIDTH_WHEN_PIPED = 160

app = typer.Typer(no_args_is_help=True, help="Journey maps: check them, show them, draft one.")
app.command()(suggest)

Names = Annotated[list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="default: all maps of journeys_dir")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


class Checked(NamedTuple):
    """What was found out about one file: the map and its warnings, or why it cannot be used."""

    file: Path
    journey_map: JourneyMap | None
    warnings: list[str]
    refusal: WrongUsage | None


@app.command()
def check(names: Names = None, as_json: AsJson = False) -> int:
    """Check maps: every mistake with its line and what to write instead, then what the map does not cover.

    Status 0 if all maps can be used (warnings do not count), 2 otherwise.

    Examples:

        touchline map check

        touchline map check retail journeys/mine.yaml
    """
    directory = load_settings().journeys_dir
    checked = [_check(_shortened(find_map(name, directory))) for name in names or map_names(directory)]
    if not checked:
        raise WrongUsage(f"there are no maps in {directory}", "name a file, or set journeys_dir")
    if as_json:
        print(json.dumps({"maps": [_as_json(one) for one in checked]}, ensure_ascii=False))
    else:
        for one in checked:
            _tell(one)
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


def _check(file: Path) -> Checked:
    try:
        journey_map = load_map(file)
    except WrongUsage as refusal:
        return Checked(file, None, [], refusal)
    warnings = list(coverage_warnings(journey_map)) + _unknown_variants(journey_map)
    if file.stem != journey_map.map:
        warnings.append(f"the file is named {file.stem!r}, the map {journey_map.map!r}: tables show the latter")
    return Checked(file, journey_map, warnings, None)


def _unknown_variants(journey_map: JourneyMap) -> list[str]:
    """Questions whose answers would be stored but never computed."""
    known = {(kpi.id, variant.id): variant.scale for kpi in load_catalogue().surveys for variant in kpi.variants}
    return [
        f"kpi {asked.id!r}: the catalogue has no {asked.kpi} of variant {asked.variant!r} on {asked.scale.min} to "
        f"{asked.scale.max}: answers are kept, but no KPI is computed from them"
        for asked in journey_map.kpis
        if known.get((asked.kpi, asked.variant)) != (asked.scale.min, asked.scale.max)
    ]


def _as_json(checked: Checked) -> dict[str, Any]:
    if checked.journey_map is None:
        refusal = checked.refusal
        problems = [problem._asdict() for problem in refusal.problems] if isinstance(refusal, MapInvalid) else []
        return {"file": str(checked.file), "ok": False, "error": refusal and refusal.what, "problems": problems}
    one = checked.journey_map
    return {
        "file": str(checked.file),
        "ok": True,
        "map": one.map,
        "version": one.version,
        "content_hash": one.content_hash(),
        "stages": len(one.stages),
        "touchpoints": coverage(one)._asdict(),
        "rules": len(one.rules),
        "warnings": checked.warnings,
    }


def _tell(checked: Checked) -> None:
    if checked.journey_map is None:
        if checked.refusal:
            print(f"error: {checked.refusal.what}\nhint: {checked.refusal.hint}", file=sys.stderr)
        return
    one = checked.journey_map
    print(
        f"{checked.file}: {one.map} version {one.version} is good: {len(one.stages)} stages, "
        f"{len(one.touchpoints)} touchpoints, {len(one.rules)} rules (content {one.content_hash()[:12]})"
    )
    for warning in checked.warnings:
        print(f"  warning: {warning}")
