"""`touchline map apply | drop | list | diff`: maps that change while events flow."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.errors import WrongUsage
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import Settings, load_settings
from touchline.terminal import print_page, progress_lines

if TYPE_CHECKING:
    from clickhouse_driver import Client

    from touchline.map_changes.progress import MapVersion

WIDTH_WHEN_PIPED = 160
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def apply(
    name: Annotated[str, typer.Argument(metavar="FILE|NAME", help="a name in journeys_dir, or a path")],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Show progress until readers see it.")] = True,
    as_json: AsJson = False,
) -> None:
    """Attach all stored events under a map or a new version of it, beside what is there, while events flow. Readers go on seeing the old
    version until that is done; then they see the new one, in one step. Workers do it: Ctrl-C stops looking and nothing else, and the same
    command, run again, looks again.

    A version that was applied before and that readers do not see any more is seen again at once.

    Examples:

        touchline map apply journeys/retail.yaml

        touchline map apply five_stages --no-wait
    """
    settings = load_settings()
    journey_map = load_map(find_map(name, settings.journeys_dir))
    from touchline.cli.ledger import open_ledger
    from touchline.map_changes.apply import Outcome, apply_map
    from touchline.map_changes.page import as_object
    from touchline.map_changes.progress import read_versions
    from touchline.map_changes.watch import watch

    key = (journey_map.map, journey_map.version)
    with open_ledger(settings) as client:
        outcome = apply_map(client, journey_map)
        if outcome is not Outcome.SHOWN and wait:
            watch(client, key, progress_lines())
        versions = read_versions(client)
    found = next(one for one in versions if one.key == key)
    if as_json:
        print(json.dumps({"outcome": outcome, **as_object(found)}))
        return
    print("\n".join(_what_readers_see(found, versions)))


def _what_readers_see(found: MapVersion, versions: Iterable[MapVersion]) -> Iterable[str]:
    from touchline.map_changes.progress import APPLIED, APPLYING, what_is_under_way

    if found.state == APPLYING:
        yield from what_is_under_way([found, *(one for one in versions if one.map == found.map and one.is_shown)])
        yield "workers do it; `touchline map list` and `touchline status` say how far they are"
        return
    default = ", and the default map is shown by it" if found.is_default else ""
    yield f"readers see version {found.version} of map {found.map}{default}"
    others = [one for one in versions if one.map == found.map and one.state == APPLIED and one != found]
    for one in others:
        yield (
            f"version {one.version} is kept up beside it, for whoever names it: compare with `touchline map diff {one.map}:{one.version} "
            f"{found.map}:{found.version}`, take it away with `touchline map drop {one.map} {one.version}`"
        )


def drop(
    name: Annotated[str, typer.Argument(metavar="MAP", help="the map's id")],
    version: Annotated[int | None, typer.Argument(help="one version; without it the whole map")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a version of a map away, one that is being applied too: no view shows it from now on, and workers retract its rows. Events stay.

    Never the version that readers see, unless the whole map goes, and never the default map.

    Examples:

        touchline map drop retail 2

        touchline map drop five_stages
    """
    from touchline.cli.ledger import open_ledger
    from touchline.map_changes.apply import drop_map, drop_version

    with open_ledger(load_settings()) as client:
        if version is None:
            versions = drop_map(client, name)
        else:
            drop_version(client, name, version)
            versions = [version]
    if as_json:
        print(json.dumps({"map": name, "dropped": versions}))
    else:
        print(
            f"dropped: map {name} version {', '.join(map(str, versions))}; workers retract its rows, no view shows them any more"
        )


def list_(as_json: AsJson = False) -> None:
    """Every version of every map: its state, how far it is applied, and whether readers see it.

    Examples:

        touchline map list
    """
    from touchline.cli.ledger import open_ledger
    from touchline.map_changes.page import as_object, versions_table
    from touchline.map_changes.progress import read_versions

    with open_ledger(load_settings()) as client:
        versions = read_versions(client)
    if as_json:
        print(json.dumps({"maps": [as_object(one) for one in versions]}))
    elif versions:
        print_page(versions_table(versions), WIDTH_WHEN_PIPED)
    else:
        print("no map is known yet: start a worker, or `touchline map apply FILE`")


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="a file or name, MAP:VERSION, or MAP for what readers see of it")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="likewise")],
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a map, or two maps: what their files say; and where both are applied, what becomes of the same events: stages
    of one against stages of the other, which rules decide, which persons and KPIs change.

    Examples:

        touchline map diff retail:3 journeys/retail.yaml

        touchline map diff five_stages six_stages_loyalty
    """
    from touchline.cli.ledger import open_ledger
    from touchline.map_changes.diff.events import read_event_changes
    from touchline.map_changes.diff.files import file_changes
    from touchline.map_changes.diff.page import MapDifference, as_object, render
    from touchline.map_changes.progress import APPLIED, read_versions

    settings = load_settings()
    with open_ledger(settings) as client:
        versions = read_versions(client)
        maps = [_one_of(client, settings, text, versions) for text in (before, after)]
        keys = [(one.map, one.version) for one in maps]
        applied = {one.key for one in versions if one.state == APPLIED}
        missing = [f"map {name} version {version}" for name, version in keys if (name, version) not in applied]
        events = read_event_changes(client, keys[0], keys[1]) if not missing and keys[0] != keys[1] else None
    named = f"{' and '.join(dict.fromkeys(missing))} {'is' if len(set(missing)) == 1 else 'are'} not"
    why = (
        f"numbers need both to be applied, and {named} (`touchline map apply FILE`)"
        if missing
        else "both are the same version"
    )
    names = [f"{one.map}:{one.version}" for one in maps]
    found = MapDifference(names[0], names[1], file_changes(maps[0], maps[1]), events, "" if events else why)
    if as_json:
        print(json.dumps(as_object(found), ensure_ascii=False))
    else:
        print_page(render(found), WIDTH_WHEN_PIPED)


def _one_of(client: Client, settings: Settings, text: str, versions: Iterable[MapVersion]) -> JourneyMap:
    """A stored version where the text names one, else a file; a file whose version is known must say the same."""
    from touchline.map_changes.tables import read_maps
    from touchline.sql.schema.reference import require_same_contents

    name, _, number = text.partition(":")
    stored = [one for one in versions if one.map == name]
    chosen = next((one for one in stored if (str(one.version) == number if number else one.is_shown)), None)
    if chosen is not None:
        return read_maps(client, [chosen.key])[chosen.key]
    if number and stored and not Path(text).is_file():
        known = ", ".join(str(one.version) for one in stored)
        raise WrongUsage(f"map {name} has no version {number}", f"known: {known}; or name a file")
    journey_map = load_map(find_map(text, settings.journeys_dir))
    require_same_contents(client, [journey_map])
    return journey_map
