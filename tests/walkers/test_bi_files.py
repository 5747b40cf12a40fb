"""Files for BI tools, as `touchline bi export` writes them: whole, and without a password."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.superset_sql import bundled
from touchline.dashboards.bi.charts import CHARTS
from touchline.dashboards.bi.datasets import DATASETS
from touchline.dashboards.bi.export import Tool, exported
from touchline.dashboards.bi.grafana_panels import PANELS
from touchline.dashboards.bi.grafana_queries import FUNNEL, VARIABLES

FILES = {
    f"{tool}/{name}": content.decode()
    for tool in Tool
    for name, content in exported(tool, unpacked=tool is Tool.SUPERSET).items()
}


def test_no_file_that_follows_from_the_views_is_committed(project_dir: Path) -> None:
    command = ["git", "-C", str(project_dir), "ls-files", "--", "dashboards"]
    tracked = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    by_hand = {name.removeprefix("dashboards/") for name in tracked} & set(FILES)
    assert {name for name in by_hand if "/provisioning/" not in name} == {"dbt/dbt_project.yml"}
    assert [name for name in tracked if name.startswith("dashboards/superset/") and name.endswith(".yaml")] == []


def test_no_file_holds_a_password_or_a_secret() -> None:
    given = re.compile(
        r"(?i)(?:password|secret)\w*['\"]?:\s*['\"]?(?!\$__file|null|$)\S+|://[^/\s:@]+:[^@\s]+@", re.MULTILINE
    )
    assert {name: hits for name, text in FILES.items() if (hits := given.findall(text))} == {}


def test_no_formula_of_superset_has_the_name_of_a_column() -> None:
    """ClickHouse would put the formula where another one means the column: sum(sum(events))."""
    clashes = {
        name: names
        for name, dataset in bundled("datasets").items()
        if (
            names := {one["metric_name"] for one in dataset["metrics"]}
            & {one["column_name"] for one in dataset["columns"]}
        )
    }
    assert clashes == {}


def test_every_column_and_formula_explains_itself() -> None:
    silent = [
        f"{name}.{one.get('column_name') or one['metric_name']}"
        for name, dataset in bundled("datasets").items()
        for one in (*dataset["columns"], *dataset["metrics"])
        if not one["description"] or not one["verbose_name"]
    ]
    assert silent == []


def test_marts_are_drawn_over_their_bucket() -> None:
    times = {name: one["main_dttm_col"] for name, one in bundled("datasets").items() if name.startswith("kpi_")}
    assert times.pop("kpi_dwell") is None
    assert set(times.values()) == {"bucket"}


def test_no_formula_takes_the_mean_of_means() -> None:
    """A ratio of several rows is the sum of numerators over the sum of denominators."""
    formulas = [one["expression"] for dataset in bundled("datasets").values() for one in dataset["metrics"]]
    assert [sql for sql in formulas if re.search(r"\bavg\w*\(", sql)] == []
    scores = [sql for sql in formulas if "numerator" in sql]
    assert len(scores) > 8
    assert [sql for sql in scores if not re.search(r"sum(If)?\(numerator.*sum(If)?\(denominator", sql)] == []


def test_every_chart_stands_once_on_the_dashboard_and_rows_are_full() -> None:
    (dashboard,) = bundled("dashboards").values()
    charts = {chart["uuid"]: chart for chart in bundled("charts").values()}
    nodes: list[dict[str, Any]] = [node for node in dashboard["position"].values() if isinstance(node, dict)]
    placed = Counter(node["meta"]["uuid"] for node in nodes if node["type"] == "CHART")
    assert placed == Counter(dict.fromkeys(charts, 1))
    widths = {
        row["id"]: sum(dashboard["position"][child]["meta"]["width"] for child in row["children"])
        for row in nodes
        if row["type"] == "ROW"
    }
    assert set(widths.values()) == {12}


def test_columns_that_a_page_names_are_columns_of_the_views(project_dir: Path) -> None:
    """As Power BI writes them: view[column]. Nothing runs those formulas here."""
    named = re.findall(r"\b([a-z]\w+)\[(\w+)\]", (project_dir / "docs/bi/powerbi.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    unknown = [pair for pair in named if pair[0] not in DATASETS or pair[1] not in DATASETS[pair[0]].view.columns]
    assert unknown == []


def test_filters_of_the_dashboard_stand_on_data_sets_of_the_bundle() -> None:
    (dashboard,) = bundled("dashboards").values()
    datasets = {one["uuid"]: one for one in bundled("datasets").values()}
    targets = [
        (target["datasetUuid"], target["column"]["name"])
        for one in dashboard["metadata"]["native_filter_configuration"]
        for target in one["targets"]
        if target
    ]
    assert len(targets) > 2
    for uuid, column in targets:
        assert column in {one["column_name"] for one in datasets[uuid]["columns"]}


MARKS = {"simulated", "stage_marked", "currency_marked", "from_step", "answers_simulated"}


def test_a_chart_tells_which_simulated_events_enter_its_numbers() -> None:
    charts = [chart for chart in CHARTS if "is_simulated" in DATASETS[chart.dataset].view.columns]
    assert len(charts) > 12
    numbers = {chart.dataset: set[str]() for chart in charts if chart.kind == "big_number_total"}
    for chart in charts:
        asked = {
            name for query in (chart.query, chart.second or chart.query) for name in (*query.metrics, *query.columns)
        }
        if (
            chart.kind == "big_number_total"
        ):  # it has no room: another number of the same events or journeys stands beside
            numbers[chart.dataset] |= asked
        else:
            assert MARKS & asked, chart.name
    assert [name for name, asked in numbers.items() if not any(one.endswith("_simulated") for one in asked)] == []


def test_every_view_of_events_or_journeys_says_whether_simulated_ones_enter() -> None:
    """Those of configuration, of records and of days have no number of customers."""
    silent = {name for name, one in DATASETS.items() if "is_simulated" not in one.view.columns}
    without = {
        "annotations",
        "quarantine",
        "quarantine_settled",
        "account",
        "map_days",
        "map_versions",
        "freshness",
        "links",
        "hubs",
    }
    assert {name for name in silent if not name.startswith("dim_")} == without


def test_the_touchpoints_at_a_glance_show_each_kpi_with_its_n_interval_trend_and_target() -> None:
    (chart,) = [chart for chart in CHARTS if chart.dataset == "touchpoint_glance"]
    shown = ["kpi_named", "n", "value", "interval", "trend", "target", "target_verdict"]
    assert [name for name in chart.query.columns if name in shown] == shown
    assert {"events", "persons", "drop_off", "revenue", "currency", "simulated"} <= set(chart.query.columns)


def test_whoever_names_the_conversion_of_stages_says_of_which_journeys_it_is(project_dir: Path) -> None:
    page = (project_dir / "docs/bi/powerbi.md").read_text(encoding="utf-8")
    assert "DIVIDE(MAX(funnel_stage[numerator]), MAX(funnel_stage[denominator]))" in page
    columns = DATASETS["funnel_stage"].view.columns
    (chart,) = [chart for chart in CHARTS if chart.name == "conversion"]
    (panel,) = [panel for panel in PANELS if panel.sql == FUNNEL]
    for text in (page, chart.description, panel.about, columns["denominator"][0].comment):
        assert "window is over" in text


def test_a_table_of_the_funnel_shows_all_that_its_counts_and_its_rate_are_made_of() -> None:
    (chart,) = [chart for chart in CHARTS if chart.name == "conversion"]
    columns = {"reached", "advanced", "completed", "dropped", "open"}
    judged = {"denominator", "numerator", "rest_completed", "rest_dropped", "rest_open"}
    assert columns | judged | {"rate", "ci_low", "ci_high"} <= set(chart.query.columns)
    assert [name for name in columns | judged | {"rate"} if not re.search(rf"\b{name}\b", FUNNEL)] == []


def test_the_mode_of_the_funnel_has_a_declared_place_in_each_tool() -> None:
    """Superset's is in the title; in Grafana one chooses it."""
    assert [chart.name for chart in CHARTS if chart.dataset == "funnel_stage" and "in order" not in chart.title] == []
    (variable,) = [one for one in VARIABLES if one.name == "mode"]
    assert "'in_order', 'any'" in variable.sql
    assert [panel.title for panel in PANELS if "${mode:singlequote}" in panel.sql and "$mode" not in panel.title] == []
