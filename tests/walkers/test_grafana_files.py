"""Grafana's files fit together: data sources are provisioned, panels stand beside each other, passwords come from files."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.support.grafana import dashboards
from touchline.dashboards.bi.export import Tool, exported

DASHBOARDS = dashboards()
PROVISIONING = {
    name.removeprefix("provisioning/"): yaml.safe_load(content)
    for name, content in exported(Tool.GRAFANA).items()
    if name.startswith("provisioning/")
}
KNOWN_PANELS = {
    "stat",
    "table",
    "timeseries",
    "bargauge",
    "barchart",
    "text",
    "row",
    "gauge",
    "piechart",
    "state-timeline",
    "heatmap",
}


def provisioned() -> list[dict[str, Any]]:
    """All data sources of the provisioning files."""
    found = [content for name, content in PROVISIONING.items() if name.startswith("datasources/")]
    return [source for content in found for source in content["datasources"]]


def test_data_sources_take_their_password_from_a_file() -> None:
    sources = provisioned()
    assert {source["uid"] for source in sources} >= {"touchline"}
    for source in sources:
        assert "password" not in source
        for value in source.get("secureJsonData", {}).values():
            assert value.startswith("$__file{/run/secrets/"), source["name"]


def test_dashboards_are_found_where_the_provider_looks() -> None:
    (content,) = [content for name, content in PROVISIONING.items() if name.startswith("dashboards/")]
    (provider,) = content["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards/touchline"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_whole(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["uid"].startswith("touchline-")
    assert board["title"]
    assert board["schemaVersion"] >= 36
    assert "id" not in board
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["type"] for panel in panels} <= KNOWN_PANELS
    uids = {source["uid"] for source in provisioned()}
    asking = [panel for panel in panels if panel["type"] not in ("row", "text")]
    assert {panel["datasource"]["uid"] for panel in asking} <= uids
    for panel in asking:
        assert panel["description"], panel["title"]
        assert [target["refId"] for target in panel["targets"]] == sorted(
            {target["refId"] for target in panel["targets"]}
        )
    assert [variable["name"] for variable in board["templating"]["list"] if not variable.get("datasource")] == []


def test_panels_of_answers_tell_those_that_are_simulated() -> None:
    panels = DASHBOARDS["journey"]["panels"]
    asked = [
        target["rawSql"] for panel in panels for target in panel.get("targets", ()) if "survey" in target["rawSql"]
    ]
    assert asked
    assert [sql for sql in asked if "is_simulated" not in sql] == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_side_by_side(name: str) -> None:
    places = [panel["gridPos"] for panel in DASHBOARDS[name]["panels"]]
    assert [one for one in places if one["x"] + one["w"] > 24] == []
    overlapping = [
        (one, other)
        for one, other in combinations(places, 2)
        if one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    ]
    assert overlapping == []
