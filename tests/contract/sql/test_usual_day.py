"""The day with which the default period ends: a few events years later do not move it, and a new run of usual size does."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from clickhouse_driver import Client
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.contract.sql.rows import NOON, Row, answer, attached, choose_default_map, write
from touchline.report.read import build_report
from touchline.sql.language.usual import PERIOD_DAYS

FIRST = date(2017, 1, 1)


def rows_of(days: dict[int, int]) -> list[Row]:
    """So many events on each day, counted from the first one."""
    rows: list[Row] = []
    for day, events in days.items():
        at: dict[str, Any] = {"local_date": FIRST + timedelta(days=day), "event_time": NOON}
        rows += [attached(len(rows) + number, **at) for number in range(1, events + 1)]
    return rows


def answered_on(number: int, day: int) -> Row:
    """An answer with a score about that day."""
    return answer(number, "nps", 9, (0, 10), local_date=FIRST + timedelta(days=day), event_time=NOON)


def usual_day(days: dict[int, int]) -> tuple[int, int]:
    """Day and number of later events, by hand."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if not runs or day - runs[-1][-1] > PERIOD_DAYS:
            runs.append([])
        runs[-1].append(day)
    for at in range(len(runs) - 1, -1, -1):
        before = sorted(days[day] for run in runs[:at] for day in run)
        if not before or sum(days[day] for day in runs[at]) >= before[(len(before) - 1) // 2]:
            last = runs[at][-1]
            return last, sum(events for day, events in days.items() if day > last)
    raise AssertionError("the first run is usual")


def found(client: Client, days: dict[int, int]) -> tuple[int, int]:
    client.execute("TRUNCATE TABLE journey_raw.ledger")
    write(client, rows_of(days))
    ((day, later, last, events),) = client.execute(
        "SELECT usual_day, later_events, last_day, events FROM journey.map_days"
    )
    assert (last - FIRST).days == max(days)
    assert events == sum(days.values())
    return (day - FIRST).days, later


def test_one_event_years_after_the_data_does_not_move_the_default_period(empty_client: Client) -> None:
    choose_default_map(empty_client)
    year = dict.fromkeys(range(60), 5)
    assert found(empty_client, {**year, 3_300: 1}) == (59, 1)
    report = build_report(empty_client)
    assert report.maps[0].periods is not None
    assert report.maps[0].periods.to == FIRST + timedelta(days=59)
    assert report.maps[0].later == (1, FIRST + timedelta(days=3_300))
    glance = empty_client.execute("SELECT any(date_to), sum(events) FROM journey.touchpoint_glance")
    assert glance == [(FIRST + timedelta(days=59), PERIOD_DAYS * 5)]


def test_an_answer_of_a_day_without_events_is_within_the_days_of_its_map(empty_client: Client) -> None:
    days = {10: 5, 11: 5, 12: 5}
    write(empty_client, [*rows_of(days), answered_on(900, 3), answered_on(901, 20), answered_on(902, 90)])
    covered = empty_client.execute("SELECT first_day, last_day, usual_day, events, later_events FROM journey.map_days")
    first, usual, last = (FIRST + timedelta(days=day) for day in (3, 20, 90))
    assert covered == [(first, last, usual, 15, 0)]


def test_a_new_run_counts_once_it_holds_as_much_as_a_usual_day(empty_client: Client) -> None:
    year = dict.fromkeys(range(60), 5)
    assert found(empty_client, {**year, 3_300: 2, 3_301: 2}) == (59, 4)
    assert found(empty_client, {**year, 3_300: 2, 3_301: 3}) == (3_301, 0)
    assert found(empty_client, {**year, 80: 1}) == (80, 0)
    assert found(empty_client, {0: 1}) == (0, 0)


@given(st.dictionaries(st.integers(0, 400), st.integers(1, 4), min_size=1, max_size=8))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_usual_day_is_that_of_the_rule(empty_client: Client, days: dict[int, int]) -> None:
    assert found(empty_client, days) == usual_day(days)
