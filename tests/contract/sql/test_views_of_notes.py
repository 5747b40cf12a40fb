"""What charts are annotated with: initiatives as events report them, remarks as the maps have them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

from tests.contract.sql.stored import start_anew, store
from tests.unit.processors.loop.world import MAP
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.settings import Settings


def initiative(name: str, **fields: Any) -> dict[str, Any]:
    common = {"type": "touchline.initiative.v1", "source": "shop", "id": name, "time": "2025-06-01T09:00:00Z"}
    return common | {"initiative": name, "touchpoint": "till", "starts_at": "2025-06-02T00:00:00+02:00"} | fields


def test_an_initiative_shows_as_reported_last_with_its_days_and_its_cost(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    tills = initiative("tills", cost={"amount_minor": 123_450, "currency": "EUR"}, owner="Stores", expected_kpi="ces")
    revised = tills | {"revision": 1, "ends_at": "2025-06-30T22:00:00Z"}
    store(engine_settings, tmp_path, [revised, tills, tills, initiative("signs")])
    columns = (
        "initiative, toString(starts_at), toString(ends_at), cost, currency, owner, expected_kpi, revision, touchpoint"
    )
    assert engine_client.execute(f"SELECT {columns} FROM journey.initiatives ORDER BY initiative") == [
        ("signs", "2025-06-01 22:00:00.000000", None, None, None, None, None, 0, "till"),
        ("tills", "2025-06-01 22:00:00.000000", "2025-06-30 22:00:00.000000", Decimal("1234.5"), "EUR", "Stores", "ces", 1, "till"),
    ]  # fmt: skip


def test_the_cost_of_an_initiative_has_the_decimal_places_of_its_currency(
    engine_client: Client, engine_settings: Settings, tmp_path: Path
) -> None:
    start_anew(engine_client)
    store(
        engine_settings,
        tmp_path,
        [initiative(code, cost={"amount_minor": 12_345, "currency": code}) for code in CURRENCY_EXPONENTS],
    )
    found = dict(engine_client.execute("SELECT currency, cost FROM journey.initiatives"))
    assert found == {code: Decimal(12_345).scaleb(-places) for code, places in CURRENCY_EXPONENTS.items()}


def test_remarks_of_a_map_are_rows(engine_client: Client) -> None:
    works = "{date: 2026-05-01, until: 2026-05-14, text: Road works, touchpoint: till, stage: purchase}"
    heat = """{date: 2026-06-01, text: 'It''s "hot"'}"""
    start_anew(engine_client, f"{MAP}\nannotations: [{works}, {heat}]\n")
    assert engine_client.execute(
        "SELECT date, until, text, touchpoint, stage FROM journey.annotations ORDER BY date"
    ) == [
        (date(2026, 5, 1), date(2026, 5, 14), "Road works", "till", "purchase"),
        (date(2026, 6, 1), None, 'It\'s "hot"', None, None),
    ]
