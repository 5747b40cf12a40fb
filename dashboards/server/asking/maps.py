"""What is known of the journey maps: which there are, which is the default, and which days they cover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from touchline.dashboards.server.arguments import wrong_argument
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.asking.parsing import count_of, day_of, moment_of
from touchline.service.problem import RequestRefused
from touchline.sql.language.usual import Period, moment_after


class KnownMap(NamedTuple):
    """A version of a map. `first_day` and `last_day` are local days of the events that it places, `usual_day` is the one with which the
    default period ends and `later_events` come after it (journey.map_days); None where it places none."""

    map: str
    map_version: int
    title: str
    is_default: bool
    first_day: date | None
    last_day: date | None
    usual_day: date | None
    events: int
    later_events: int


def chosen_map(parameters: Parameters, maps: Sequence[KnownMap]) -> KnownMap:
    """The map of `map` and `version`; without them the default map and the version that readers see, which stands first of each map.

    Raises RequestRefused when it is not known, with those that are.
    """
    if not maps:
        raise RequestRefused(
            503, "no journey map is known yet", "start a worker: it registers the maps", retry_after=10
        )
    default = next((one for one in maps if one.is_default), maps[0])
    name = parameters.one("map") or default.map
    versions = [one for one in maps if one.map == name]
    if not versions:
        known = ", ".join(dict.fromkeys(one.map for one in maps))
        raise wrong_argument("map", name, f"one of {known}")
    version = parameters.one("version")
    if version is None:
        return versions[0]
    wanted = count_of("version", version, 0, (1 << 32) - 1)
    found = next((one for one in versions if one.map_version == wanted), None)
    if found is None:
        known = ", ".join(str(one.map_version) for one in versions)
        raise wrong_argument("version", version, f"one of {known}")
    return found


def chosen_period(parameters: Parameters, known: KnownMap, today: date) -> Period:
    """The days of `from` and `to`; without them 28 days up to the last usual one of the map.

    Raises RequestRefused for a wrong day or a period that is turned around.
    """
    first, last = _day(parameters, "from"), _day(parameters, "to")
    if last is None:
        last = known.usual_day or today
        last = last if first is None else max(first, last)
    if first is None:
        first = Period.ending(last).first
    if first > last:
        raise RequestRefused(400, "the period is turned around", "give a from that is not after to", field="from")
    return Period(first, last)


def chosen_before(parameters: Parameters, period: Period) -> Period:
    """The days to compare with: `before_from` and `before_to`; without them as many days just before."""
    first, last = _day(parameters, "before_from"), _day(parameters, "before_to")
    if first is None and last is None:
        return period.before()
    if first is None or last is None:
        field = "before_from" if first is None else "before_to"
        raise RequestRefused(400, f"the parameter {field} is missing", "give both ends or neither", field=field)
    if first > last:
        what = "the period before is turned around"
        raise RequestRefused(400, what, "give a before_from that is not after before_to", field="before_from")
    return Period(first, last)


def chosen_moment(parameters: Parameters, known: KnownMap, now: datetime) -> datetime:
    """The moment of `as_of`, from which one looks: what is open then is open.

    Without it noon (UTC) after the last usual day of the map (sql/language/usual.py); after its very last day where the period ends later
    than that. Where there is no event, now in whole minutes.
    """
    value = parameters.one("as_of")
    if value is not None:
        return moment_of("as_of", value)
    if known.last_day is None or known.usual_day is None:
        return now.replace(second=0, microsecond=0)
    last = _day(parameters, "to")
    return moment_after(known.usual_day if last is None or last <= known.usual_day else known.last_day)


def _day(parameters: Parameters, name: str) -> date | None:
    value = parameters.one(name)
    return None if value is None else day_of(name, value)
