"""The events of one journey, the values to filter by, and the freshness of each source equal a plain recount of what was sent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.plans import LEDGER, tables_read
from tests.contract.sql.rows import NOON, received, retraction, write
from tests.contract.sql.selecting import rows_of
from tests.contract.sql.stored import answer, start_anew, store
from tests.unit.processors.loop.world import event, person_key
from touchline.settings import Settings
from touchline.sql.language.selection import FILTER_COLUMNS

ODD = 'l\'été \\ "☃" <b>'
PAID = {
    "amount": {"amount_minor": 1999, "currency": "EUR"},
    "order": {"id": "o1", "kind": "purchase"},
}
EVENTS: list[dict[str, Any]] = [
    event(1, 1, 10, "poster", place=ODD),
    event(2, 1, 10, "site", persona="it's me"),
    event(3, 1, 20, "till", **PAID),
    answer(4, 1, 25, score=3),
    event(5, 1, 30, "site"),  # after the sale: the next journey
    event(6, 1, 40, ODD),  # on no map
    event(7, 2, 15, "poster", simulated=True),
    event(8, None, 15, "poster"),  # nobody
    answer(9, None, 16, "poster"),
    event(2, 1, 12, "site", persona="changed", revision=1),  # the first version of e2 is retracted
    event(10, 2, 2 * 1440, "site"),
    event(11, 2, 9 * 1440, "site"),
    event(11, 2, 20, "site", revision=1),  # so its first day is no day of the map
    event(12, 2, 12 * 1440, ODD),
]
OF_SHOP = {"map": "shop", "map_version": "1"}


@pytest.fixture(scope="module")
def shop(engine_client: Client, engine_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Client:
    start_anew(engine_client)
    store(engine_settings, tmp_path_factory.mktemp("state"), EVENTS, sizes=(4, 3))
    return engine_client


def told(client: Client, person: str, cycle: int) -> list[tuple[Any, ...]]:
    rows = rows_of(client, "journey_events", **OF_SHOP, person=person, cycle=cycle)
    return sorted((row["event_id"], row["kind"], row["touchpoint"], row["stage"], row["transition"]) for row in rows)


def test_a_journey_has_its_touchpoints_and_answers_each_once(shop: Client) -> None:
    one = person_key(1)
    assert told(shop, one, 1) == [
        ("a4", "answer", "till", "purchase", None),
        ("e1", "touchpoint", "poster", "awareness", "enter"),
        ("e2", "touchpoint", "site", "interest", "advance"),
        ("e3", "touchpoint", "till", "purchase", "advance"),
    ]
    assert [row[0] for row in told(shop, one, 2)] == ["e5", "e6"]
    assert [row[0] for row in told(shop, person_key(2), 1)] == ["e10", "e11", "e12", "e7"]
    rows = {row["event_id"]: row for row in rows_of(shop, "journey_events", **OF_SHOP, person=one, cycle=1)}
    assert (rows["e2"]["persona"], rows["e2"]["wait_seconds"], rows["e2"]["rule"]) == ("changed", 120.0, "browsed")
    assert (rows["e3"]["amount"], rows["e3"]["currency"], rows["e3"]["is_conversion"]) == (Decimal("19.99"), "EUR", 1)
    assert (rows["a4"]["score"], rows["a4"]["kpi"], rows["a4"]["variant"]) == (3.0, "nps", "standard")
    assert (rows["e1"]["place"], rows["e1"]["amount"], rows["e1"]["score"], rows["e1"]["wait_seconds"]) == (
        ODD,
        *[None] * 3,
    )


def test_what_nobody_did_is_no_journey(shop: Client) -> None:
    assert told(shop, "", 0) == []


def test_values_to_filter_by_are_those_of_the_events_with_their_numbers(shop: Client) -> None:
    found: dict[str, dict[str, int]] = {key: {} for key in FILTER_COLUMNS}
    for row in rows_of(shop, "dimension_values", **OF_SHOP):
        assert row["value"] not in found[row["key"]]
        found[row["key"]][row["value"]] = row["events"]
    assert found["touchpoint"] == {"poster": 3, "site": 4, "till": 1, ODD: 2}
    assert found["place"] == {ODD: 1, "": 9}
    assert found["stage"] == {"awareness": 3, "interest": 4, "purchase": 1, "": 2}
    assert found["is_simulated"] == {"0": 9, "1": 1}
    for key, values in found.items():
        text = f"ifNull(toString({key}), '')"
        counted = shop.execute(f"SELECT {text}, count() FROM journey.attachments WHERE map = 'shop' GROUP BY 1")
        assert values == dict(counted), key


def test_days_of_a_map_are_those_of_the_events_that_it_places(shop: Client) -> None:
    assert LEDGER not in tables_read(shop, "SELECT * FROM journey.map_days")
    found = shop.execute("SELECT * FROM journey.map_days")
    assert found == [("shop", 1, date(2025, 6, 1), date(2025, 6, 3), date(2025, 6, 3), 8, 0)]


def test_freshness_tells_of_each_source_what_stands_and_how_long_the_last_day_of_it_took(empty_client: Client) -> None:
    minutes = (1, 2, 3, 50)
    rows = [
        received(
            number, "stored", number, source="till's", event_time=NOON, received_time=NOON + timedelta(seconds=number),
            stored_time=NOON + timedelta(minutes=minute),
        )
        for number, minute in enumerate(minutes, start=1)
    ]  # fmt: skip
    long_ago = NOON - timedelta(days=40)
    rows += [
        received(5, "stored", 5, source="till's", event_time=long_ago, stored_time=NOON - timedelta(days=3)),
        received(6, "stored", 6, source="web", event_time=NOON, stored_time=NOON + timedelta(hours=2)),
        received(7, "duplicate", 7, source="web", event_time=NOON, stored_time=NOON + timedelta(days=9)),
        received(
            8, "stored", 8, source="web", event_time=NOON + timedelta(days=1), stored_time=NOON + timedelta(days=5)
        ),
    ]
    write(empty_client, [*rows, retraction(rows[-1])])
    found = {row[0]: row[1:] for row in empty_client.execute("SELECT * FROM journey.freshness")}
    assert sorted(found) == ["till's", "web"]
    assert found["till's"][:4] == (NOON, NOON + timedelta(seconds=4), NOON + timedelta(minutes=50), 5)
    assert found["till's"][4:] == (120.0, 3_000.0)
    assert found["web"] == (NOON, None, NOON + timedelta(hours=2), 1, 7_200.0, 7_200.0)


def test_a_percentile_of_freshness_is_the_first_delay_that_reaches_it(empty_client: Client) -> None:
    """Nine events of one hour and one of a hundred: 90 % took an hour."""
    hours = [1] * 9 + [100]
    write(
        empty_client,
        [
            received(number, "stored", number, source="till", event_time=NOON - timedelta(hours=hour), stored_time=NOON)
            for number, hour in enumerate(hours, start=1)
        ],
    )
    found = empty_client.execute("SELECT delay_p50_seconds, delay_p90_seconds FROM journey.freshness")
    assert found == [(3_600.0, 3_600.0)]
