"""What Grafana asks: variables and queries, with the macros of the plugin grafana-clickhouse-datasource.

Panels that take the dashboard's whole selection read the views with arguments, as the journey map page does: so both show the same
numbers. Lines over time read the marts.
"""

from __future__ import annotations

from typing import NamedTuple

from touchline.dashboards.bi.metrics import metrics_of
from touchline.dashboards.bi.scores import BAND_HIGH, BAND_LOW
from touchline.sql.all_views import VIEWS
from touchline.sql.language.usual import usual_arguments
from touchline.sql.language.views import quoted
from touchline.sql.subjects.funnel.definition import MODE

_SURVEY = {metric.name: metric.sql for view in VIEWS if view.name == "kpi_survey_1h" for metric in metrics_of(view)}
_ONE_MAP = "map = ${map:singlequote} AND map_version = ${map_version}"
_OF_THE_MAP = "map = ${map:singlequote}, map_version = ${map_version}"
FILTERS = ("channel", "touchpoint", "persona")


class Variable(NamedTuple):
    """A choice above the dashboard. `many`: several values, or All."""

    name: str
    title: str
    sql: str
    many: bool = False


def _values(key: str) -> str:
    return f"SELECT value FROM journey_api.dimension_values({_OF_THE_MAP}) WHERE key = '{key}' AND value != '' ORDER BY events DESC"


VARIABLES = (
    Variable("map", "Journey map", "SELECT id FROM journey.dim_map GROUP BY id ORDER BY max(is_default) DESC, id"),
    Variable(
        "map_version",
        "Map version",
        "SELECT map_version FROM journey.dim_map WHERE id = ${map:singlequote} ORDER BY map_version DESC",
    ),
    *(Variable(key, key.capitalize(), _values(key), many=True) for key in FILTERS),
    Variable("mode", "Stages reached", f"SELECT arrayJoin([{', '.join(map(quoted, MODE.values))}])"),
    Variable(
        "score",
        "KPI over time",
        f"SELECT concat(kpi, ' ', variant, ' ', scope) AS score FROM journey.kpi_survey_1h WHERE {_ONE_MAP} "
        "GROUP BY score ORDER BY sum(n) DESC",
    ),
)


def _chosen(key: str) -> str:
    """The values of one variable as the filter of a view takes them: none for All."""
    return f"'{key}', if($__conditionalAll(0, ${key}), [], [${{{key}:singlequote}}])"


# Without its zone a day is that of the server, or of the session, whatever that is.
_FIRST_DAY, _LAST_DAY = "toDate($__fromTime, 'UTC')", "toDate($__toTime, 'UTC')"
_SELECTION = (
    f"{_OF_THE_MAP}, date_from = {_FIRST_DAY}, date_to = {_LAST_DAY}, "
    f"filter = map({', '.join(_chosen(key) for key in FILTERS)})"
)
_BEFORE = f"before_from = {_FIRST_DAY} - ({_LAST_DAY} - {_FIRST_DAY}) - 1, before_to = {_FIRST_DAY} - 1"
# As the page looks whose address does not say: else the same selection would have other numbers here.
_LAST_DAY_OF_MAP = (
    f"(SELECT max(if({_LAST_DAY} <= usual_day, usual_day, last_day)) FROM journey.map_days WHERE {_ONE_MAP})"
)
_AS_OF = f"as_of = {usual_arguments(_LAST_DAY_OF_MAP)['as_of']}"
_ROWS = " AND ".join(f"$__conditionalAll({key} IN (${{{key}:singlequote}}), ${key})" for key in FILTERS)
_ROWS_1H = " AND ".join(f"$__conditionalAll({key} IN (${{{key}:singlequote}}), ${key})" for key in FILTERS[:2])

EVENTS = (
    'SELECT sum(events) AS "touchpoint events", sumIf(events, is_simulated = 1) AS "simulated among them" '
    f"FROM journey_api.volume_by_touchpoint({_SELECTION})"
)
PERSONS = (
    "SELECT any(persons) AS persons, any(journeys) AS journeys, any(conversions) AS converted, "
    'any(is_simulated) AS "simulated among them (1: yes)" '
    f"FROM journey_api.persons_by_touchpoint({_SELECTION}, {_AS_OF}) WHERE touchpoint IS NULL"
)
_MARK = "if(is_simulated = 1, ' (simulated)', '')"
EVENTS_BY_HOUR = f"""SELECT $__timeInterval(bucket) AS time, concat(touchpoint, {_MARK}) AS touchpoint_name, sum(events) AS events
FROM journey.kpi_volume_1h
WHERE $__timeFilter(bucket) AND {_ONE_MAP} AND {_ROWS_1H}
GROUP BY time, touchpoint_name ORDER BY time"""
EVENTS_BY_DAY = f"""SELECT toStartOfInterval(toDateTime(bucket, 'UTC'), INTERVAL $__interval_s second) AS time,
  concat(ifNull(stage, '(not on the map)'), {_MARK}) AS stage_name,
  sum(events) AS events
FROM journey.kpi_volume_1d
WHERE $__dateFilter(bucket) AND {_ONE_MAP} AND {_ROWS}
GROUP BY time, stage_name ORDER BY time"""
# With the name of the view: `persons` alone would be the line of that name, which has no value on the days of the other one.
PERSONS_BY_DAY = f"""SELECT toDateTime(bucket, 'UTC') AS time,
  if(is_simulated = 0, day.persons, NULL) AS "persons",
  if(is_simulated = 0, day.journeys, NULL) AS "journeys",
  if(is_simulated = 1, day.persons, NULL) AS "persons, simulated among them",
  if(is_simulated = 1, day.journeys, NULL) AS "journeys, simulated among them"
FROM journey.kpi_persons_1d AS day
WHERE $__dateFilter(bucket) AND {_ONE_MAP}
ORDER BY time"""
SCORE = f"""SELECT $__timeInterval(bucket) AS time,
  {_SURVEY["score"]} AS "Value",
  {_SURVEY["score" + BAND_LOW]} AS "Low (95 %)",
  {_SURVEY["score" + BAND_HIGH]} AS "High (95 %)",
  sum(n) AS "Answers (n)",
  sumIf(n, is_simulated = 1) AS "Simulated among them (n)"
FROM journey.kpi_survey_1h
WHERE $__timeFilter(bucket) AND {_ONE_MAP} AND {_ROWS_1H}
  AND concat(kpi, ' ', variant, ' ', scope) = ${{score:singlequote}}
GROUP BY time ORDER BY time"""
TOUCHPOINTS = f"""SELECT stage, touchpoint, kpi, variant, scope, n, value, ci_low, ci_high, is_small_n, wordings, change, change_low,
  change_high, trend, target, target_verdict, is_simulated
FROM journey_api.survey_by_touchpoint({_SELECTION}, {_BEFORE})
ORDER BY stage_order, touchpoint, kpi, variant, scope"""
FUNNEL = f"""SELECT stage, reached, advanced, completed, dropped, open, rate, ci_low, ci_high, denominator AS n,
  numerator AS n_advanced, rest_completed AS n_completed, rest_dropped AS n_dropped, rest_open AS n_open, is_simulated
FROM journey_api.funnel_stage({_SELECTION}, {_AS_OF}, mode = ${{mode:singlequote}})
ORDER BY stage_order"""
DROP_OFF = f"""SELECT touchpoint, stage, persons, journeys, dropped, denominator AS n, drop_off, ci_low, ci_high, is_simulated
FROM journey_api.persons_by_touchpoint({_SELECTION}, {_AS_OF})
WHERE touchpoint IS NOT NULL ORDER BY dropped DESC LIMIT 100"""
PATHS = f"""SELECT step, from_node, to_node, journeys, share, is_simulated
FROM journey_api.paths({_SELECTION}, {_AS_OF}, by = 'touchpoint', steps = 4, top = 8)
WHERE from_node != '(end)' ORDER BY step, journeys DESC"""
WAITS = f"""SELECT value AS touchpoint, n_followed, n_open, open_share, p50_seconds, p75_seconds, p90_seconds, is_simulated
FROM journey_api.waits({_SELECTION}, {_AS_OF}, by = 'touchpoint')
ORDER BY n_followed DESC"""
REVENUE = f"""SELECT touchpoint, currency, orders, amount, is_simulated
FROM journey_api.revenue_by_touchpoint({_SELECTION})
ORDER BY currency, amount DESC"""
UNMAPPED = (
    "SELECT source, touchpoint, action, events, is_simulated FROM journey.unmapped ORDER BY events DESC LIMIT 100"
)
FRESHNESS = """SELECT source, events, last_event_time, last_stored_at, delay_p50_seconds, delay_p90_seconds
FROM journey.freshness ORDER BY events DESC"""
ACCOUNT = """SELECT topic, partition, received, stored, duplicate, superseded, quarantined, suppressed, erased, gaps, is_balanced
FROM journey.account ORDER BY topic, partition"""
