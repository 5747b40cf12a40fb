"""The usual selection: 28 days, as many before, seen from noon after the last one."""

from __future__ import annotations

from datetime import UTC, date, datetime

from touchline.sql.language.usual import Period, usual, usual_arguments


def test_the_usual_selection_is_28_days_the_28_before_and_noon_after_the_last_day() -> None:
    found = usual(date(2026, 3, 1))
    assert found.period == (date(2026, 2, 2), date(2026, 3, 1))
    assert found.before == (date(2026, 1, 5), date(2026, 2, 1))
    assert found.as_of == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_days_before_are_as_many_and_touch() -> None:
    assert Period(date(2026, 3, 1), date(2026, 3, 1)).before() == (date(2026, 2, 28), date(2026, 2, 28))
    assert Period.ending(date(2024, 3, 1), 2) == (date(2024, 2, 29), date(2024, 3, 1))


def test_as_arguments_of_a_view_it_counts_from_the_last_day_too() -> None:
    assert usual_arguments("d") == {
        "date_from": "addDays(d, -27)",
        "date_to": "d",
        "before_from": "addDays(d, -55)",
        "before_to": "addDays(d, -28)",
        "as_of": "toDateTime(addDays(d, 1), 'UTC') + toIntervalHour(12)",
    }
