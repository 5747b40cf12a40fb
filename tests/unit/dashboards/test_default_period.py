"""What is selected of a map whose last events stand after a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from touchline.dashboards.server.asking.maps import KnownMap, chosen_moment, chosen_period
from touchline.dashboards.server.asking.parameters import Parameters

GAP = KnownMap("retail", 3, "Retail", True, date(2016, 12, 1), date(2026, 11, 29), date(2017, 12, 31), 900, 1)
NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def test_the_default_period_ends_before_the_gap() -> None:
    assert chosen_period(Parameters([]), GAP, NOW.date()) == (date(2017, 12, 4), date(2017, 12, 31))


@pytest.mark.parametrize(
    ("asked", "day"),
    [([], date(2018, 1, 1)), ([("to", "2017-06-30")], date(2018, 1, 1)), ([("to", "2026-11-29")], date(2026, 11, 30))],
)
def test_one_looks_from_after_the_usual_day_and_from_after_the_last_one_where_the_period_goes_on(
    asked: list[tuple[str, str]], day: date
) -> None:
    assert chosen_moment(Parameters(asked), GAP, NOW) == datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
