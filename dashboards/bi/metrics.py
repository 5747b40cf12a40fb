"""Formulas over rows of a view, for tools that put rows together: each is right for any rows, or NULL where no number would be right.

A BI tool sums what it is given. Two maps double every count, two formula variants make a number of nothing, and persons of two cells
may be the same ones. So a formula says for itself what it may put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from touchline.sql.catalogue import Kind, SurveyKpi, Variant, load_catalogue
from touchline.sql.formulas import IntervalSql, adjusted_wald, wilson
from touchline.sql.view_columns import Column
from touchline.sql.views import View

ONE_MAP = "uniqExact(map, map_version) <= 1"
ONE_KPI = "uniqExact(map, map_version, kpi, variant, scope) <= 1"
_WHOLE, _TENTHS = ",d", ",.1f"
BAND_LOW, BAND_HIGH = "__yhat_lower", "__yhat_upper"
"""Endings by which Superset draws two metrics as a band about a third one."""

_N, _GOOD, _BAD = "sum(n)", "sum(n_positive)", "sum(n_negative)"


class Metric(NamedTuple):
    """A formula with its name for people. `format` is d3's; empty for Superset's own."""

    name: str
    title: str
    sql: str
    meaning: str
    format: str = ""


def metrics_of(view: View) -> list[Metric]:
    """What may be computed of any rows of the view."""
    if view.name in _FACTS:
        return list(_FACTS[view.name])
    found = [Metric("rows", "Rows", "count()", "Number of rows of the view", _WHOLE)]
    if "bucket" in view.columns:
        found.append(Metric("last_bucket", "Newest bucket", "max(bucket)", "The newest bucket: to order by"))
    if view.name.startswith("kpi_survey_"):
        found += [*_survey(), *_variants()]
    if view.name == "kpi_wait_1d":
        found += [_wait_quantile(0.5), _wait_quantile(0.9)]
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
    "is_simulated": "Simulated",
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
    "told_by": "Told by",
}
_SURVEY_OWN = ("n", "numerator", "denominator")
_DEFAULT_MAP_FIRST = Metric(
    "default_map_first",
    "Default map first",
    "max(map IN (SELECT id FROM journey.dim_map WHERE is_default = 1))",
    "1 for the default map: filters sort by it",
)


def _guarded(condition: str, sql: str) -> str:
    return f"if({condition}, {sql}, NULL)"


def _total(name: str, column: Column, view: View) -> Metric:
    conditions = [ONE_MAP] if "map" in view.columns and "map_version" in view.columns else []
    meaning = f"{column.comment.partition(' (additivity')[0]}, added up"
    if name == "amount":
        conditions.append("uniqExact(currency) <= 1")
    if "told_by" in view.columns:
        conditions.append("uniqExact(told_by) <= 1")
    if conditions:
        meaning += (
            "; NULL over several maps"
            + (" or currencies" if name == "amount" else "")
            + (" or both tellings" if "told_by" in view.columns else "")
        )
    sql = f"sum({name})"
    guarded = _guarded(" AND ".join(conditions), sql) if conditions else sql
    return Metric(f"total_{name}", title_of(name), guarded, meaning, ",.0f" if name == "amount" else _WHOLE)


def _is_one_cell(name: str, column: Column, view: View) -> bool:
    measured = column.type.removeprefix("Nullable(").startswith(("Int64", "UInt64", "Float64"))
    marts = ("kpi_", "funnel_", "touchpoint_", "path_", "freshness")
    return measured and view.name.startswith(marts) and name not in (*_SURVEY_OWN, *_NOT_MEASURES)


_NOT_MEASURES = ("wait_from_seconds", "wait_below_seconds", "step")


def _cell(name: str, column: Column) -> Metric:
    """The value of one row. Seconds are shown as hours, which people can read of waits of days."""
    meaning = f"{column.comment.partition(' (additivity')[0]}; NULL where several rows would be put together"
    if name.endswith("_seconds"):
        hours = f"{name.removesuffix('_seconds')}_hours"
        sql = _guarded("count() = 1", f"any({name}) / 3600")
        return Metric(f"cell_{hours}", title_of(hours), sql, f"{meaning}; in hours", _TENTHS)
    form = _WHOLE if "Int64" in column.type else ".1%" if name.endswith(("share", "rate")) else ""
    return Metric(f"cell_{name}", title_of(name), _guarded("count() = 1", f"any({name})"), meaning, form)


def _wait_quantile(share: float) -> Metric:
    return Metric(
        f"p{share * 100:.0f}_below_hours",
        f"{share:.0%} within (hours)",
        _guarded(ONE_MAP, f"quantileExactWeighted({share})(wait_below_seconds, toUInt64(greatest(events, 0))) / 3600"),
        "Upper end of the class of the percentile, in hours; classes are powers of two of seconds",
        _TENTHS,
    )


def _inlined(interval: IntervalSql) -> tuple[str, str]:
    """The bounds as one expression each: a tool's formula has no layers."""
    low, high = interval.low, interval.high
    for layer in reversed(interval.layers):
        for name, sql in layer.items():
            low, high = low.replace(name, f"({sql})"), high.replace(name, f"({sql})")
    return low, high


def _of_kind(net: str, share: str, mean: str) -> str:
    return f"multiIf(any(variant) IN ({_ids('net')}), {net}, any(variant) IN ({_ids('share')}), {share}, {mean})"


def _ids(kind: Kind) -> str:
    ids = dict.fromkeys(variant.id for _, variant in load_catalogue().variants() if variant.kind == kind)
    return ", ".join(f"'{one}'" for one in ids)


def _survey() -> Iterator[Metric]:
    """Of one KPI, formula variant and scope, over any hours or days, touchpoints and so on."""
    net_low, net_high = _inlined(adjusted_wald(_GOOD, _BAD, _N))
    share_low, share_high = _inlined(wilson(_GOOD, _N))
    value = _of_kind("100", "100", "1") + " * sum(numerator) / nullIf(sum(denominator), 0)"
    low = _of_kind(f"100 * ({net_low})", f"100 * ({share_low})", _guarded("count() = 1", "any(ci_low)"))
    high = _of_kind(f"100 * ({net_high})", f"100 * ({share_high})", _guarded("count() = 1", "any(ci_high)"))
    one = "NULL over several KPIs, variants, scopes or maps"
    yield Metric("answers", "n", _guarded(ONE_MAP, "sum(n)"), "Answers that count; NULL over several maps", _WHOLE)
    yield Metric("score", "Value", _guarded(ONE_KPI, value), f"The KPI in the unit of its variant; {one}", _TENTHS)
    of_means = "of means only where it is one row of the view"
    for name, title, sql in ((BAND_LOW, "Low (95 %)", low), (BAND_HIGH, "High (95 %)", high)):
        yield Metric(
            f"score{name}", title, _guarded(ONE_KPI, sql), f"Bound of the 95 % interval; {one}; {of_means}", ",.1f"
        )


def _variants() -> Iterator[Metric]:
    """Of each formula variant, its value and n, for tables that show several KPIs side by side."""
    for kpi, variant in load_catalogue().variants():
        is_it = f"kpi = '{kpi.id}' AND variant = '{variant.id}'"
        one = f"uniqExactIf((map, map_version, scope), {is_it}) <= 1"
        factor = "" if variant.kind == "mean" else "100 * "
        value = f"{factor}sumIf(numerator, {is_it}) / nullIf(sumIf(denominator, {is_it}), 0)"
        yield Metric(f"{kpi.id}_{variant.id}", _name(kpi, variant), _guarded(one, value), _meaning(variant), _TENTHS)
        answers = _guarded(one, f"sumIf(n, {is_it})")
        yield Metric(f"{kpi.id}_{variant.id}_n", f"n of {_name(kpi, variant)}", answers, "Answers that count", _WHOLE)


def _name(kpi: SurveyKpi, variant: Variant) -> str:
    return f"{kpi.name} ({variant.id.replace('_', ' ')})"


def _meaning(variant: Variant) -> str:
    return f"{variant.formula}; NULL over several scopes or maps"


_JOURNEYS = "uniqExactIf((person, cycle), isNotNull(person) AND isNotNull(cycle))"
_EVENTS = (
    Metric("events", "Events", "count()", "Number of touchpoint events", _WHOLE),
    Metric(
        "persons", "Persons", "uniqExact(person)", "Distinct persons of the selected rows, whatever the period", _WHOLE
    ),
    Metric("journey_cycles", "Journeys", _JOURNEYS, "Distinct journey cycles of the selected rows", _WHOLE),
)
_OF_ONE_MAP = tuple(
    metric._replace(sql=_guarded(ONE_MAP, metric.sql), meaning=f"{metric.meaning}; NULL over several maps")
    for metric in _EVENTS
)
_FACTS: dict[str, tuple[Metric, ...]] = {
    "touchpoints": _EVENTS,
    "attachments": _OF_ONE_MAP,
    "answers": (Metric("answers", "Answers", "count()", "Rows, also of questions that nobody answered", _WHOLE),),
    "orders": (
        Metric("orders", "Orders", "count()", "Events that name an order or an amount", _WHOLE),
        Metric(
            "revenue",
            "Revenue",
            _guarded("uniqExact(currency) <= 1", "sum(amount)"),
            "Paid amounts less refunds; NULL over several currencies",
            ",.2f",
        ),
    ),
    "journeys": (
        Metric(
            "journey_cycles", "Journeys", _guarded(ONE_MAP, "count()"), "Journey cycles; NULL over several maps", _WHOLE
        ),
        Metric(
            "converted",
            "Converted journeys",
            _guarded(ONE_MAP, "countIf(isNotNull(converted_at))"),
            "Journey cycles with a conversion so far; NULL over several maps",
            _WHOLE,
        ),
        Metric("journey_persons", "Persons", "uniqExact(person)", "Distinct persons of the selected journeys", _WHOLE),
    ),
}
