"""What panels of the operations dashboard are made of, and the forms of PromQL that come again and again."""

from __future__ import annotations

from typing import Final, NamedTuple


class Query(NamedTuple):
    """One expression and the name of its series, in Grafana's `{{label}}` form."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One panel. `unit` is Grafana's: short, s, bytes, rps (requests a second), cps (counts a second), percentunit."""

    title: str
    unit: str
    description: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 8
    """Of 24."""


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


RATE: Final = "[$__rate_interval]"


def quantiles(metric: str, by: str = "", levels: tuple[float, ...] = (0.5, 0.9, 0.99)) -> tuple[Query, ...]:
    """Lines of a histogram's quantiles, for each value of the label `by` where there is one."""
    more = f", {by}" if by else ""
    legend = f" {{{{{by}}}}}" if by else ""
    return tuple(
        Query(
            f"histogram_quantile({level}, sum by (le{more}) (rate({metric}_bucket{RATE})))",
            f"{level:.0%}{legend}",
        )
        for level in levels
    )


def rates(metric: str, *by: str) -> Query:
    """A line of a counter's rate for each combination of these labels."""
    legend = " to ".join(f"{{{{{label}}}}}" for label in by)
    grouped = f" by ({', '.join(by)})" if by else ""
    return Query(f"sum{grouped} (rate({metric}{RATE}))", legend or "all")


def stat(title: str, unit: str, description: str, expr: str) -> Panel:
    """A panel of one number."""
    return Panel(title, unit, description, (Query(expr, ""),), "stat", 4)
