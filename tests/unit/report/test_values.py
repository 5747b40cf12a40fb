"""The periods that trends compare; the trends themselves are computed in SQL (contract/sql/test_trends.py)."""

from __future__ import annotations

from datetime import date

import pytest

from touchline.errors import WrongUsage
from touchline.report.values import Periods


def test_periods_are_of_equal_length_and_touch() -> None:
    assert Periods.ending(date(2017, 12, 31), 28) == (
        date(2017, 11, 6),
        date(2017, 12, 3),
        date(2017, 12, 4),
        date(2017, 12, 31),
    )


@pytest.mark.parametrize(
    ("last", "days"), [(date(1, 1, 1), 28), (date(2017, 12, 31), 10**12), (date(2017, 12, 31), 500_000)]
)
def test_periods_before_the_calendar_are_wrong_usage(last: date, days: int) -> None:
    with pytest.raises(WrongUsage, match="before the year 1"):
        Periods.ending(last, days)
