"""Grafana's dashboard of operations as JSON, made from the panels; `touchline bi export grafana` writes it."""

from __future__ import annotations

import json
from typing import Any, Final

from touchline.dashboards.monitoring.panel_form import Panel
from touchline.dashboards.monitoring.panels import ROWS

FILE: Final = "dashboards/operations.json"
"""Path within the export."""
SOURCE: Final = {"type": "prometheus", "uid": "touchline-prometheus"}
ALERTS_PAGE: Final = "docs/operations.md#alerts"
_HEIGHTS: Final = {"stat": 4, "timeseries": 8}
_WIDTH: Final = 24


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana stores it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1},
                "panels": [],
            }
        )
        y += 1
        x = 0
        for panel in row.panels:
            height = _HEIGHTS[panel.kind]
            if x + panel.width > _WIDTH:
                x, y = 0, y + height
            grid = {"x": x, "y": y, "w": panel.width, "h": height}
            panels.append(_panel(len(panels) + 1, panel, grid))
            x += panel.width
        y += _HEIGHTS[row.panels[-1].kind]
    return {
        "uid": "touchline-operations",
        "title": "Touchline: operations",
        "description": f"Written by touchline bi export. What to do about an alert: {ALERTS_PAGE}",
        "tags": ["touchline"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [],
        "panels": panels,
    }


def as_text() -> str:
    """As it is exported."""
    return json.dumps(dashboard(), indent=2) + "\n"


def _panel(number: int, panel: Panel, grid: dict[str, int]) -> dict[str, Any]:
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
        }
        for index, query in enumerate(panel.queries)
    ]
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    options: dict[str, Any]
    if panel.kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value"}
    else:
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": False}
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": grid,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets,
    }
