"""The SELECT behind a CSV file."""

from __future__ import annotations

from tests.unit.dashboards.views import asked
from touchline.dashboards.server.csv_download import csv_statement


def test_only_text_is_made_safe_and_conditions_still_see_what_is_stored() -> None:
    sql = csv_statement(asked("selecting", "note=a", is_whole=True))
    shown = sql.partition("\nFROM ")[0].removeprefix("SELECT ").split(",\n    ")
    assert [one.startswith("if(match(") for one in shown] == [True, True, False, True, False, False, False]
    assert "AS note_" in sql
    assert sql.endswith("WHERE note IN ('a')")
