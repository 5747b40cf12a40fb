"""What people declared afterwards stands beside what was observed, and in no number with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.selecting import rows_of
from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import MAP, event
from touchline.settings import Settings

JUNE = {
    "map": "shop",
    "map_version": 1,
    "date_from": "2025-06-01",
    "date_to": "2025-06-30",
    "as_of": "2025-06-02 00:00:00",
}
EVENTS = [
    event(1, 1, 0, "site"),
    event(2, 1, 59, "poster", provenance="declared"),
    event(3, 1, 60, "till"),
    event(4, 2, 0, "poster"),
    event(5, 3, 0, "poster", provenance="declared"),
]


@pytest.fixture
def shop(engine_settings: Settings, empty_client: Client, tmp_path: Path) -> Client:
    start_anew(empty_client, MAP)
    store(engine_settings, tmp_path, EVENTS)
    return empty_client


def test_volumes_count_the_two_apart(shop: Client) -> None:
    expected = [("poster", 0, 1), ("poster", 1, 2), ("site", 0, 1), ("till", 0, 1)]
    for mart in ("kpi_volume_1h", "kpi_volume_1d"):
        sql = f"SELECT touchpoint, is_declared, sum(events) FROM journey.{mart} GROUP BY 1, 2 ORDER BY 1, 2"
        assert shop.execute(sql) == expected
        behind = (
            f"SELECT touchpoint, is_declared, sum(events) FROM journey_api.{mart}_events GROUP BY 1, 2 ORDER BY 1, 2"
        )
        assert shop.execute(behind) == expected
    for name in ("volume_by_touchpoint", "volume_over_time"):
        rows = rows_of(shop, name, **JUNE, grain="month")
        assert sorted((row["touchpoint"], row["is_declared"], row["events"]) for row in rows) == expected
    hourly = rows_of(shop, "volume_over_time", **JUNE, grain="hour")
    assert sum(row["events"] for row in hourly if row["is_declared"]) == 2


def test_the_glance_and_the_lists_of_events_say_which_were_declared(shop: Client) -> None:
    glance = shop.execute(
        "SELECT DISTINCT touchpoint, events, events_declared FROM journey.touchpoint_glance ORDER BY 1"
    )
    assert glance == [("poster", 3, 2), ("site", 1, 0), ("till", 1, 0)]
    for fact in ("touchpoints", "attachments"):
        assert shop.execute(f"SELECT event_id FROM journey.{fact} WHERE is_declared ORDER BY 1") == [("e2",), ("e5",)]


def test_waits_leave_out_what_nobody_knows_the_time_of(shop: Client) -> None:
    """From the site to the till an hour, whatever was remembered in between; and who only declared has no stay at either level."""
    expected = {
        ("touchpoint", "site"): (1, 0, 3600.0),
        ("touchpoint", "till"): (0, 1, None),
        ("touchpoint", "poster"): (0, 1, None),
        ("stage", "interest"): (1, 0, 3600.0),
        ("stage", "purchase"): (0, 1, None),
        ("stage", "awareness"): (0, 1, None),
    }
    assert {
        (by, row["value"]): (row["n_followed"], row["n_open"], row["p50_seconds"])
        for by in ("touchpoint", "stage")
        for row in rows_of(shop, "waits", **JUNE, by=by)
    } == expected
    dwell = shop.execute("SELECT level, value, n_followed, n_open, p50_seconds FROM journey.kpi_dwell")
    assert {(level, value): tuple(found) for level, value, *found in dwell} == expected
    assert shop.execute("SELECT touchpoint FROM journey.kpi_wait_1d") == [("till",)]


def test_paths_show_it_at_its_place(shop: Client) -> None:
    edges = {
        (row["from_node"], row["to_node"]) for row in rows_of(shop, "paths", **JUNE, by="touchpoint", steps=4, top=10)
    }
    assert {("site", "poster"), ("poster", "till")} <= edges
