"""Views with arguments are answered by projections; what a reader rules out is not read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.conftest import empty
from tests.contract.sql.rows import NOON, attached, hours, write
from tests.contract.sql.selecting import call

ALL_DAYS = {"date_from": "2026-01-01", "date_to": "2026-12-31"}
READS: dict[str, tuple[set[str], str, dict[str, Any]]] = {
    "volume of a channel": ({"volume_1d"}, "volume_by_touchpoint", {"filter_": {"channel": ["web"]}}),
    "volume by week": ({"volume_1d"}, "volume_over_time", {"grain": "week"}),
    "volume by hour": ({"journey_raw.ledger"}, "volume_over_time", {"grain": "hour"}),
    "revenue of a place": ({"revenue_1d"}, "revenue_by_touchpoint", {"filter_": {"place": ["7"]}}),
    "what can be filtered by": ({"volume_1d", "volume_1h"}, "dimension_values", {}),
    "funnel of everything": ({"journey_sums"}, "funnel_stage", ALL_DAYS),
    "funnel of a channel": (
        {"journey_sums", "journey_raw.ledger"},
        "funnel_stage",
        ALL_DAYS | {"filter_": {"channel": ["web"]}},
    ),
}


@pytest.fixture(scope="module")
def filled_client(engine_client: Client) -> Client:
    """Three thousand rows of a few hundred persons in March."""
    empty(engine_client)
    rows = []
    for number in range(1, 3001):
        time = NOON + hours(number % 500)
        values = {
            "event_time": time, "local_date": time.date(), "channel": ("web", "")[number % 2], "person": f"k1:{number % 300}",
            "cycle": 1 + number // 2900, "place": str(number % 7), "touchpoint_number": 1 + number // 300,
            "transition": "enter" if number <= 300 else "stay",
            "currency": "USD", "currency_exponent": 2, "amount_minor": number, "funnel_depth": 1, "stage_max": 1,
            "funnel_before": int(number > 300), "stage_max_before": int(number > 300), "churn_due_at": time + timedelta(days=30),
        }  # fmt: skip
        rows.append(attached(number, **values))
    write(engine_client, rows)
    return engine_client


@pytest.mark.parametrize("name", READS)
def test_the_view_reads_its_projections_and_nothing_else(filled_client: Client, name: str) -> None:
    expected, view, arguments = READS[name]
    plan = "\n".join(line for (line,) in filled_client.execute(f"EXPLAIN SELECT * FROM {call(view, **arguments)}"))
    blocks = plan.split("ReadFromMergeTree (")[1:]
    read = {block.partition(")")[0] for block in blocks if "Parts: " in block}
    assert read - {"journey_raw.stages"} == expected


def test_the_events_of_a_journey_are_found_by_the_index_of_its_person(filled_client: Client) -> None:
    plan = filled_client.execute(f"EXPLAIN indexes = 1 SELECT * FROM {call('journey_events')}")
    assert any("Name: of_person" in line for (line,) in plan)
