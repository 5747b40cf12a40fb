"""A chart in Superset's words: `params`, from which the browser draws it, and `query_context`, by which the server asks for its data."""

from __future__ import annotations

import json

from touchline.dashboards.bi.chart_form import Chart, Filter, Json, Query
from touchline.dashboards.bi.datasets import DATASETS

_NO_FILTER = "No filter"
_GRAINS = {"P1D": "P1D", "P1W": "P1W", "P1M": "P1M"}


def params(chart: Chart) -> Json:
    """The form that Superset's chart editor would hold."""
    query = chart.query
    form: Json = {
        "viz_type": chart.kind,
        "adhoc_filters": _filters(chart, query),
        "row_limit": query.row_limit,
        "extra_form_data": {},
    }
    if query.time_grain:
        form |= {"x_axis": DATASETS[chart.dataset].time_column, "time_grain_sqla": query.time_grain}
    form |= _asked(chart)
    return form | chart.shape


def _asked(chart: Chart) -> Json:
    """Metrics and columns, under the names that the kind of chart has for them."""
    query = chart.query
    if chart.kind == "table":
        order = [json.dumps([name, ascending]) for name, ascending in query.order_by]
        if not query.metrics:
            return {
                "query_mode": "raw",
                "all_columns": _listed(chart, query),
                "order_by_cols": order,
                "server_page_length": 10,
            }
        name, ascending = query.order_by[0]
        return {
            "query_mode": "aggregate",
            "groupby": list(query.columns),
            "metrics": list(query.metrics),
            "timeseries_limit_metric": name,
            "order_desc": not ascending,
            "server_page_length": 10,
        }
    if chart.kind == "sankey_v2":
        source, target = query.columns
        return {"source": source, "target": target, "metric": query.metrics[0]}
    if chart.kind in ("big_number_total", "funnel"):
        return {"metric": query.metrics[0], "groupby": list(query.columns)}
    if chart.second:
        second = chart.second
        return {
            "metrics": list(query.metrics),
            "groupby": list(query.columns),
            "metrics_b": list(second.metrics),
            "groupby_b": list(second.columns),
            "adhoc_filters_b": _filters(chart, second),
            "row_limit_b": second.row_limit,
        }
    return {"metrics": list(query.metrics), "groupby": list(query.columns)}


def _listed(chart: Chart, query: Query) -> list[object]:
    """Columns of rows as they are. Computed ones go with their SQL: of rows, Superset 6.1 takes their names for columns of the
    view."""
    computed = {one.name: one for one in DATASETS[chart.dataset].computed}
    return [
        {"expressionType": "SQL", "sqlExpression": computed[name].sql, "label": computed[name].title}
        if name in computed
        else name
        for name in query.columns
    ]


def _filters(chart: Chart, query: Query) -> list[Json]:
    found: list[Json] = [_condition(one) for one in query.filters]
    if time := DATASETS[chart.dataset].time_column:
        found.append(
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": time,
                "operator": "TEMPORAL_RANGE",
                "comparator": _NO_FILTER,
            }
        )
    return found


def _condition(one: Filter) -> Json:
    shape: Json = {"clause": "WHERE", "expressionType": "SIMPLE", "subject": one.column, "operator": one.operator}
    if one.operator != "IS NOT NULL":
        shape["comparator"] = one.value
    return shape


def query_context(chart: Chart) -> Json:
    """The request that Superset's server answers with the data of the chart. The import puts the data set's number in."""
    queries = [chart.query, *([chart.second] if chart.second else [])]
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [_query(chart, query) for query in queries],
        "form_data": params(chart),
        "result_format": "json",
        "result_type": "full",
    }


def _query(chart: Chart, query: Query) -> Json:
    dataset = DATASETS[chart.dataset]
    columns: list[object] = list(query.columns) if query.metrics else _listed(chart, query)
    shape: Json = {
        "metrics": list(query.metrics) if query.metrics else None,
        "filters": [
            {"col": one.column, "op": one.operator, **({"val": one.value} if one.operator != "IS NOT NULL" else {})}
            for one in query.filters
        ],
        "row_limit": query.row_limit,
        "orderby": [[name, ascending] for name, ascending in query.order_by],
        "extras": {"having": "", "where": ""},
        "applied_time_extras": {},
        "annotation_layers": [],
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
    }
    if dataset.time_column:
        shape |= {"granularity": dataset.time_column, "time_range": _NO_FILTER}
    if query.time_grain:
        axis: Json = {
            "timeGrain": query.time_grain,
            "columnType": "BASE_AXIS",
            "sqlExpression": dataset.time_column,
            "label": dataset.time_column,
            "expressionType": "SQL",
        }
        shape["series_columns"] = list(query.columns)
        columns = [axis, *columns]
    return shape | {"columns": columns}
