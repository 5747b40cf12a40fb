"""The views as data sets of BI tools: one a view of schema `journey`."""

from __future__ import annotations

from typing import NamedTuple

from touchline.dashboards.bi.guards import GuardedMetric
from touchline.dashboards.bi.metrics import metrics_of, title_of
from touchline.sql.all_views import VIEWS
from touchline.sql.language.views import View

_TIMES = ("bucket", "event_time", "about_time", "started_at", "received_at", "registered_at", "last_event_time")


class Computed(NamedTuple):
    """A column that the view has not: made of its others, for how a chart shows them."""

    name: str
    title: str
    sql: str
    type: str
    meaning: str


class Dataset(NamedTuple):
    """A view, and what may be computed of it."""

    view: View
    metrics: tuple[GuardedMetric, ...]
    computed: tuple[Computed, ...]

    @property
    def name(self) -> str:
        """The name of the view."""
        return self.view.name

    @property
    def time_column(self) -> str | None:
        """The time by which rows are filtered and drawn; None where there is none."""
        return next((name for name in _TIMES if name in self.view.columns), None)


def is_time(type_: str) -> bool:
    """Whether a column of this type is a point in time or a day."""
    return type_.removeprefix("Nullable(").startswith("Date")


_MARKED = {
    "kpi_volume_1d": "stage",
    "kpi_persons_stage_1d": "stage",
    "funnel_stage": "stage",
    "kpi_revenue_1d": "currency",
}
"""Columns that name the series of a chart, which has no other place to say what is simulated."""


def _computed(view: View) -> tuple[Computed, ...]:
    found = list(_OF_VIEW.get(view.name, ()))
    if column := _MARKED.get(view.name):
        sql = f"if(is_simulated = 1, concat({column}, ' (simulated)'), {column})"
        meaning = "Its name, and whether simulated events enter the numbers"
        found.append(Computed(f"{column}_marked", title_of(column), sql, "Nullable(String)", meaning))
    if "is_simulated" in view.columns and "simulated" not in [one.name for one in found]:
        sql = "if(is_simulated = 1, 'simulated', '')"
        found.append(Computed("simulated", "Simulated", sql, "String", "Whether simulated events enter the numbers"))
    return tuple(found)


def _node(number: str, name: str) -> str:
    return f"concat(toString({number}), '. ', {name})"


_STARTED = "if(is_simulated = 1, '(start), simulated among them', from_node)"
_OF_VIEW = {
    # Nodes with the number of their step, so that a path that returns is no circle. Every journey has one edge from the start.
    "path_edges": (
        Computed(
            "from_step",
            "From",
            f"if(step = 0, {_STARTED}, {_node('step', 'from_node')})",
            "String",
            "The node with its step; at the start whether simulated touchpoints are in journeys that go this way",
        ),
        Computed("to_step", "To", _node("step + 1", "to_node"), "String", "The next node with its step"),
    ),
    # Few columns, so that a row is read without scrolling.
    "touchpoint_glance": (
        Computed(
            "kpi_named",
            "KPI",
            "concat(kpi, ' ', variant, ', ', scope)",
            "Nullable(String)",
            "KPI, formula variant and scope; NULL where nothing was answered",
        ),
        Computed(
            "interval",
            "Interval",
            "concat(toString(round(ci_low, 1)), ' to ', toString(round(ci_high, 1)))",
            "Nullable(String)",
            "Bounds of the value's 95 % interval; NULL without answers",
        ),
        Computed(
            "simulated",
            "Simulated",
            "multiIf(events_simulated > 0, if(is_simulated = 1, 'answers, events', 'events'), is_simulated = 1, 'answers', '')",
            "String",
            "What of the row is simulated: the answers of its KPI, events of the touchpoint",
        ),
    ),
}

DATASETS = {
    view.name: Dataset(view, tuple(metrics_of(view)), _computed(view))
    for view in VIEWS
    if view.schema == "journey" and "{" not in view.source
}
