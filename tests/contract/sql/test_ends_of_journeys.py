"""What becomes of journeys that go no further, in a small ledger whose right values are known: completed, dropped, open, not known yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.selecting import rows_of
from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import event
from touchline.settings import Settings

SHOP = """
map: shop
version: 1
title: A shop, with service behind the sale
stages: [{id: see, name: See}, {id: buy, name: Buy}, {id: serve, name: Serve}]
touchpoints:
  - {id: ad, name: Ad, channel: web, ownership: owned, observability: traceable}
  - {id: till, name: Till, channel: store, ownership: owned, observability: traceable}
  - {id: desk, name: Desk, channel: store, ownership: owned, observability: traceable}
rules:
  - {id: r1, when: {touchpoint: ad}, stage: see}
  - {id: r2, when: {touchpoint: till}, stage: buy}
  - {id: r3, when: {touchpoint: desk}, stage: serve}
goals: [{id: sale, name: Sale, when: {touchpoint: till}}]
cycle: {stays: [serve]}
churn: {inactivity_days: 5}
"""
DAY = 1440
NUMBERS = (
    "reached", "advanced", "completed", "dropped", "open", "numerator", "denominator", "rest_completed", "rest_dropped", "rest_open",
)  # fmt: skip
EVENTS = [
    *(event(1, 1, 0, "ad"), event(2, 1, 10, "till")),  # bought, needs no service
    *(event(3, 2, 0, "ad"), event(4, 2, 10, "till"), event(5, 2, 20, "desk")),
    event(6, 3, 0, "ad"),  # lost
    *(
        event(7, 4, 0, "ad"),
        event(8, 4, 4 * DAY, "ad"),
        event(9, 4, 8 * DAY, "ad"),
    ),  # began long ago, and was here lately
    event(10, 5, 8 * DAY, "ad"),  # young
]
"""On 1 to 9 June; the map looks from noon of 10 June, so that who was last seen before 5 June, noon, is gone."""


@pytest.fixture
def shop(engine_settings: Settings, empty_client: Client, tmp_path: Path) -> Client:
    start_anew(empty_client, SHOP)
    store(engine_settings, tmp_path, EVENTS, [3], SHOP)
    return empty_client


def test_who_bought_and_needs_no_further_stage_is_completed_and_not_dropped(shop: Client) -> None:
    rows = shop.execute(f"SELECT stage, {', '.join(NUMBERS)} FROM journey.funnel_stage ORDER BY stage_order")
    assert rows == [
        ("see", 5, 2, 0, 1, 2, 2, 4, 0, 1, 1),
        ("buy", 2, 1, 1, 0, 0, 1, 2, 1, 0, 0),
        ("serve", 1, 0, 1, 0, 0, 0, 1, 1, 0, 0),
    ]


def of_days(client: Client, first: str, last: str) -> dict[Any, Any]:
    """Drop-off by touchpoint: journeys, numerator, denominator, drop_off."""
    rows = rows_of(
        client,
        "persons_by_touchpoint",
        map="shop",
        map_version=1,
        date_from=first,
        date_to=last,
        as_of="2025-06-10 12:00:00",
    )
    names = ("journeys", "numerator", "denominator", "drop_off")
    return {row["touchpoint"]: tuple(row[name] for name in names) for row in rows}


def test_drop_off_counts_who_was_there_at_least_the_churn_term_ago(shop: Client) -> None:
    """Four were at the ad so long ago; one is lost. The one who came back lately went on from the first visit."""
    found = of_days(shop, "2025-06-01", "2025-06-09")
    assert found["ad"] == (5, 1, 4, 0.25)
    assert found["till"] == (2, 0, 2, 0)
    assert found[None] == (5, 1, 4, 0.25)


def test_drop_off_of_a_period_is_that_of_its_days_that_are_old_enough(shop: Client) -> None:
    whole, old = of_days(shop, "2025-06-01", "2025-06-09"), of_days(shop, "2025-06-01", "2025-06-05")
    assert {name: row[1:] for name, row in whole.items()} == {name: row[1:] for name, row in old.items()}


def test_drop_off_is_not_known_and_no_zero_while_the_churn_term_runs(shop: Client) -> None:
    assert of_days(shop, "2025-06-06", "2025-06-09") == {"ad": (2, 0, 0, None), None: (2, 0, 0, None)}
