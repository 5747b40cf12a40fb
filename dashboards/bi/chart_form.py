"""What a chart of Superset's dashboard is made of: what it asks of a data set, and how Superset draws it.

A chart is written once. Superset's form of it (`params`) and the query that it sends (`query_context`, by which the server answers
without a browser) are both made from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Json = dict[str, object]


@dataclass(frozen=True)
class Filter:
    """A condition on one column: `==`, `!=`, `<`, `IS NOT NULL`."""

    column: str
    operator: str
    value: object = None


@dataclass(frozen=True)
class Query:
    """What is asked of a data set. `time_grain` (ISO 8601) draws over its time column; without metrics rows are listed as they are."""

    metrics: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    time_grain: str = ""
    order_by: tuple[tuple[str, bool], ...] = ()
    row_limit: int = 1000


@dataclass(frozen=True)
class Chart:
    """One chart. `shape` is what only its kind of chart knows; `second` is the other query of a mixed chart."""

    name: str
    title: str
    kind: str
    dataset: str
    query: Query
    description: str
    shape: Json = field(default_factory=dict)
    second: Query | None = None


DAY, WEEK, MONTH = "P1D", "P1W", "P1M"
MAPPED = Filter("stage", "IS NOT NULL")
LABELLED_AXIS: Json = {
    "x_axis_time_format": "%b %Y",
    "rich_tooltip": True,
    "show_legend": True,
    "legendOrientation": "top",
}
