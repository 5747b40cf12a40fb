"""What the options of `touchline simulate` mean: dates, maps, planted effects."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from touchline.cli.days import day_of
from touchline.errors import WrongUsage
from touchline.producers.producer import now_us
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map
from touchline.schemas.times import US_PER_SECOND
from touchline.settings import Settings
from touchline.simulate.effects import Effect
from touchline.simulate.parameters import SimulationParameters


def require_past(parameters: SimulationParameters) -> None:
    """What has not happened yet is refused by the contract, so nothing of it is simulated."""
    if parameters.end_us > now_us():
        raise WrongUsage("the simulation would end after this moment", "take fewer --days, or an earlier --begin")


def map_of(name: str | None, settings: Settings) -> JourneyMap:
    """The named map, else the default one."""
    return load_map(find_map(name or settings.maps[0], settings.journeys_dir, settings.project_dir))


def effect_of(text: str, journey_map: JourneyMap) -> Effect:
    """An effect written TOUCHPOINT:SHIFT:DAY, at a touchpoint of the map: at another one nothing would be planted."""
    touchpoint, _, rest = text.rpartition(":")
    touchpoint, _, shift = touchpoint.rpartition(":")
    with suppress(ValueError):
        if touchpoint and -1 <= float(shift) <= 1:
            if touchpoint not in (known := sorted(one.id for one in journey_map.touchpoints)):
                raise WrongUsage(
                    f"the map {journey_map.map} has no touchpoint '{touchpoint}' to plant an effect at",
                    f"it has {', '.join(known)}",
                )
            starts = datetime.combine(day_of(rest, "--effect", "2025-01-01"), datetime.min.time(), UTC)
            return Effect(
                "initiative", f"{touchpoint}:{rest}", touchpoint, int(starts.timestamp()) * US_PER_SECOND, float(shift)
            )
    raise WrongUsage(
        "--effect is not TOUCHPOINT:SHIFT:DAY with a shift from -1 to 1",
        "for example --effect store_purchase:0.15:2017-12-04",
    )
