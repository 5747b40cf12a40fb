"""Every touchpoint that a map places, with volume, persons, stages, channels and KPIs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.report.kpis import Kpi, read_kpis
from touchline.report.stages import StageLine, read_stages
from touchline.report.trend import Periods


class TouchpointLine(NamedTuple):
    """One touchpoint. `persons` are distinct; `channels` and `stages` in the order of their volume, "" for none. Answers that are simulated
    stand apart from real ones, with `events` 0 where no event is."""

    touchpoint: str
    stages: Sequence[str]
    channels: Sequence[str]
    is_simulated: bool
    events: int
    persons: int
    kpis: Sequence[Kpi]


class MapPart(NamedTuple):
    """What one journey map shows. `periods` are those of the trends; None where it places no event."""

    map: str
    map_version: int
    title: str
    is_default: bool
    periods: Periods | None
    touchpoints: Sequence[TouchpointLine]
    stages: Sequence[StageLine]


class _Volume(NamedTuple):
    stages: dict[str, int]
    channels: dict[str, int]
    events: int
    persons: int
    is_mapped: int


_NO_VOLUME = _Volume({}, {}, 0, 0, 0)  # answers may be about a touchpoint of which no event came


def read_maps(client: Client, days: int, until: date | None) -> list[MapPart]:
    """The default map, then every other whose newest version places an event, in the order of their registration.

    A touchpoint stands under each map that places one of its events, and under the default map where none does. `days` is the length
    of a period; the last one ends at `until`, else with the last event that the map places.
    """
    last_days = dict(client.execute(_LAST_DAYS))
    maps = [one for one in client.execute(_MAPS) if one[3] or one[:2] in last_days]
    placed_elsewhere: set[str] = set()
    parts: list[MapPart] = []
    for name, version, title, is_default in reversed(maps):  # the default map comes last: it shows what no other places
        last = until or last_days.get((name, version))
        periods = Periods.ending(last, days) if last else None
        lines = _touchpoints(client, name, version, periods, placed_elsewhere if is_default else None)
        placed_elsewhere |= {line.touchpoint for line in lines}
        if lines or is_default:
            parts.append(
                MapPart(name, version, title, bool(is_default), periods, lines, read_stages(client, name, version))
            )
    return parts[::-1]


def _touchpoints(
    client: Client, name: str, version: int, periods: Periods | None, placed_elsewhere: set[str] | None
) -> list[TouchpointLine]:
    """`placed_elsewhere`: show also what this map does not place, but for these."""
    kpis = read_kpis(client, name, version, periods)
    volumes = {row[:2]: _Volume(*row[2:]) for row in client.execute(_VOLUMES, {"map": name, "version": version})}
    placed = {touchpoint for (touchpoint, _), volume in volumes.items() if volume.is_mapped}
    totals: dict[str, int] = {}
    lines = []
    for key in volumes.keys() | kpis.keys():
        touchpoint, is_simulated = key
        if touchpoint not in placed and (placed_elsewhere is None or touchpoint in placed_elsewhere):
            continue
        volume = volumes.get(key, _NO_VOLUME)
        totals[touchpoint] = totals.get(touchpoint, 0) + volume.events
        stages, channels = _by_volume(volume.stages), _by_volume(volume.channels)
        found = kpis.get(key, [])
        lines.append(
            TouchpointLine(touchpoint, stages, channels, bool(is_simulated), volume.events, volume.persons, found)
        )
    return sorted(lines, key=lambda line: (-totals[line.touchpoint], line.touchpoint, line.is_simulated))


def _by_volume(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


_MAPS = """
SELECT id, map_version, name, is_default
FROM (SELECT id, map_version, name, is_default, registered_at FROM journey.dim_map ORDER BY is_default DESC, map_version DESC LIMIT 1 BY id)
ORDER BY is_default DESC, registered_at, id
"""
_LAST_DAYS = """
SELECT (map, map_version), max(bucket) FROM journey.kpi_volume_1d WHERE isNotNull(stage) GROUP BY map, map_version
"""
_VOLUMES = """
SELECT
    touchpoint, is_simulated, sumMap(map(ifNull(stage, ''), 1)) AS stages, sumMap(map(ifNull(channel, ''), 1)) AS channels,
    count() AS events, uniqExact(person) AS persons, max(is_mapped) AS is_mapped_once
FROM journey.attachments
WHERE map = %(map)s AND map_version = %(version)s
GROUP BY touchpoint, is_simulated
"""
