"""The events of real persons that simulated answers are about: of a file, or of imported data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from touchline.errors import WrongUsage
from touchline.schemas.checking import check_event
from touchline.schemas.events import TOUCHPOINT
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.sources import load_sources
from touchline.schemas.times import TimeUnreadable, UnknownZone
from touchline.simulate.placing import Met, met, watched_properties


def events_of(file: Path | None, sources: list[str], journey_map: JourneyMap, sources_file: Path) -> Iterator[Met]:
    """The touchpoint events of a file (NDJSON, as `touchline emit` takes it) or of imported data sets, by their sources. What is named is
    looked for at once, the events are read as they are asked for."""
    kept = watched_properties(journey_map)
    zones = {name: one.zone for name, one in load_sources(sources_file).items()}
    if (file is None) == (not sources):
        raise WrongUsage("name either a file of events or --source", "for example --source retail-pos")
    if file is not None:
        return (met(event, kept, zones.get(event["source"])) for event in _lines_of(file))
    readers = _readers()
    for source in sources:
        if source not in readers:
            raise WrongUsage(
                f"no data set of the source {source} can be read here",
                f"there are {', '.join(sorted(readers))}; of other sources give a file of their events",
            )
    return (met(event, kept, zones.get(source)) for source in sources for event in readers[source]())


Reader = Callable[[], Iterator[dict[str, Any]]]


def _readers() -> dict[str, Reader]:
    """Source -> reader of the events that `touchline import` sends of it."""
    try:
        from touchline.producers.imports import clicks
        from touchline.producers.imports.retail import baskets, data_set, households, mailings, redemptions
    except ModuleNotFoundError as error:
        raise WrongUsage(f"a data set needs the package {error.name}", "pip install 'touchline[import]'") from None

    def read_all_baskets() -> Iterator[dict[str, Any]]:
        for batch in baskets.read_baskets(data_set.find_transactions()):
            yield from batch.events

    def read_all_mailings() -> Iterator[dict[str, Any]]:
        folder = data_set.find_data_set()
        return mailings.read_mailings(folder, households.read_segments(folder))

    def read_all_redemptions() -> Iterator[dict[str, Any]]:
        folder = data_set.find_data_set()
        return redemptions.read_redemptions(folder, households.read_segments(folder))

    return {
        baskets.SOURCE: read_all_baskets,
        mailings.SOURCE: read_all_mailings,
        redemptions.SOURCE: read_all_redemptions,
        clicks.SOURCE: lambda: clicks.read_clicks(clicks.find_clicks()),
    }


def _lines_of(file: Path) -> Iterator[dict[str, Any]]:
    """Touchpoint events that pass the contract; what does not is refused with its line."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and (event := _event_of(line, number)) is not None:
                    yield event
    except OSError as error:
        raise WrongUsage(f"the file {file} cannot be read ({error.strerror})", "check its path") from None


def _event_of(line: bytes, number: int) -> dict[str, Any] | None:
    try:
        event = from_json(line, allow_inf_nan=False)
        if not isinstance(event, dict) or event.get("type") != TOUCHPOINT:
            return None
        identifiers = event.pop("identifiers", None)
        check_event(event)
        met(event, naive_zone="UTC")
        return event if identifiers is None else event | {"identifiers": identifiers}
    except (ValueError, ValidationError, TimeUnreadable, UnknownZone):
        raise WrongUsage(
            f"line {number} of the file is no event", "`touchline emit` names field and remedy: mend what it refuses"
        ) from None
