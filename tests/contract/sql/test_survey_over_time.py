"""Survey KPIs over time: grains, rolling windows, late answers, misspelt arguments; and which projection answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.plans import LEDGER, tables_read
from tests.contract.sql.rows import Row, answer, retraction, write
from tests.contract.sql.selecting import call, rows_of

MONDAY = date(2026, 3, 2)
MARTS = {"1w": "week", "1mo": "month", "rolling_7d": "rolling_7d", "rolling_28d": "rolling_28d"}


def nps(number: int, day: date, score: int = 9, **values: Any) -> Row:
    time = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return answer(
        number, "nps", score, (0, 10), **({"local_date": day, "about_time": time, "event_time": time} | values)
    )


def buckets(client: Client, grain: str, first: date, last: date) -> dict[date, int]:
    found = rows_of(client, "survey_over_time", grain=grain, date_from=first, date_to=last)
    return {row["bucket"].date(): row["n"] for row in found}


def days(first: date, number: int) -> list[date]:
    return [first + timedelta(days=later) for later in range(number)]


def test_weeks_begin_on_monday_and_hold_only_days_of_the_period(empty_client: Client) -> None:
    write(empty_client, [nps(number, day) for number, day in enumerate(days(date(2026, 2, 25), 12), start=1)])
    found = buckets(empty_client, "week", date(2026, 2, 27), date(2026, 3, 8))
    assert found == {date(2026, 2, 23): 3, MONDAY: 7}
    assert buckets(empty_client, "month", date(2026, 2, 27), date(2026, 3, 8)) == {
        date(2026, 2, 1): 2,
        date(2026, 3, 1): 8,
    }


def test_a_rolling_window_looks_back_beyond_the_first_day_and_not_beyond_the_last(empty_client: Client) -> None:
    write(empty_client, [nps(number, day) for number, day in enumerate(days(date(2026, 2, 1), 40), start=1)])
    found = buckets(empty_client, "rolling_7d", MONDAY, date(2026, 3, 5))
    assert found == dict.fromkeys(days(MONDAY, 4), 7)
    # The first window of all data is narrower, since nothing is before; after the last answer windows run out.
    assert buckets(empty_client, "rolling_7d", date(2026, 2, 1), date(2026, 2, 2)) == {
        date(2026, 2, 1): 1,
        date(2026, 2, 2): 2,
    }
    last = buckets(empty_client, "rolling_7d", date(2026, 3, 12), date(2026, 3, 31))
    assert last == {day: 7 - number for number, day in enumerate(days(date(2026, 3, 12), 7))}


@pytest.mark.parametrize(("mart", "grain"), MARTS.items())
def test_the_mart_of_a_grain_is_the_view_of_all_days(empty_client: Client, mart: str, grain: str) -> None:
    rows = [nps(number, day, number % 11) for number, day in enumerate(days(date(2026, 1, 20), 50) * 3, start=1)]
    write(empty_client, rows)
    last = max(row["local_date"] for row in rows)
    found = rows_of(empty_client, "survey_over_time", grain=grain, date_from=date(2026, 1, 1), date_to=last)
    of_mart = empty_client.execute(
        f"SELECT bucket, n, value, ci_low, ci_high FROM journey.kpi_survey_{mart} ORDER BY bucket"
    )
    of_view = sorted((row["bucket"].date(), row["n"], row["value"], row["ci_low"], row["ci_high"]) for row in found)
    assert [tuple(row) for row in of_mart] == of_view
    assert len(of_view) > 1


def test_late_and_retracted_answers_restate_every_bucket_that_they_are_in(empty_client: Client) -> None:
    first = [nps(1, MONDAY, 10), nps(2, MONDAY, 10)]
    write(empty_client, first)
    write(empty_client, [nps(3, MONDAY, 0), retraction(first[0])])
    for grain in ("hour", "day", "week", "month", "rolling_7d"):
        found = rows_of(empty_client, "survey_over_time", grain=grain, date_from=MONDAY, date_to=MONDAY)
        assert [(row["n"], row["value"]) for row in found] == [(2, 0.0)], grain
    assert empty_client.execute("SELECT n, value FROM journey.kpi_survey_1w") == [(2, 0.0)]


@pytest.mark.parametrize("argument", ["grain", "by"])
def test_a_misspelt_grain_or_split_is_an_error(empty_client: Client, argument: str) -> None:
    view = {"grain": "survey_over_time", "by": "survey_split"}[argument]
    with pytest.raises(ServerException, match=f"{argument} is one of"):
        rows_of(empty_client, view, **{argument: "wek"})


READS_PROJECTIONS: Sequence[tuple[str, dict[str, str]]] = [
    ("survey_total", {}),
    ("survey_by_stage", {}),
    ("survey_by_touchpoint", {}),
    *(("survey_over_time", {"grain": grain}) for grain in ("day", "month", "rolling_28d")),
    *(("survey_split", {"by": by}) for by in ("persona", "channel")),
]


@pytest.mark.parametrize(("view", "arguments"), READS_PROJECTIONS, ids=str)
def test_the_view_is_answered_by_the_projection(empty_client: Client, view: str, arguments: dict[str, str]) -> None:
    filter_ = {"channel": ["web"], "place": ["7"], "is_online": ["0"]}
    write(empty_client, [nps(number, MONDAY, channel="web", place="7") for number in range(1, 20)])
    query = f"SELECT * FROM {call(view, filter_, **arguments)}"
    plan = "\n".join(line for (line,) in empty_client.execute(f"EXPLAIN {query}"))
    assert "ReadFromMergeTree (survey_1d)" in plan
    # The branch of the hours reads the rows, but none of them for another grain.
    assert plan.count("ReadFromMergeTree (journey_raw.ledger)") == int(view == "survey_over_time")
    read = empty_client.execute(f"EXPLAIN ESTIMATE {query}")
    assert sum(rows for *_, rows, _ in read) <= 19
    assert empty_client.execute(query) == empty_client.execute(query, settings={"optimize_use_projections": 0})


@pytest.mark.parametrize("mart", MARTS)
def test_the_marts_over_time_are_answered_by_the_projection(empty_client: Client, mart: str) -> None:
    write(empty_client, [nps(number, MONDAY) for number in range(1, 20)])
    query = f"SELECT bucket, value FROM journey.kpi_survey_{mart} WHERE map = 'retail' AND touchpoint = 'store_visit'"
    assert LEDGER not in tables_read(empty_client, query)
    assert empty_client.execute(query)
