"""Superset's one dashboard: which chart stands where, and the filters above them."""

from __future__ import annotations

from typing import NamedTuple

from touchline.dashboards.bi import charts
from touchline.dashboards.bi.chart_form import Chart, Json
from touchline.dashboards.bi.charts import CHARTS
from touchline.dashboards.bi.headline_charts import NUMBERS, SCORES, SIMULATED
from touchline.dashboards.bi.identity import uuid_of

TITLE = "Customer journey"
SLUG = "touchline"
WIDTH = 12
_PARENTS = ["ROOT_ID", "GRID_ID"]
_UNIT_PIXELS, _GUTTER_PIXELS, _HEAD_PIXELS = 8, 18, 210

INTRODUCTION = """### Customer journey
One map and version at a time (filter). Buckets are local days, hours are UTC. Every KPI stands with its n and its 95 % interval. \
Numbers that must not be added up, such as persons of several days or KPIs of several formula variants, stay empty rather than wrong. \
Where simulated events enter a number it says *simulated*."""


class Row(NamedTuple):
    """Charts side by side, all of one height in units of 8 pixels, each with its width of twelve."""

    height: int
    cells: tuple[tuple[Chart, int], ...]


ROWS = (
    Row(21, tuple((chart, 3) for chart in SIMULATED)),
    Row(20, tuple((chart, 3) for chart in NUMBERS)),
    Row(44, ((charts.GLANCE, 12),)),
    Row(44, tuple((chart, 4) for chart in SCORES)),
    Row(38, ((charts.TOUCHPOINT_KPIS, 12),)),
    Row(44, ((charts.FUNNEL, 5), (charts.CONVERSION, 7))),
    Row(56, ((charts.PATHS, 12),)),
    Row(44, ((charts.VOLUME, 6), (charts.PERSONS, 6))),
    Row(44, ((charts.REVENUE, 6), (charts.PERSONS_BY_MONTH, 6))),
    Row(44, ((charts.WAITS, 8), (charts.UNMAPPED, 4))),
    Row(36, ((charts.ACCOUNT, 7), (charts.FRESHNESS, 5))),
)
"""The first one begins with the introduction."""


def height_pixels() -> int:
    """How high a window is that holds all of it: charts out of sight are not drawn."""
    return _HEAD_PIXELS + sum(row.height * _UNIT_PIXELS + _GUTTER_PIXELS for row in ROWS)


def dashboard() -> Json:
    """The dashboard in Superset's import format."""
    return {
        "dashboard_title": TITLE,
        "description": "The journey map in numbers: volume, KPIs, funnel, paths, waits, revenue, and whether the account balances.",
        "css": "",
        "slug": SLUG,
        "uuid": uuid_of("dashboard", SLUG),
        "position": _position(),
        "metadata": _metadata(),
        "published": True,
        "version": "1.0.0",
    }


def _position() -> Json:
    placed: Json = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
    }
    rows: list[str] = []
    number = {chart.name: place for place, chart in enumerate(CHARTS, start=1)}
    for index, row in enumerate(ROWS, start=1):
        name = f"ROW-{index}"
        rows.append(name)
        children = [f"CHART-{chart.name}" for chart, _ in row.cells]
        if row is ROWS[0]:
            placed["MARKDOWN-about"] = _introduction(name, WIDTH - sum(width for _, width in row.cells), row.height)
            children.insert(0, "MARKDOWN-about")
        placed[name] = _row(name, children)
        for chart, width in row.cells:
            placed[f"CHART-{chart.name}"] = {
                "type": "CHART",
                "id": f"CHART-{chart.name}",
                "children": [],
                "parents": [*_PARENTS, name],
                "meta": {
                    "chartId": number[chart.name],
                    "uuid": uuid_of("chart", chart.name),
                    "sliceName": chart.title,
                    "width": width,
                    "height": row.height,
                },
            }
    placed["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]}
    return placed


def _introduction(row: str, width: int, height: int) -> Json:
    return {
        "type": "MARKDOWN",
        "id": "MARKDOWN-about",
        "children": [],
        "parents": [*_PARENTS, row],
        "meta": {"width": width, "height": height, "code": INTRODUCTION},
    }


def _row(name: str, children: list[str]) -> Json:
    return {
        "type": "ROW",
        "id": name,
        "children": children,
        "parents": _PARENTS,
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }


def _metadata() -> Json:
    return {
        "native_filter_configuration": [
            _select("map", "Journey map", "dim_stage", sort_metric="default_map_first"),
            _select("map_version", "Map version", "dim_stage", parents=("map",)),
            _time_range(),
            _select("stage", "Stage", "kpi_volume_1d", optional=True, parents=("map", "map_version")),
            _select("touchpoint", "Touchpoint", "kpi_volume_1d", optional=True, parents=("map", "map_version")),
            _select("channel", "Channel", "kpi_volume_1d", optional=True, parents=("map", "map_version")),
        ],
        "filter_bar_orientation": "HORIZONTAL",
        "cross_filters_enabled": True,
        "color_scheme": "supersetColors",
        "label_colors": {},
        "shared_label_colors": [],
        "refresh_frequency": 0,
        "expanded_slices": {},
        "timed_refresh_immune_slices": [],
        "default_filters": "{}",
        "chart_configuration": {},
        "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
    }


def _select(
    column: str,
    title: str,
    dataset: str,
    sort_metric: str = "",
    optional: bool = False,
    parents: tuple[str, ...] = (),
) -> Json:
    """One value of a column, chosen from the start: the first one, sorted from the greatest."""
    return {
        "id": f"NATIVE_FILTER-{column}",
        "name": title,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"datasetUuid": uuid_of("dataset", dataset), "column": {"name": column}}],
        "controlValues": {
            "enableEmptyFilter": not optional,
            "defaultToFirstItem": not optional,
            "multiSelect": optional,
            "searchAllOptions": False,
            "inverseSelection": False,
            "sortAscending": False,
        },
        **({"sortMetric": sort_metric} if sort_metric else {}),
        # Without it the charts are drawn before the first value is chosen, and are not drawn again.
        "requiredFirst": not optional,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [f"NATIVE_FILTER-{parent}" for parent in parents],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "description": "",
    }


def _time_range() -> Json:
    return {
        "id": "NATIVE_FILTER-period",
        "name": "Period",
        "type": "NATIVE_FILTER",
        "filterType": "filter_time",
        "targets": [{}],
        "controlValues": {"enableEmptyFilter": False},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "description": "",
    }
