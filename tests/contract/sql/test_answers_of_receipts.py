"""What readers see of answers that name a receipt of another partition: its day, place and amount, and the day on which they were given."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import start_anew
from tests.unit.processors.loop.two_partitions import PARTITIONS, Workers, answer, receipt, records_by_partition
from touchline.account.recounts import check_projections, check_signs
from touchline.clickhouse.connect import connect_as
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.settings import Settings

DAY = 24 * 60


def store(settings: Settings, folder: Path, events: list[dict[str, object]], *, answers_first: bool) -> None:
    """Store these events: the partition of the answers first, or last."""
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    workers = Workers(ledger, folder, records_by_partition(events))
    for number in (1, 0) if answers_first else (0, 1):
        workers.deliver(number, 99)
    for number in range(PARTITIONS):
        workers.tick(number)
    workers.close()
    ledger.close()


@pytest.mark.parametrize("answers_first", [True, False])
def test_views_show_the_day_and_place_of_the_receipt_and_the_day_of_the_answer(
    engine_client: Client, engine_settings: Settings, tmp_path: Path, answers_first: bool
) -> None:
    start_anew(engine_client)
    events = [receipt(2, 2, 600, place="12"), answer(3, 1, DAY + 600, 2), answer(5, 1, 20 * DAY + 600, 2)]
    store(engine_settings, tmp_path, events, answers_first=answers_first)
    columns = "event_id, about_date, answered_date, place, about_source, about_event_id, about_amount, about_currency, amount_class"
    shown = engine_client.execute(f"SELECT {columns} FROM journey.answers ORDER BY event_id")
    taken = ("12", "shop", "e2", Decimal("19.99"), "EUR", "10-20")
    first = date(2025, 6, 1)
    assert shown == [("e3", first, date(2025, 6, 2), *taken), ("e5", first, date(2025, 6, 21), *taken)]
    assert engine_client.execute("SELECT bucket, place, n FROM journey.kpi_survey_1d") == [(first, "12", 2)]
    assert engine_client.execute("SELECT sum(amount), sum(orders) FROM journey.kpi_revenue_1d") == [
        (Decimal("19.99"), 1)
    ]
    assert engine_client.execute("SELECT count() FROM journey.orders") == [(1,)]
    assert [*check_signs(engine_client), *check_projections(engine_client)] == []


def test_a_time_line_shows_an_answer_on_the_day_it_was_given_and_names_the_day_it_is_about(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    store(engine_settings, tmp_path, [receipt(2, 2, 600), answer(4, 2, DAY + 600, 2)], answers_first=False)
    ((person, cycle),) = engine_client.execute("SELECT person, cycle FROM journey.journeys")
    sql = (
        "SELECT kind, local_date, about_date, about_event_id, amount FROM journey_api.journey_events("
        "map = 'shop', map_version = 1, person = %(person)s, cycle = %(cycle)s) ORDER BY event_time"
    )
    assert engine_client.execute(sql, {"person": person, "cycle": cycle}) == [
        ("touchpoint", date(2025, 6, 1), None, None, Decimal("19.99")),
        ("answer", date(2025, 6, 2), date(2025, 6, 1), "e2", None),
    ]


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(0, "EUR", "0-1"), (99, "EUR", "0-1"), (100, "EUR", "1-2"), (499, "EUR", "2-5"), (500, "EUR", "5-10"), (1_000, "EUR", "10-20"),
     (4_999, "EUR", "20-50"), (5_000, "EUR", "50-100"), (1_000, "JPY", "1000-2000"), (9_999_999, "USD", "50000-100000")],
)  # fmt: skip
def test_a_class_of_amounts_begins_with_its_lower_bound(
    engine_client: Client, engine_settings: Settings, tmp_path: Path, minor: int, currency: str, expected: str
) -> None:
    start_anew(engine_client)
    paid = receipt(2, 2, 600, amount={"amount_minor": minor, "currency": currency})
    store(engine_settings, tmp_path, [paid, answer(4, 2, DAY, 2)], answers_first=False)
    assert engine_client.execute("SELECT amount_class FROM journey.answers") == [(expected,)]
