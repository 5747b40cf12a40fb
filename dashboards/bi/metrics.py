"""Formulas over rows of a view, for tools that put rows together: each is right for any rows, or NULL where no number would be right.

A BI tool sums what it is given. Two maps double every count, two formula variants make a number of nothing, and persons of two cells
may be the same ones. So a formula says for itself what it may put together.
"""

from __future__ import annotations

from touchline.dashboards.bi.guards import ONE_BUCKET, ONE_MAP, TENTHS, WHOLE, GuardedMetric, guarded, is_rolling
from touchline.dashboards.bi.scores import score_metrics
from touchline.sql.language.columns import Column
from touchline.sql.language.views import View


def metrics_of(view: View) -> list[GuardedMetric]:
    """What may be computed of any rows of the view."""
    if view.name in _FACTS:
        return list(_FACTS[view.name])
    found = [GuardedMetric("rows", "Rows", "count()", "Number of rows of the view", WHOLE)]
    if "bucket" in view.columns:
        found.append(GuardedMetric("last_bucket", "Newest bucket", "max(bucket)", "The newest bucket: to order by"))
    if view.name.startswith("kpi_survey_"):
        found += score_metrics(view)
    if view.name == "kpi_wait_1d":
        found += [_wait_quantile(0.5), _wait_quantile(0.9)]
    if view.name.startswith("kpi_volume_"):
        found.append(_EVENTS_SIMULATED)
    if view.name == "dim_stage":
        found.append(_DEFAULT_MAP_FIRST)
    for name, (column, _) in view.columns.items():
        is_own = view.name.startswith("kpi_survey_") and name in _SURVEY_OWN
        if (name == "amount" or "additivity: sum" in column.comment) and not is_own:
            found.append(_total(name, column, view))
        elif _is_one_cell(name, column, view):
            found.append(_cell(name, column))
    return found


def title_of(name: str) -> str:
    """A column's name for people."""
    return _TITLES.get(name) or name.replace("_", " ").capitalize()


_TITLES = {
    "ci_low": "Low (95 %)",
    "ci_high": "High (95 %)",
    "ci_method": "Interval",
    "is_online": "Online",
    "is_simulated": "Is simulated",
    "kpi": "KPI",
    "n": "n",
    "event_time": "Event time (UTC)",
    "local_date": "Local day",
    "map": "Journey map",
    "map_version": "Map version",
    "stage_order": "Stage number",
    "p50_hours": "Half within (h)",
    "p75_hours": "3 in 4 within (h)",
    "p90_hours": "9 in 10 within (h)",
    "delay_p50_hours": "Half stored within (h)",
    "delay_p90_hours": "9 in 10 stored within (h)",
    "n_followed": "Followed",
    "n_open": "Still open",
    "n_last": "Last of its journey",
    "level": "Level",
}
_EVENTS_SIMULATED = GuardedMetric(
    "events_simulated",
    "Simulated among them",
    guarded(ONE_MAP, "sumIf(events, is_simulated = 1)"),
    "Simulated events among those that count; NULL over several maps",
    WHOLE,
)
_SURVEY_OWN = ("n", "numerator", "denominator")
_DEFAULT_MAP_FIRST = GuardedMetric(
    "default_map_first",
    "Default map first",
    "max(map IN (SELECT id FROM journey.dim_map WHERE is_default = 1))",
    "1 for the default map: filters sort by it",
)


def _total(name: str, column: Column, view: View) -> GuardedMetric:
    conditions = [ONE_MAP] if "map" in view.columns and "map_version" in view.columns else []
    if is_rolling(view):
        conditions.append(ONE_BUCKET)
    meaning = f"{column.comment.partition(' (additivity')[0]}, added up"
    if name == "amount":
        conditions.append("uniqExact(currency) <= 1")
    if "level" in view.columns:
        conditions.append("uniqExact(level) <= 1")
    if conditions:
        meaning += (
            "; NULL over several maps"
            + (" or currencies" if name == "amount" else "")
            + (" or both levels" if "level" in view.columns else "")
            + (" or windows that overlap" if is_rolling(view) else "")
        )
    sql = f"sum({name})"
    sql = guarded(" AND ".join(conditions), sql) if conditions else sql
    return GuardedMetric(f"total_{name}", title_of(name), sql, meaning, ",.0f" if name == "amount" else WHOLE)


def _is_one_cell(name: str, column: Column, view: View) -> bool:
    measured = column.type.removeprefix("Nullable(").startswith(("Int64", "UInt64", "Float64"))
    marts = ("kpi_", "funnel_", "touchpoint_", "path_", "freshness")
    return measured and view.name.startswith(marts) and name not in (*_SURVEY_OWN, *_NOT_MEASURES)


_NOT_MEASURES = ("wait_from_seconds", "wait_below_seconds", "step")


def _cell(name: str, column: Column) -> GuardedMetric:
    """The value of one row. Seconds are shown as hours, which people can read of waits of days."""
    meaning = f"{column.comment.partition(' (additivity')[0]}; NULL where several rows would be put together"
    if name.endswith("_seconds"):
        hours = f"{name.removesuffix('_seconds')}_hours"
        sql = guarded("count() = 1", f"any({name}) / 3600")
        return GuardedMetric(f"cell_{hours}", title_of(hours), sql, f"{meaning}; in hours", TENTHS)
    form = WHOLE if "Int64" in column.type else ".1%" if name.endswith(("share", "rate")) else ""
    return GuardedMetric(f"cell_{name}", title_of(name), guarded("count() = 1", f"any({name})"), meaning, form)


def _wait_quantile(share: float) -> GuardedMetric:
    return GuardedMetric(
        f"p{share * 100:.0f}_below_hours",
        f"{share:.0%} within (hours)",
        guarded(ONE_MAP, f"quantileExactWeighted({share})(wait_below_seconds, toUInt64(greatest(events, 0))) / 3600"),
        "Upper end of the class of the percentile, in hours; classes are powers of two of seconds",
        TENTHS,
    )


_JOURNEYS = "uniqExactIf((person, cycle), isNotNull(person) AND isNotNull(cycle))"
_EVENTS = (
    GuardedMetric("events", "Events", "count()", "Number of touchpoint events", WHOLE),
    GuardedMetric(
        "persons", "Persons", "uniqExact(person)", "Distinct persons of the selected rows, whatever the period", WHOLE
    ),
    GuardedMetric("journey_cycles", "Journeys", _JOURNEYS, "Distinct journey cycles of the selected rows", WHOLE),
)
_OF_ONE_MAP = tuple(
    metric._replace(sql=guarded(ONE_MAP, metric.sql), meaning=f"{metric.meaning}; NULL over several maps")
    for metric in _EVENTS
)
_FACTS: dict[str, tuple[GuardedMetric, ...]] = {
    "touchpoints": _EVENTS,
    "attachments": _OF_ONE_MAP,
    "answers": (GuardedMetric("answers", "Answers", "count()", "Rows, also of questions that nobody answered", WHOLE),),
    "orders": (
        GuardedMetric("orders", "Orders", "count()", "Events that name an order or an amount", WHOLE),
        GuardedMetric(
            "revenue",
            "Revenue",
            guarded("uniqExact(currency) <= 1", "sum(amount)"),
            "Paid amounts less refunds; NULL over several currencies",
            ",.2f",
        ),
    ),
    "journeys": (
        GuardedMetric(
            "journey_cycles", "Journeys", guarded(ONE_MAP, "count()"), "Journey cycles; NULL over several maps", WHOLE
        ),
        GuardedMetric(
            "journeys_simulated",
            "Simulated among them",
            guarded(ONE_MAP, "countIf(is_simulated = 1)"),
            "Journey cycles with a simulated touchpoint; NULL over several maps",
            WHOLE,
        ),
        GuardedMetric(
            "converted",
            "Converted journeys",
            guarded(ONE_MAP, "countIf(isNotNull(converted_at))"),
            "Journey cycles with a conversion so far; NULL over several maps",
            WHOLE,
        ),
        GuardedMetric(
            "journey_persons", "Persons", "uniqExact(person)", "Distinct persons of the selected journeys", WHOLE
        ),
    ),
}
