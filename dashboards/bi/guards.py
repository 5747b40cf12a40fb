"""A formula of a BI tool, and the conditions under which its rows may be put together.

Why: docs/decisions/0160.
"""

from __future__ import annotations

from typing import NamedTuple

from touchline.sql.language.views import View

ONE_MAP = "uniqExact(map, map_version) <= 1"
ONE_KPI = "uniqExact(map, map_version, kpi, variant, scope) <= 1"
ONE_BUCKET = "uniqExact(bucket) <= 1"
"""Of rolling windows, which overlap: the same answer is in several."""

WHOLE, TENTHS = ",d", ",.1f"


class GuardedMetric(NamedTuple):
    """A formula with its name for people. `format` is d3's; empty for Superset's own."""

    name: str
    title: str
    sql: str
    meaning: str
    format: str = ""


def guarded(condition: str, sql: str) -> str:
    """The formula where the condition holds, NULL elsewhere."""
    return f"if({condition}, {sql}, NULL)"


def is_rolling(view: View) -> bool:
    """Whether the buckets of the view overlap."""
    return "rolling" in view.name
