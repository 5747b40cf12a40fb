"""Who comes when: persons one after the other over the days, within opening hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from touchline.schemas.times import US_PER_SECOND
from touchline.simulate.chance import Chance
from touchline.simulate.effects import TRAIT
from touchline.simulate.parameters import ZONE, SimulationParameters

_OPENS_HOUR, _OPEN_HOURS = 8, 12
_PLACES = 12


class Person(NamedTuple):
    """`trait` is what this person adds to the quality of every answer. `begins_unknown`: known by a device until the first login."""

    number: int
    login: str
    device: str
    place: str
    trait: float
    begins_unknown: bool
    arrives_us: int


def arrive(parameters: SimulationParameters, run_id: str) -> Iterator[Person]:
    """The persons, in the order of their arrival."""
    zone = ZoneInfo(ZONE)
    for number in range(parameters.persons):
        chance = Chance(parameters.seed, "person", number)
        day_and_part = parameters.days * (number + chance.share()) / parameters.persons
        begins_unknown = chance.happens(parameters.merge_share)
        name = f"{run_id}-{number}"
        yield Person(
            number,
            name,
            f"{name}-device",
            f"sim-store-{1 + chance.below(_PLACES)}",
            round(chance.between(-TRAIT, TRAIT), 4),
            begins_unknown,
            _opening_time(parameters, day_and_part, zone),
        )


def _opening_time(parameters: SimulationParameters, day_and_part: float, zone: ZoneInfo) -> int:
    day, part = divmod(day_and_part, 1.0)
    midnight = datetime(parameters.begin.year, parameters.begin.month, parameters.begin.day, tzinfo=zone)
    opens = midnight + timedelta(days=int(day), hours=_OPENS_HOUR)
    seconds = int(opens.astimezone(UTC).timestamp()) + part * _OPEN_HOURS * 3_600
    return round(seconds * US_PER_SECOND)
