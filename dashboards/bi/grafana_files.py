"""Grafana's dashboard of the journey as JSON. The data source and where dashboards are found are plain files beside it."""

from __future__ import annotations

import json

from touchline.dashboards.bi.chart_form import Json
from touchline.dashboards.bi.grafana_panels import PANELS, Panel
from touchline.dashboards.bi.grafana_queries import VARIABLES, Variable

DASHBOARD = "dashboards/journey.json"
SOURCE: Json = {"type": "grafana-clickhouse-datasource", "uid": "touchline"}
PLUGIN_VERSION = "4.11.0"
_FORMATS = {"timeseries": 0, "table": 1}


def grafana_files() -> dict[str, str]:
    """Path within the export -> content."""
    return {DASHBOARD: json.dumps(_dashboard(), indent=1, ensure_ascii=False) + "\n"}


def _dashboard() -> Json:
    return {
        "uid": "touchline-journey",
        "title": "Customer journey",
        "description": "Written by touchline bi export. One map and version at a time; local days, UTC hours.",
        "tags": ["touchline"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "timezone": "utc",
        "time": {"from": "now-90d", "to": "now"},
        "refresh": "",
        "graphTooltip": 1,
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_variable(one) for one in VARIABLES]},
        "panels": _placed(),
    }


def _variable(one: Variable) -> Json:
    shape: Json = {
        "name": one.name,
        "label": one.title,
        "type": "query",
        "datasource": SOURCE,
        "query": one.sql,
        "definition": one.sql,
        "refresh": 1,
        "sort": 0,
        "regex": "",
        "hide": 0,
        "multi": one.many,
        "includeAll": one.many,
        "options": [],
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]} if one.many else {},
    }
    return shape


def _placed() -> list[Json]:
    """From left to right, then the next row."""
    found: list[Json] = []
    x = y = height = 0
    for number, panel in enumerate(PANELS, start=1):
        if x + panel.width > 24:
            x, y, height = 0, y + height, 0
        found.append(_panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
        x, height = x + panel.width, max(height, panel.height)
    return found


def _panel(number: int, panel: Panel, position: Json) -> Json:
    kind = "timeseries" if panel.kind == "timeseries" else "table"
    shape: Json = {
        "id": number,
        "title": panel.title,
        "description": panel.about,
        "type": panel.kind,
        "gridPos": position,
        "datasource": SOURCE,
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "editorType": "sql",
                "queryType": kind,
                "format": _FORMATS[kind],
                "pluginVersion": PLUGIN_VERSION,
                "rawSql": panel.sql,
            }
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_override(*one) for one in panel.fields.items()]},
        "options": _options(panel),
    }
    return shape | ({"interval": panel.interval} if panel.interval else {})


def _defaults(panel: Panel) -> Json:
    if panel.kind != "timeseries":
        return {"custom": {"filterable": True}} if panel.kind == "table" else {"unit": "short", "decimals": 0}
    custom: Json = {
        "drawStyle": "bars" if panel.is_stacked else "line",
        "fillOpacity": 70 if panel.is_stacked else 0,
        "lineWidth": 1 if panel.is_stacked else 2,
        "showPoints": "auto",
        "stacking": {"mode": "normal" if panel.is_stacked else "none", "group": "A"},
    }
    return {"custom": custom}


def _override(column: str, properties: Json) -> Json:
    return {
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def _options(panel: Panel) -> Json:
    if panel.kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False},
            "colorMode": "none",
            "graphMode": "none",
            "textMode": "value_and_name",
        }
    return {"showHeader": True, "cellHeight": "sm"}
