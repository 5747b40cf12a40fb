"""Survey KPIs by touchpoint under one map: over all days, and the trend over its last two periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.reporting.trend import Periods, Sample, Trend, trend_of
from touchline.sql.catalogue import load_catalogue
from touchline.sql.projections import SURVEY_1D
from touchline.sql.survey_values import survey_values


class Kpi(NamedTuple):
    """One KPI of one touchpoint over all its answers, with the 95 % interval in the unit of the value."""

    kpi: str
    variant: str
    scope: str
    unit: str
    value: float
    n: int
    ci_low: float
    ci_high: float
    ci_method: str
    trend: Trend


Key = tuple[str, int, str, str, str]
"""Touchpoint, is_simulated, KPI, variant, scope."""


def read_kpis(
    client: Client, map_name: str, map_version: int, periods: Periods | None
) -> Mapping[tuple[str, int], list[Kpi]]:
    """KPIs by (touchpoint, is_simulated)."""
    of_map = {"map": map_name, "version": map_version}
    now: dict[Key, Sample] = {}
    before: dict[Key, Sample] = {}
    if periods is not None:
        now = _samples(client, of_map | {"first": periods.from_, "last": periods.to})
        before = _samples(client, of_map | {"first": periods.before_from, "last": periods.before_to})
    units = {(kpi.id, variant.id): variant.unit for kpi, variant in load_catalogue().variants()}
    found: dict[tuple[str, int], list[Kpi]] = {}
    for key, one in _samples(client, of_map).items():
        touchpoint, is_simulated, kpi, variant, scope = key
        interval = (one.ci_low, one.ci_high, one.ci_method)
        trend = trend_of(now.get(key), before.get(key))
        made = Kpi(kpi, variant, scope, units[kpi, variant], one.value, one.n, *interval, trend)
        found.setdefault((touchpoint, is_simulated), []).append(made)
    return found


def _samples(client: Client, values: Mapping[str, object]) -> dict[Key, Sample]:
    condition = "map = %(map)s AND map_version = %(version)s"
    if "first" in values:
        condition += " AND bucket BETWEEN %(first)s AND %(last)s"
    source = survey_values(SURVEY_1D, ("touchpoint", "is_simulated"), condition)
    rows = client.execute(
        "SELECT touchpoint, is_simulated, kpi, kpi_variant, scope, value, n, n_positive, n_negative, ci_low, ci_high, ci_method "
        f"FROM {source} ORDER BY kpi, kpi_variant, scope",
        values,
    )
    return {row[:5]: Sample(*row[5:]) for row in rows}
