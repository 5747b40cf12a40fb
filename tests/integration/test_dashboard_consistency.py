"""One number has one value: whatever is selected, chart, drill-down, funnel, paths, CSV and BI view say the same.

The selections are made up by hypothesis. Each example asks some twenty queries, so there are few of them a run.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.integration.test_dashboard import asked_of_clickhouse
from tests.support.dashboards import DashboardProcess, dashboard, query_string
from tests.support.shop_ledger import HOSTILE_PLACE, shop_engine

FIRST = date(2025, 6, 1)
TOP, STEPS = 2, 3
few = settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder = tmp_path_factory.mktemp("dashboard")
    with shop_engine(folder) as settings, dashboard(settings, folder) as process:
        process.wait_ready()
        yield process


@st.composite
def selections(draw: st.DrawFn) -> dict[str, Any]:
    """Parameters that all views take."""
    first = draw(st.integers(0, 20))
    last = draw(st.integers(first, 27))
    choices = {
        "touchpoint": ("poster", "site", "till"),
        "channel": ("outdoor", "web", "store"),
        "place": ("north", "south", HOSTILE_PLACE, "nowhere"),
        "persona": ("regular", ""),
    }
    filters: dict[str, Any] = {}
    for key, known in choices.items():
        values = draw(st.sets(st.sampled_from(known), max_size=2))
        is_used = draw(st.booleans())
        if values and is_used:
            filters[key] = sorted(values)
    days = {"from": str(FIRST + timedelta(days=first)), "to": str(FIRST + timedelta(days=last))}
    return days | filters


moments = st.sampled_from(("2025-06-20T00:00:00Z", "2026-03-01T00:00:00Z"))
"""When journeys are open, and when all are over."""


def count(process: DashboardProcess, name: str, **parameters: object) -> int:
    """How many rows a drill-down has."""
    return int(process.ask(name, count=1, **parameters)["rows"][0][0])


def of_events(selection: dict[str, Any]) -> dict[str, Any]:
    """The same selection as conditions on the columns of a plain view."""
    days = {"local_date_min": selection["from"], "local_date_max": selection["to"]}
    return days | {key: value for key, value in selection.items() if key not in ("from", "to")}


@few
@given(selections())
def test_events_of_the_chart_are_those_of_the_list_of_the_csv_and_of_a_bi_tool(
    running: DashboardProcess, selection: dict[str, Any]
) -> None:
    chart = running.ask("volume-by-touchpoint", **selection)
    events = sum(row[chart["columns"].index("events")] for row in chart["rows"])
    assert events == count(running, "attachments", map="shop", **of_events(selection))
    over_time = running.rows("volume-over-time", **selection)
    assert sum(row["events"] for row in over_time) == events
    assert sorted(asked_of_clickhouse(running, chart["sql"])["data"], key=str) == sorted(chart["rows"], key=str)
    path = f"/api/q/volume-by-touchpoint?format=csv&{query_string(selection)}"
    head, *lines = csv.reader(io.StringIO(running.get(path).body.decode(), newline=""))
    assert sum(int(line[head.index("events")]) for line in lines) == events


@few
@given(selections(), moments)
def test_journeys_of_the_funnel_of_the_paths_and_of_the_list_are_the_same(
    running: DashboardProcess, selection: dict[str, Any], as_of: str
) -> None:
    asked = selection | {"as_of": as_of}
    journeys = running.rows("journeys", **asked)
    everyone = [row for row in running.rows("persons-by-touchpoint", **asked) if row["touchpoint"] is None]
    assert sum(row["journeys"] for row in everyone) == len(journeys)
    assert sum(row["persons"] for row in everyone) == len({row["person"] for row in journeys})
    for mode, column in (("in_order", "depth"), ("any", "stage_max")):
        for stage in running.rows("funnel", mode=mode, **asked):
            reached = [row for row in journeys if row[column] >= stage["stage_order"]]
            assert stage["reached"] == len(reached) == stage["advanced"] + stage["dropped"] + stage["open"]
            assert stage["open"] == sum(
                row["state"] == "open" and row[column] == stage["stage_order"] for row in reached
            )
            judged = [row for row in reached if row["is_window_over"]]
            assert stage["denominator"] == len(judged)
            assert stage["numerator"] == sum(row[column] > stage["stage_order"] for row in judged)
    stays = running.rows("waits", **asked)
    assert sum(row["n_followed"] + row["n_open"] + row["n_last"] for row in stays) == sum(
        row["touchpoints"] for row in journeys
    )


@few
@given(selections(), moments)
def test_every_count_of_a_touchpoint_leads_to_as_many_journeys_and_amounts_are_those_of_the_orders(
    running: DashboardProcess, selection: dict[str, Any], as_of: str
) -> None:
    asked = selection | {"as_of": as_of}
    for row in running.rows("persons-by-touchpoint", **asked):
        if (here := row["touchpoint"]) is None:
            continue
        there = running.rows("journeys", **{**asked, "touchpoint": here})
        judged = [one for one in there if one["is_window_over"]]
        assert (row["journeys"], row["denominator"]) == (len(there), len(judged))
        lost = [one for one in judged if one["state"] == "closed" and one["path"][-1] == here]
        assert row["numerator"] == len(lost)
        assert row["conversions"] == sum(one["converted_at"] is not None for one in there)
        ended = {"touchpoint": here, "touchpoint_last": here, "state": "closed"}
        assert row["dropped"] == count(running, "journeys", **{**asked, **ended})
    amounts: defaultdict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
    for row in running.rows("orders", **of_events(selection)):
        amounts[row["touchpoint"], row["currency"], row["is_simulated"]] += Decimal(row["amount"])
    shown = running.rows("revenue-by-touchpoint", **selection)
    assert {
        (row["touchpoint"], row["currency"], row["is_simulated"]): Decimal(row["amount"]) for row in shown
    } == amounts


@few
@given(selections(), moments, st.sampled_from(("touchpoint", "stage")))
def test_every_edge_of_the_paths_leads_to_as_many_journeys(
    running: DashboardProcess, selection: dict[str, Any], as_of: str, by: str
) -> None:
    asked = selection | {"as_of": as_of, "by": by, "steps": STEPS, "top": TOP}
    edges = running.rows("paths", **asked)
    journeys = running.rows("journeys", **selection, as_of=as_of)
    steps = Counter[int]()
    for edge in edges:
        steps[edge["step"]] += edge["journeys"]
    assert set(steps.values()) <= {len(journeys)}
    folded = [edge for edge in edges if "(other)" in (edge["from_node"], edge["to_node"])]
    for edge in (*folded[:2], *edges[:2]):
        nodes = {"node_from": edge["from_node"], "node_to": edge["to_node"], "step": edge["step"]}
        assert count(running, "journeys", **asked, **nodes) == edge["journeys"], edge


@few
@given(selections())
def test_answers_of_a_kpi_are_those_behind_it_unless_they_are_suppressed(
    running: DashboardProcess, selection: dict[str, Any]
) -> None:
    behind = running.rows("kpi-survey-1d-events", map="shop", **_of_answers(selection))
    shown = running.rows("survey-total", **selection)
    if any(row["is_suppressed"] for row in shown):
        assert all(row["n"] is None and row["value"] is None for row in shown if row["is_suppressed"])
        return
    assert sum(row["n"] for row in shown) == sum(row["n"] for row in behind)
    assert sum(row["n_positive"] for row in shown) == sum(row["n_positive"] for row in behind)


def _of_answers(selection: dict[str, Any]) -> dict[str, Any]:
    days = {"bucket_min": selection["from"], "bucket_max": selection["to"]}
    return days | {key: value for key, value in selection.items() if key not in ("from", "to")}
