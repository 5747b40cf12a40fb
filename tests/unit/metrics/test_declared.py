"""Metrics are declared once, named as Prometheus' naming rules want them, bounded, and used; what is used is declared."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.metrics import declared
from touchline.metrics.kinds import Metric, MetricKind

ROOT = Path(__file__).parents[3]
BY_CONSTANT = {name: value for name, value in vars(declared).items() if isinstance(value, Metric)}
METRICS = list(BY_CONSTANT.values())
BASE_UNITS = {"seconds", "bytes", "1"}
SERIES_MAX = 64
"""Of one metric in one process, series by partition aside."""


def sources() -> Iterator[tuple[Path, str]]:
    """Every module of the product but the declarations."""
    for folder in ("touchline", "processors", "producers", "dashboards", "sql"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "declared.py" and not any(parent.is_symlink() for parent in path.parents):
                yield path, path.read_text(encoding="utf-8")


def test_every_name_is_declared_once_and_exposed_by_a_process() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    exposed = {metric for metrics in declared.SETS.values() for metric in metrics}
    assert exposed == set(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_name_follows_the_rules_of_prometheus(metric: Metric) -> None:
    name = metric.name
    assert re.fullmatch(r"touchline_[a-z][a-z0-9_]*[a-z0-9]", name)
    assert "__" not in name
    assert name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
    assert not re.search(r"_(count|sum|bucket|created|counter|gauge|histogram|summary)$", name)
    assert not re.search(r"_(milliseconds|ms|minutes|hours|kilobytes|kb|mb|mib|percent|ratio_percent)(_|$)", name)
    if metric.unit in BASE_UNITS - {"1"}:
        assert name.removesuffix("_total").endswith(f"_{metric.unit}")
    assert metric.help
    assert not metric.help.endswith(".")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_labels_are_bounded_and_buckets_ascend(metric: Metric) -> None:
    series = 1
    for label in metric.labels:
        assert re.fullmatch("[a-z][a-z_]*", label.name)
        assert label.name not in ("le", "quantile", "job", "instance")
        assert bool(label.values) != bool(label.bound)
        series *= len(label.values) or 1
    assert series <= SERIES_MAX
    assert (metric.kind is MetricKind.HISTOGRAM) == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))


PROMQL_FILES = ("panels.py", "worker_panels.py")
"""test_monitoring.py holds these against the declarations."""


def test_every_declared_metric_is_used_and_every_used_one_is_declared() -> None:
    used: set[str] = set()
    for path, text in sources():
        tree = ast.parse(text)
        if "metrics.declared" in text or "import declared" in text:
            used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if path.name in PROMQL_FILES:
            continue
        # A name in plain words would pass the declarations by.
        words = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not {metric.name for metric in METRICS} & words, path
    assert set(BY_CONSTANT) <= used


def test_the_base_install_needs_no_prometheus_client() -> None:
    for name in ("declared", "kinds", "meter", "laps"):
        assert "prometheus_client" not in (ROOT / "touchline" / "metrics" / f"{name}.py").read_text(encoding="utf-8")
