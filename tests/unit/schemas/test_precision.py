"""The span of time that a source which knows seconds, minutes, hours or days speaks of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from touchline.schemas.precision import Precision, span_of
from touchline.schemas.times import local_day, parse_time

DAY_US = 86_400_000_000
ZONES = st.sampled_from(["UTC", "Europe/Rome", "Asia/Kolkata", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"])


@pytest.mark.parametrize(
    ("precision", "zone", "time", "first", "last"),
    [
        ("second", "UTC", "2025-06-02T10:00:00.7Z", "2025-06-02T10:00:00Z", "2025-06-02T10:00:00.999999Z"),
        ("minute", "Asia/Kathmandu", "2025-06-02T10:00:59Z", "2025-06-02T10:00:00Z", "2025-06-02T10:00:59.999999Z"),
        ("hour", "Asia/Kolkata", "2025-06-02T10:10:00Z", "2025-06-02T09:30:00Z", "2025-06-02T10:29:59.999999Z"),
        ("day", "Europe/Rome", "2025-06-02T22:00:00Z", "2025-06-03T00:00:00+02:00", "2025-06-03T23:59:59.999999+02:00"),
        ("day", "Europe/Rome", "2025-03-30T12:00:00Z", "2025-03-30T00:00:00+01:00", "2025-03-30T23:59:59.999999+02:00"),
        ("day", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T01:00:00-02:00", "2018-11-04T23:59:59.999999-02:00"),
    ],
)  # fmt: skip
def test_the_unit_is_that_of_the_clock_in_the_zone(
    precision: Precision, zone: str, time: str, first: str, last: str
) -> None:
    start_us, span_us = span_of(parse_time(time), precision, zone)
    assert (start_us, start_us + span_us) == (parse_time(first), parse_time(last))


@given(st.integers(631_152_000_000_000 + DAY_US, 4_000_000_000_000_000), st.sampled_from(get_args(Precision)), ZONES)
def test_a_span_holds_the_time_and_each_of_its_ends_has_the_same_span(
    time_us: int, precision: Precision, zone: str
) -> None:
    start_us, span_us = span_of(time_us, precision, zone)
    assert start_us <= time_us <= start_us + span_us
    assert span_of(start_us, precision, zone) == span_of(start_us + span_us, precision, zone) == (start_us, span_us)
    assert local_day(start_us, zone) == local_day(time_us, zone) == local_day(start_us + span_us, zone)


@given(st.integers(631_152_000_000_000 + DAY_US, 4_000_000_000_000_000), ZONES)
def test_a_day_begins_where_the_clock_shows_its_first_time(time_us: int, zone: str) -> None:
    start_us, _ = span_of(time_us, "day", zone)
    before, first = (
        datetime.fromtimestamp(moment // 1_000_000, UTC).astimezone(ZoneInfo(zone))
        for moment in (start_us - 1_000_000, start_us)
    )
    assert before.date() < first.date()
