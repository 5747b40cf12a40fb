"""The views as data sets of BI tools: one a view of schema `journey`."""

from __future__ import annotations

from typing import NamedTuple

from touchline.dashboards.bi.guards import Metric
from touchline.dashboards.bi.metrics import metrics_of
from touchline.sql.all_views import VIEWS
from touchline.sql.views import View

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
    metrics: tuple[Metric, ...]
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


def _computed(view: View) -> tuple[Computed, ...]:
    """Of paths the nodes with the number of their step, so that a path that returns is no circle."""
    if view.name != "path_edges":
        return ()
    start = "if(step = 0, from_node, concat(toString(step), '. ', from_node))"
    return (
        Computed("from_step", "From", start, "String", "The node with its step"),
        Computed("to_step", "To", "concat(toString(step + 1), '. ', to_node)", "String", "The next node with its step"),
    )


DATASETS = {
    view.name: Dataset(view, tuple(metrics_of(view)), _computed(view))
    for view in VIEWS
    if view.schema == "journey" and "{" not in view.source
}
