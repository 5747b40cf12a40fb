"""What a worker cannot do without, read before one is started: its files."""

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
