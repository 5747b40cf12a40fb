"""The glance of the default map is what the views with arguments say of its last 28 days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from clickhouse_driver import Client

from tests.contract.sql.rows import NOON, Row, answer, attached, choose_default_map, write
from tests.contract.sql.selecting import rows_of

LAST = date(2026, 3, 1)
PERIODS = {
    "date_from": date(2026, 2, 2),
    "date_to": LAST,
    "before_from": date(2026, 1, 5),
    "before_to": date(2026, 2, 1),
}


def days_ago(number: int, **values: Any) -> dict[str, Any]:
    time = NOON - timedelta(days=number)
    return {"local_date": time.date(), "event_time": time} | values


def ledger() -> list[Row]:
    rows: list[Row] = []
    for number in range(1, 61):
        person = {
            "person": f"k1:{number % 9}",
            "identifier": f"k1:{number % 9}",
            "cycle": 1,
            "touchpoint_number": number,
        }
        paid = {"currency": "EUR", "currency_exponent": 2, "amount_minor": 100} if number % 3 == 0 else {}
        rows.append(attached(number, touchpoint="till", channel="store", **days_ago(number - 1), **person, **paid))
        about = days_ago(number - 1)
        rows.append(
            answer(
                100 + number,
                "nps",
                10 if number < 29 else 3,
                (0, 10),
                touchpoint="till",
                about_time=about["event_time"],
                **about,
            )
        )
    rows.append(
        attached(200, touchpoint="web", channel="web", is_online=1, stage="", stage_order=0, is_mapped=0, **days_ago(2))
    )
    rows.append(answer(201, "csat", 4, (1, 5), touchpoint="hotline", is_simulated=1, about_time=NOON, **days_ago(0)))
    rows.append(attached(300, map="web_shop", touchpoint="till", **days_ago(-50)))
    return rows


def glance(client: Client) -> dict[tuple[str, str | None], dict[str, Any]]:
    rows, columns = client.execute("SELECT * FROM journey.touchpoint_glance", with_column_types=True)
    found = [dict(zip((name for name, _ in columns), row, strict=True)) for row in rows]
    at = {(row["touchpoint"], row["kpi"]): row for row in found}
    assert len(at) == len(found)
    return at


def test_without_a_default_map_it_is_empty(empty_client: Client) -> None:
    write(empty_client, ledger())
    assert glance(empty_client) == {}


def test_it_is_the_last_28_days_of_the_default_map_by_touchpoint_stage_and_kpi(empty_client: Client) -> None:
    choose_default_map(empty_client)
    write(empty_client, ledger())
    found = glance(empty_client)
    assert found.keys() == {("till", "nps"), ("web", None), ("hotline", "csat")}
    till = found["till", "nps"]
    assert {name: till[name] for name in ("map", "map_version", "date_from", "date_to", "stage", "channel", "is_online")} == {
        "map": "retail", "map_version": 1, "date_from": date(2026, 2, 2), "date_to": LAST, "stage": "awareness", "channel": "store",
        "is_online": 0,
    }  # fmt: skip
    assert (till["events"], till["events_simulated"], till["persons"]) == (28, 0, 9)
    assert (till["currency"], till["revenue"]) == ("EUR", 9)
    assert (till["n"], till["value"], till["n_before"], till["value_before"], till["trend"]) == (
        28,
        100,
        28,
        -100,
        "up",
    )
    assert (found["web", None]["events"], found["web", None]["n"], found["web", None]["revenue"]) == (1, None, None)
    hotline = found["hotline", "csat"]
    assert (hotline["events"], hotline["persons"], hotline["n"], hotline["is_simulated"]) == (0, 0, 1, 1)


def test_its_numbers_are_those_of_the_views_with_arguments(empty_client: Client) -> None:
    choose_default_map(empty_client)
    write(empty_client, ledger())
    found = glance(empty_client)
    for row in rows_of(empty_client, "survey_by_touchpoint", **PERIODS):
        shown = found[row["touchpoint"], row["kpi"]]
        assert {name: value for name, value in row.items() if name != "is_suppressed"} == {
            name: shown[name] for name in row if name != "is_suppressed"
        }
    as_of = "2026-03-02 12:00:00"
    for row in rows_of(
        empty_client, "persons_by_touchpoint", as_of=as_of, date_from=PERIODS["date_from"], date_to=LAST
    ):
        if row["touchpoint"]:
            shown = next(one for (touchpoint, _), one in found.items() if touchpoint == row["touchpoint"])
            assert (shown["persons"], shown["journeys"], shown["drop_off"]) == (
                row["persons"],
                row["journeys"],
                row["drop_off"],
            )
