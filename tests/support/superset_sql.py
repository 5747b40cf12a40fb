"""Superset's bundle as SQL: what its server would ask ClickHouse for, from the exported files alone.

As Superset's ClickHouse dialect does it: names of metrics and computed columns become their expressions, a time grain a function on the
time column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import yaml

from touchline.dashboards.bi.export import Tool, exported

Shape = dict[str, Any]
_GRAINS = {
    "P1D": "toStartOfDay(toDateTime({}))",
    "P1W": "toMonday(toDateTime({}))",
    "P1M": "toStartOfMonth(toDateTime({}))",
}


@cache
def bundled(kind: str) -> dict[str, Shape]:
    """The files of one kind (datasets, charts, ...) by their name without ending."""
    files = exported(Tool.SUPERSET, unpacked=True)
    names = sorted(name for name in files if name.startswith(f"{kind}/"))
    return {PurePosixPath(name).stem: yaml.safe_load(files[name]) for name in names}


def chart_queries(chart: Shape, datasets: dict[str, Shape]) -> Iterator[str]:
    """The SQL of each query of a chart. A metric or column that its data set has not raises KeyError."""
    dataset = next(one for one in datasets.values() if one["uuid"] == chart["dataset_uuid"])
    for query in json.loads(chart["query_context"])["queries"]:
        yield _sql(query, dataset)


def _sql(query: Shape, dataset: Shape) -> str:
    metrics = {one["metric_name"]: one["expression"] for one in dataset["metrics"]}
    columns = {one["column_name"]: one["expression"] or one["column_name"] for one in dataset["columns"]}
    selected, grouped = [], []
    for column in query["columns"]:
        if isinstance(column, dict):
            name, sql = column["label"], column["sqlExpression"]
            sql = _GRAINS[column["timeGrain"]].format(columns[sql]) if "timeGrain" in column else sql
        else:
            name, sql = column, columns[column]
        selected.append(f"{sql} AS `{name}`" if sql != name else name)
        grouped.append(f"`{name}`" if sql != name else name)
    asked = query["metrics"] or []
    selected += [f"{metrics[name]} AS `{name}`" for name in asked]
    conditions = [_condition(columns[one["col"]], one) for one in query["filters"]]
    order = [f"{metrics.get(name) or columns[name]} {'ASC' if up else 'DESC'}" for name, up in query["orderby"]]
    return (
        f"SELECT {', '.join(selected)} FROM {dataset['schema']}.{dataset['table_name']}"
        + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
        + (f" GROUP BY {', '.join(grouped)}" if asked and grouped else "")
        + (f" ORDER BY {', '.join(order)}" if order else "")
        + f" LIMIT {query['row_limit']}"
    )


def _condition(column: str, one: Shape) -> str:
    if one["op"] == "IS NOT NULL":
        return f"{column} IS NOT NULL"
    return f"{column} {'=' if one['op'] == '==' else one['op']} {one['val']!r}"
