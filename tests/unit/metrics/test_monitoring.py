"""The operations dashboard and the alerts ask for what is declared, parse as PromQL, and say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.support.documents import ROOT, read
from touchline.dashboards.monitoring.dashboard import dashboard
from touchline.metrics.declared import SETS
from touchline.metrics.kinds import Metric, MetricKind

METRICS = {metric.name: metric for metrics in SETS.values() for metric in metrics}
OF_PROMETHEUS = {"up": set[str](), "process_resident_memory_bytes": set[str](), "process_cpu_seconds_total": set[str]()}
OF_THE_SCRAPE = {"job", "instance"}
GRAFANA_MACROS = {"$__rate_interval": "5m"}
ALERTS = yaml.safe_load((ROOT / "dashboards" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
JOBS = {"touchline-worker", "touchline-collector", "touchline-dashboard", "touchline-surveys", "touchline-care"}


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """(where, expression) of every panel and alert, Grafana's macros expanded."""
    for panel in panels():
        for target in panel["targets"]:
            expr = target["expr"]
            for macro, value in GRAFANA_MACROS.items():
                expr = expr.replace(macro, value)
            yield f"{panel['title']} {target['refId']}", expr
    for rule in rules():
        yield rule["alert"], rule["expr"]


def selectors_of(expression: str) -> tuple[list[promql_parser.VectorSelector], set[str]]:
    """All selectors of an expression, and the labels that it groups or matches by."""
    selectors: list[promql_parser.VectorSelector] = []
    labels: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            selectors.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            selectors.append(node)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    for clause in re.findall(r"\b(?:by|without|on|ignoring|group_left|group_right) *\(([^)]*)\)", expression):
        labels |= {label.strip() for label in clause.split(",") if label.strip()}
    return selectors, labels


def declared_labels(selector: str) -> set[str]:
    """Labels of the series of that name; fails for a name that nobody declares."""
    if selector in OF_PROMETHEUS:
        return OF_THE_SCRAPE
    metric = METRICS.get(selector)
    if metric is None:
        histogram, _, suffix = selector.rpartition("_")
        metric = METRICS.get(histogram)
        assert metric is not None, f"{selector} is not declared"
        assert metric.kind is MetricKind.HISTOGRAM, selector
        assert suffix in ("bucket", "sum", "count"), selector
        return _labels(metric) | ({"le"} if suffix == "bucket" else set())
    assert metric.kind is not MetricKind.HISTOGRAM, (
        f"{selector} is a histogram: its series end in _bucket, _sum and _count"
    )
    return _labels(metric)


def _labels(metric: Metric) -> set[str]:
    return {label.name for label in metric.labels} | OF_THE_SCRAPE


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_expression_asks_for_declared_metrics_labels_and_values_only(where: str, expression: str) -> None:
    selectors, labels = selectors_of(expression)
    assert selectors, where
    known: set[str] = set()
    for selector in selectors:
        assert selector.name, f"{where}: a selector without a name"
        of_series = declared_labels(selector.name)
        known |= of_series
        for matcher in selector.matchers.matchers:
            assert matcher.name in of_series, f"{where}: {selector.name} has no label {matcher.name}"
            _check_value(METRICS.get(selector.name), matcher)
    assert labels <= known, f"{where}: {labels - known}"


def _check_value(metric: Metric | None, matcher: promql_parser.Matcher) -> None:
    if matcher.name == "job":
        assert [job for job in JOBS if re.fullmatch(matcher.value, job)], matcher.value
    for label in metric.labels if metric else ():
        if label.name == matcher.name and label.values:
            assert matcher.value in label.values


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_counters_are_asked_for_their_rate_and_gauges_are_not(where: str, expression: str) -> None:
    for name in re.findall(r"\b(?:rate|increase)\((\w+)", expression):
        metric = METRICS.get(name) or METRICS.get(name.rpartition("_")[0])
        is_rising = name.startswith("process_") or (metric is not None and metric.kind is not MetricKind.GAUGE)
        assert is_rising, f"{where}: {name}"
    for name in re.findall(r"\bdelta\((\w+)", expression):
        assert METRICS[name].kind is MetricKind.GAUGE


def test_a_wrong_name_label_or_value_would_be_found() -> None:
    for wrong in (
        "rate(touchline_record_total[5m])",
        'touchline_records_total{fait="stored"}',
        'touchline_records_total{fate="lost"}',
        "sum by (reason) (touchline_records_total)",
        "touchline_batch_seconds",
        "touchline_ready_bucket",
    ):
        with pytest.raises(AssertionError):
            test_expression_asks_for_declared_metrics_labels_and_values_only("wrong", wrong)
    with pytest.raises(ValueError):
        promql_parser.parse("sum by (x (y)")


def test_every_metric_of_a_worker_and_collector_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    assert [name for name in METRICS if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", shown)] == []


def test_the_dashboard_is_well_formed() -> None:
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    cells = [
        (x, y)
        for panel in everything
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert max(x for x, _ in cells) == 23
    assert [panel["title"] for panel in panels() if not panel["description"]] == []
    assert {panel["datasource"]["uid"] for panel in panels()} == {"touchline-prometheus"}


def test_every_alert_says_how_urgent_it_is_what_is_wrong_and_what_to_do() -> None:
    page = read("docs/operations.md")
    for rule in rules():
        assert re.fullmatch(r"Touchline[A-Z]\w+", rule["alert"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "do"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        assert f"| `{rule['alert']}` |" in page, f"{rule['alert']} is not in docs/operations.md#alerts"
    assert set(re.findall(r"^\| `(Touchline\w+)` \|", page, re.MULTILINE)) == {rule["alert"] for rule in rules()}


def test_the_scrape_configuration_names_the_jobs_that_are_asked_for_and_the_ports_of_compose() -> None:
    config = yaml.safe_load((ROOT / "dashboards" / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    jobs = {one["job_name"]: one for one in config["scrape_configs"]}
    assert set(jobs) == JOBS
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    found = [job["dns_sd_configs"][0] for job in jobs.values() if "dns_sd_configs" in job]
    ports = {name: str(one["port"]) for one in found for name in one["names"]}
    for name in ("worker", "care"):
        assert ports[name] == str(services[name]["environment"][f"TOUCHLINE_{name.upper()}_HTTP_PORT"])
    targets = [job["static_configs"][0]["targets"][0] for job in jobs.values() if "static_configs" in job]
    assert {target.partition(":")[0] for target in targets} | ports.keys() <= set(services)


def test_alert_files_are_the_ones_that_prometheus_is_told_to_read() -> None:
    config = (Path(ROOT) / "dashboards" / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8")
    assert "rule_files: [alerts.yaml]" in config
