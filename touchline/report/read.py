"""Reads the report: every touchpoint of every map with its volume, persons, KPIs and their trends, how far journeys came, what is unmapped
or kept out, and the account.

A KPI over all days is computed from the sums of classes, by the catalogue's own SQL, never from daily values.

Why: docs/decisions/0087.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.map_changes.progress import read_versions, what_is_under_way
from touchline.report.values import (
    NO_TREND,
    Account,
    Kpi,
    Later,
    MapPart,
    Periods,
    Report,
    StageLine,
    Totals,
    TouchpointLine,
    Trend,
)
from touchline.sql.language.usual import PERIOD_DAYS, moment_after
from touchline.sql.ledger.withheld import HAS_WITHDRAWN, withheld
from touchline.sql.subjects.funnel.definition import MODE as FUNNEL_MODE
from touchline.sql.subjects.funnel.views import FUNNEL_STAGE
from touchline.sql.subjects.surveys.api import SURVEY_BY_TOUCHPOINT
from touchline.surveys.uncounted import why_uncounted

UNMAPPED_SHOWN = 10

Place = tuple[str, str, int]
"""Touchpoint, stage, is_simulated."""
Key = tuple[str, str, int, str, str, str]
"""The same, KPI, variant, scope."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
"""The days that ClickHouse's Date knows; events are valid from 1990 on."""
_ALL_DAYS = Periods(date(1970, 1, 2), _FIRST_DAY, _FIRST_DAY, _LAST_DAY)
"""Everything, compared with nothing."""
_KEY = "touchpoint, ifNull(stage, '') AS at_stage, is_simulated, kpi, variant, scope"
_CALL = SURVEY_BY_TOUCHPOINT.called(
    map="%(map)s",
    map_version="%(version)s",
    date_from="%(from_)s",
    date_to="%(to)s",
    filter="map()",
    before_from="%(before_from)s",
    before_to="%(before_to)s",
)


class _Volume(NamedTuple):
    channels: dict[str, int]
    events: int
    persons: int


_NO_VOLUME = _Volume({}, 0, 0)  # answers may be about a touchpoint of which no event came


def build_report(
    client: Client, days: int = PERIOD_DAYS, until: date | None = None, mode: str = FUNNEL_MODE.values[0]
) -> Report:
    """Read the report; trends compare the last `days` until that day (each map's last one) with as many before, `mode` is the funnel's."""
    maps = read_maps(client, days, until, mode)
    unmapped = read_unmapped(client, [(part.map, part.map_version) for part in maps])
    return Report(
        maps,
        read_totals(client),
        read_simulated_sources(client),
        read_uncounted(client),
        unmapped[:UNMAPPED_SHOWN],
        sum(row[3] for row in unmapped),
        client.execute("SELECT reason, count() FROM journey.quarantine GROUP BY reason ORDER BY count() DESC, reason"),
        _account(client),
        mode,
        client.execute(_UNDECLARED),
        list(what_is_under_way(read_versions(client))),
        read_withheld(client),
    )


def read_totals(client: Client) -> Totals:
    """Events of all maps, each once, distinct persons and places, and the time they span; answers of the default map."""
    ((events, persons, places, first, last),) = client.execute(
        "SELECT uniqExact(source, event_id), uniqExact(person), uniqExact(place), min(event_time), max(event_time) FROM journey.attachments"
    )
    ((answers,),) = client.execute("SELECT count() FROM journey.answers")
    return Totals(events, persons, places, answers, first if events else None, last if events else None)


def read_maps(client: Client, days: int, until: date | None, mode: str) -> list[MapPart]:
    """The default map, then every other whose version that readers see places an event, in the order of their registration.

    A touchpoint stands under each map that places one of its events, and under the default map where none does. `days` is the length
    of a period; the last one ends at `until`, else with the last usual day of the map.
    """
    last_days = {(name, version): days for name, version, *days in client.execute(_LAST_DAYS)}
    maps = [one for one in client.execute(_MAPS) if one[3] or one[:2] in last_days]
    placed_elsewhere: set[str] = set()
    parts: list[MapPart] = []
    for name, version, title, is_default in reversed(maps):  # the default map comes last: it shows what no other places
        usual_day, later_events, last_day = last_days.get((name, version), (None, 0, None))
        last = until or usual_day
        periods = Periods.ending(last, days) if last else None
        lines = _touchpoints(client, name, version, periods, placed_elsewhere if is_default else None)
        placed_elsewhere |= {line.touchpoint for line in lines}
        if lines or is_default:
            stages = read_stages(client, name, version, last_day or _FIRST_DAY, mode)
            later = Later(later_events, last_day) if later_events and until is None else None
            parts.append(MapPart(name, version, title, bool(is_default), periods, lines, stages, later))
    return parts[::-1]


def _touchpoints(
    client: Client, name: str, version: int, periods: Periods | None, placed_elsewhere: set[str] | None
) -> list[TouchpointLine]:
    """`placed_elsewhere`: show also what this map does not place, but for these."""
    kpis = read_kpis(client, name, version, periods)
    volumes = {row[:3]: _Volume(*row[3:]) for row in client.execute(_VOLUMES, {"map": name, "version": version})}
    placed = {touchpoint for touchpoint, stage, _ in volumes if stage}
    totals: Counter[str] = Counter()
    here: Counter[tuple[str, str]] = Counter()
    lines = []
    for key in volumes.keys() | kpis.keys():
        touchpoint, stage, is_simulated = key
        if touchpoint not in placed and (placed_elsewhere is None or touchpoint in placed_elsewhere):
            continue
        volume = volumes.get(key, _NO_VOLUME)
        totals[touchpoint] += volume.events
        here[touchpoint, stage] += volume.events
        channels, found = _by_volume(volume.channels), kpis.get(key, [])
        lines.append(
            TouchpointLine(touchpoint, stage, channels, bool(is_simulated), volume.events, volume.persons, found)
        )

    def turn(line: TouchpointLine) -> tuple[int, str, int, str, bool]:
        volume = here[line.touchpoint, line.stage]
        return -totals[line.touchpoint], line.touchpoint, -volume, line.stage, line.is_simulated

    return sorted(lines, key=turn)


def _by_volume(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def read_kpis(client: Client, map_name: str, map_version: int, periods: Periods | None) -> Mapping[Place, list[Kpi]]:
    """KPIs by touchpoint, stage and whether the answers are simulated."""
    of_map = {"map": map_name, "version": map_version}
    trends: dict[Key, Trend] = {}
    if periods is not None:
        query = f"SELECT {_KEY}, trend, change, change_low, change_high, n, n_before FROM {_CALL}"
        rows = client.execute(query, of_map | _days(periods))
        trends = {row[:6]: Trend(*row[6:]) for row in rows}
    found: dict[Place, list[Kpi]] = {}
    query = f"SELECT {_KEY}, unit, value, n, ci_low, ci_high, ci_method FROM {_CALL} ORDER BY kpi, variant, scope, stage_order"
    for row in client.execute(query, of_map | _days(_ALL_DAYS)):
        touchpoint, stage, is_simulated, kpi, variant, scope, unit, value, n, ci_low, ci_high, ci_method = row
        trend = trends.get((touchpoint, stage, is_simulated, kpi, variant, scope), NO_TREND)
        made = Kpi(kpi, variant, scope, unit, value, n, ci_low, ci_high, ci_method, trend)
        found.setdefault((touchpoint, stage, is_simulated), []).append(made)
    return found


def _days(periods: Periods) -> dict[str, date]:
    return {name: min(max(day, _FIRST_DAY), _LAST_DAY) for name, day in periods._asdict().items()}


def read_stages(client: Client, map_name: str, map_version: int, last_day: date, mode: str) -> list[StageLine]:
    """The stages of a map in their order: all of its journeys, seen from where a reader looks who says nothing."""
    of_map = {"map": map_name, "version": map_version, "mode": mode, "as_of": moment_after(last_day)}
    rows = client.execute(_FUNNEL, of_map | _days(_ALL_DAYS))
    return [StageLine(*row) for row in rows]


def read_simulated_sources(client: Client) -> list[tuple[str, str]]:
    """(source, its name) of each source of which a simulated event or answer stands, sorted."""
    return [tuple(row) for row in client.execute(_SOURCES)]


def read_uncounted(client: Client) -> list[tuple[str, int]]:
    """(why, number of answers), the most frequent first."""
    reasons: Counter[str] = Counter()
    for *answer, answers in client.execute(_ANSWERS):
        reasons[why_uncounted(*answer)] += answers
    del reasons[""]
    return sorted(reasons.items(), key=lambda one: (-one[1], one[0]))


def read_withheld(client: Client) -> list[tuple[str, int]]:
    """(source, events) that are withheld as of now, the most first."""
    if not client.execute(HAS_WITHDRAWN):
        return []
    return sorted((tuple(row) for row in client.execute(_WITHHELD)), key=lambda one: (-one[1], one[0]))


def read_unmapped(client: Client, maps: Sequence[tuple[str, int]]) -> list[tuple[str, str, str, int]]:
    """(source, touchpoint, action, events). With one map that is the view `unmapped`; with several, an event that another map places is
    none of them."""
    rows = client.execute(_OF_DEFAULT_MAP) if len(maps) < 2 else client.execute(_OF_ALL_MAPS, {"maps": tuple(maps)})
    return [tuple(row) for row in rows]


def _account(client: Client) -> Account:
    fates = ", ".join(f"sum({name})" for name in Account._fields[:-1])
    ((received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, worst),) = client.execute(
        f"SELECT {fates}, min(is_balanced) FROM journey.account"
    )
    is_balanced = bool(worst) or not received + gaps
    return Account(received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, is_balanced)


_WITHHELD = withheld("toString(source), toInt64(count())", "source")
_FUNNEL = f"""
SELECT {", ".join(StageLine._fields)}
FROM {
    FUNNEL_STAGE.called(
        map="%(map)s",
        map_version="%(version)s",
        date_from="%(from_)s",
        date_to="%(to)s",
        filter="map()",
        as_of="%(as_of)s",
        mode="%(mode)s",
    )
}
ORDER BY stage_order
"""
_MAPS = """
SELECT id, map_version, name, is_default
FROM (
    SELECT id, map_version, name, is_default, registered_at FROM journey.dim_map
    ORDER BY is_default DESC, is_shown DESC, map_version DESC LIMIT 1 BY id
)
ORDER BY is_default DESC, registered_at, id
"""
_LAST_DAYS = """
SELECT map, map_version, usual_day, later_events, last_day FROM journey.map_days
"""
_UNDECLARED = """
SELECT source, count() FROM journey.quarantine WHERE reason = 'unknown_source' AND source != ''
GROUP BY source ORDER BY count() DESC, source
LIMIT 5"""
_VOLUMES = """
SELECT
    touchpoint, ifNull(stage, '') AS at_stage, is_simulated, sumMap(map(ifNull(channel, ''), 1)) AS channels,
    count() AS events, uniqExact(person) AS persons
FROM journey.attachments
WHERE map = %(map)s AND map_version = %(version)s
GROUP BY touchpoint, at_stage, is_simulated
"""
_SOURCES = """
SELECT source, any(name)
FROM
(
    SELECT DISTINCT toString(source) AS source FROM journey.touchpoints WHERE is_simulated = 1
    UNION DISTINCT
    SELECT DISTINCT toString(source) FROM journey.answers WHERE is_simulated = 1
) AS simulated
LEFT JOIN (SELECT toString(id) AS source, name FROM journey.dim_source) AS declared USING (source)
GROUP BY source
ORDER BY source
"""
_ANSWERS = """
SELECT ifNull(kpi, ''), ifNull(variant, ''), scale_min, scale_max, isNotNull(score), ifNull(disposition, ''), count()
FROM journey.answers GROUP BY ALL
"""
_OF_DEFAULT_MAP = """
SELECT source, touchpoint, ifNull(action, ''), events FROM journey.unmapped ORDER BY events DESC, 1, 2, 3
"""
# Only touchpoints that the default map leaves out are counted event by event.
_OF_ALL_MAPS = """
SELECT source, met, done, count() AS events
FROM
(
    SELECT source, event_id, any(touchpoint) AS met, any(ifNull(action, '')) AS done
    FROM journey.attachments
    WHERE (map, map_version) IN %(maps)s AND touchpoint IN (SELECT touchpoint FROM journey.unmapped)
    GROUP BY source, event_id
    HAVING max(is_mapped) = 0
)
GROUP BY source, met, done
ORDER BY events DESC, source, met, done
"""
