"""What a worker cannot do without, read before one is started: its files, and the maps that stored events are attached by."""

from __future__ import annotations

from touchline.settings import Settings


def check_worker_files(settings: Settings) -> str:
    """Read sources and maps as a worker will; returns what was found.

    Raises:
        TouchlineError: one is missing or wrong; says where and how to mend it.
    """
    from touchline.schemas.journey.read import find_map, load_map
    from touchline.schemas.sources import load_sources

    sources = load_sources(settings.sources_file)
    maps = [load_map(find_map(name, settings.journeys_dir)) for name in settings.maps]
    return f"{len(sources)} sources, map{'s' * (len(maps) != 1)} {', '.join(settings.maps)}"


def left_out(settings: Settings) -> list[str]:
    """Maps that stored events are attached by and the settings leave out, by the names of their files.

    Raises:
        WrongUsage: the file of one is not there, or is wrong.
    """
    from touchline.clickhouse.connect import connect, explained
    from touchline.schemas.journey.read import find_map, load_map, map_names
    from touchline.sql.schema.reference import maps_left_out, require_no_map_left_out

    named = [load_map(find_map(name, settings.journeys_dir, settings.project_dir)).map for name in settings.maps]
    client = connect(settings)
    try:
        with explained(settings):
            missing = list(maps_left_out(client, {*named, *settings.retired_maps}))
            there = [name for name in missing if name in map_names(settings.journeys_dir)]
            for name in there:
                load_map(find_map(name, settings.journeys_dir))
            require_no_map_left_out(client, [*named, *there], settings.retired_maps)
    finally:
        client.disconnect()
    return there
