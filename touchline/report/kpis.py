"""Survey KPIs by touchpoint and stage under one map: over all days, and the trend over its last two periods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.report.trend import NO_TREND, Periods, Trend
from touchline.sql.subjects.surveys.api import SURVEY_BY_TOUCHPOINT


class Kpi(NamedTuple):
    """One KPI of one touchpoint at one stage over all its answers, with the 95 % interval in the unit of the value. `stage` is "" where the
    map gives none."""

    kpi: str
    variant: str
    scope: str
    stage: str
    unit: str
    value: float
    n: int
    ci_low: float
    ci_high: float
    ci_method: str
    trend: Trend


Key = tuple[str, str, int, str, str, str]
"""Touchpoint, stage, is_simulated, KPI, variant, scope."""

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


def read_kpis(
    client: Client, map_name: str, map_version: int, periods: Periods | None
) -> Mapping[tuple[str, int], list[Kpi]]:
    """KPIs by (touchpoint, is_simulated)."""
    of_map = {"map": map_name, "version": map_version}
    trends: dict[Key, Trend] = {}
    if periods is not None:
        query = f"SELECT {_KEY}, trend, change, change_low, change_high, n, n_before FROM {_CALL}"
        rows = client.execute(query, of_map | _days(periods))
        trends = {row[:6]: Trend(*row[6:]) for row in rows}
    found: dict[tuple[str, int], list[Kpi]] = {}
    query = f"SELECT {_KEY}, unit, value, n, ci_low, ci_high, ci_method FROM {_CALL} ORDER BY kpi, variant, scope, stage_order"
    for row in client.execute(query, of_map | _days(_ALL_DAYS)):
        touchpoint, stage, is_simulated, kpi, variant, scope, unit, value, n, ci_low, ci_high, ci_method = row
        trend = trends.get((touchpoint, stage, is_simulated, kpi, variant, scope), NO_TREND)
        made = Kpi(kpi, variant, scope, stage, unit, value, n, ci_low, ci_high, ci_method, trend)
        found.setdefault((touchpoint, is_simulated), []).append(made)
    return found


def _days(periods: Periods) -> dict[str, date]:
    return {name: min(max(day, _FIRST_DAY), _LAST_DAY) for name, day in periods._asdict().items()}
