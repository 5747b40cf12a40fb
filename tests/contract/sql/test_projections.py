"""Views are answered by projections, also when filtered and grouped as BI tools do; sums kept are sums counted."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

from tests.contract.sql.conftest import empty
from tests.contract.sql.plans import LEDGER, tables_read
from tests.contract.sql.rows import NOON, answer, attached, choose_default_map, hours, mark, retraction, write
from touchline.sql.ledger.projections import KPI_PROJECTIONS, Projection

VOLUME_FILTER = "bucket >= '2026-02-01' AND touchpoint IN ('store_visit', 'web_visit') AND channel = 'web'"
QUERIES = {
    "whole volume": "SELECT * FROM journey.kpi_volume_1h",
    "Grafana volume": "SELECT toStartOfDay(bucket) AS time, stage, sum(events) FROM journey.kpi_volume_1h "
    "WHERE bucket >= toDateTime(1770000000) AND bucket <= toDateTime(1780000000) AND touchpoint IN ('store_visit') "
    "GROUP BY time, stage ORDER BY time",
    "Superset volume": f"SELECT place AS place, sum(events) AS \"sum(events)\" FROM (SELECT * FROM journey.kpi_volume_1d) AS virtual_table "
    f"WHERE {VOLUME_FILTER} AND stage IS NOT NULL GROUP BY place ORDER BY \"sum(events)\" DESC LIMIT 1000",
    "Grafana persons": "SELECT toDateTime(bucket) AS time, sum(persons) FROM journey.kpi_persons_stage_1d "
    "WHERE stage = 'awareness' GROUP BY time",
    "persons by touchpoint": "SELECT * FROM journey.kpi_persons_touchpoint_1d WHERE bucket = '2026-03-01'",
    "persons of the map": "SELECT * FROM journey.kpi_persons_1d WHERE map = 'retail' AND bucket >= '2026-02-01'",
    "persons by channel": "SELECT channel, max(persons) FROM journey.kpi_persons_channel_1d GROUP BY channel",
    "Grafana NPS": "SELECT bucket AS time, 100 * sum(numerator) / sum(denominator) AS nps FROM journey.kpi_survey_1h "
    "WHERE kpi = 'nps' AND scope = 'transactional' AND variant = 'standard' GROUP BY time ORDER BY time",
    "Superset NPS": "SELECT touchpoint, value, ci_low, ci_high, n FROM (SELECT * FROM journey.kpi_survey_1d) AS virtual_table "
    "WHERE kpi IN ('nps') AND bucket >= '2026-01-01' ORDER BY value LIMIT 100",
    "funnel": "SELECT stage, reached, rate FROM journey.funnel_stage WHERE map = 'retail' ORDER BY stage_order",
    "revenue": "SELECT bucket, sum(amount) FROM journey.kpi_revenue_1d WHERE currency = 'USD' GROUP BY bucket",
    "waits": "SELECT wait_below_seconds, sum(events) FROM journey.kpi_wait_1d GROUP BY wait_below_seconds",
    "unmapped": "SELECT touchpoint, sum(events) FROM journey.unmapped GROUP BY touchpoint",
    "account": "SELECT sum(received), min(is_balanced) FROM journey.account",
}  # fmt: skip


@pytest.fixture(scope="module")
def filled_client(engine_client: Client) -> Client:
    """Some thousand rows of every kind that projections look at, a tenth of them taken back."""
    empty(engine_client)
    choose_default_map(engine_client)
    engine_client.execute(
        "INSERT INTO journey_raw.stages VALUES", [("retail", 1, f"stage_{order}", order, "", "") for order in (1, 2)]
    )
    rows = []
    for number in range(1, 3001):
        time = NOON + hours(number % 200)
        values = {
            "event_time": time, "about_time": time, "local_date": time.date(), "touchpoint": ("store_visit", "web_visit")[number % 2],
            "channel": ("web", "")[number % 2], "place": str(number % 7), "person": f"k1:{number % 50}", "identifier": f"k1:{number % 50}",
            "touchpoint_number": 1 + number % 3, "wait_us": number * 10**6, "first_of": number % 256, "cycle": 1,
            "stage_max_before": number % 2, "stage_max": 1 + number % 2, "is_simulated": int(number % 11 == 0),
        }  # fmt: skip
        if number % 5 == 0:
            row = answer(number, "nps", number % 11, (0, 10), **values)
        elif number % 7 == 0:
            row = attached(number, **values, stage="", stage_order=0, is_mapped=0)
        else:
            row = attached(number, **values, currency="USD", currency_exponent=2, amount_minor=number)
        rows += [row, retraction(row)] if number % 10 == 0 else [row]
    rows += [
        mark(10_000 + number, number * 1000, {"received": 1, "stored": 1}, first_offset=number) for number in range(20)
    ]
    for start in range(0, len(rows), 1200):
        write(engine_client, rows[start : start + 1200])
    return engine_client


@pytest.mark.parametrize("name", sorted(QUERIES.keys() - {"unmapped", "funnel"}))
def test_the_query_uses_a_projection(filled_client: Client, name: str) -> None:
    assert LEDGER not in tables_read(filled_client, QUERIES[name])
    assert filled_client.execute(QUERIES[name])


@pytest.mark.parametrize(
    ("name", "projection"),
    [
        ("unmapped", "unmapped"),
        ("Grafana persons", "persons_1d"),
        ("persons by touchpoint", "persons_1d"),
        ("persons of the map", "persons_1d"),
        ("persons by channel", "persons_1d"),
        ("funnel", "journey_sums"),
        ("waits", "wait_1d"),
    ],
)
def test_a_mart_and_its_label_of_simulated_events_read_sums_and_no_event(
    filled_client: Client, name: str, projection: str
) -> None:
    plan = "\n".join(line for (line,) in filled_client.execute(f"EXPLAIN {QUERIES[name]}"))
    assert f"ReadFromMergeTree ({projection})" in plan
    assert "ReadFromMergeTree (volume_1" in plan
    assert "ReadFromMergeTree (journey_raw.ledger)" not in plan


@pytest.mark.parametrize("name", QUERIES)
def test_the_answer_is_that_of_a_recount(filled_client: Client, name: str) -> None:
    recounted = filled_client.execute(QUERIES[name], settings={"optimize_use_projections": 0})
    assert recounted
    assert sorted(map(repr, filled_client.execute(QUERIES[name]))) == sorted(map(repr, recounted))


@pytest.mark.parametrize("projection", KPI_PROJECTIONS, ids=lambda projection: projection.name)
def test_each_projection_is_recognised_by_name(filled_client: Client, projection: Projection) -> None:
    assert tables_read(filled_client, projection.reading()) == {projection.name}
