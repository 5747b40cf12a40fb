from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, strategies as st

from touchline.schemas.times import (
    EARLIEST_US,
    LATEST_US,
    RECEIVED_UNKNOWN_US,
    TIMESTAMP_PATTERN,
    US_PER_DAY,
    US_PER_HOUR,
    US_PER_SECOND,
    TimeUnreadable,
    UnknownZone,
    format_time,
    is_plainly_past,
    is_valid_event_time,
    local_day,
    parse_time,
    zone_hint,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc"))
instants = st.integers(EARLIEST_US, LATEST_US - 1)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(instants, offsets)
def test_an_instant_is_the_same_in_every_offset(time_us: int, offset: timezone) -> None:
    text = (EPOCH + timedelta(microseconds=time_us)).astimezone(offset).isoformat()

    assert parse_time(text) == time_us


@given(instants)
def test_a_written_time_is_read_back(time_us: int) -> None:
    assert parse_time(format_time(time_us)) == time_us


@given(instants, instants)
def test_written_times_sort_as_text(one: int, other: int) -> None:
    assert (one < other) == (format_time(one) < format_time(other))


@given(st.data())
def test_a_time_is_read_if_the_published_pattern_and_the_calendar_have_it(data: st.DataObject) -> None:
    text = format_time(data.draw(instants))
    text = data.draw(st.sampled_from([text, text[:23] + "Z", text[:19] + "Z"]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from("0123456789+-:.,TZtz ٣W")) + text[at + 1 :]

    try:
        expected = re.fullmatch(TIMESTAMP_PATTERN, text) is not None and bool(
            datetime.fromisoformat(text.upper()).tzinfo
        )
    except ValueError:
        expected = False
    try:
        parse_time(text)
    except TimeUnreadable:
        assert not expected
    else:
        assert expected


@given(st.text(max_size=30))
def test_any_other_text_is_unreadable_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        parse_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01_09:30:00Z", "2026-03-01  09:30:00Z", "2026-03-01T09:30:00 Z", "20260301T093000Z",
        "2026-W09-7T09:30:00Z", "2026-03-01T09:30Z", "2026-03-01T24:00:00Z", "2016-12-31T23:59:60Z",
        "2026-02-29T00:00:00Z", "2026-03-01T09:30:00+010", "2026-03-01T09:30:00+1", "2026-03-01T09:30:00,5Z", "2026-03-01T09:30:00.Z",
        "2026-03-01T09:30:00Z\n", "2026-03-01T09:30:00+24:00", "٢٠٢٦-03-01T09:30:00Z", "0000-01-01T00:00:00Z",
        "2026-03-01",
    ],
)  # fmt: skip
def test_what_looks_like_a_time_but_is_none_is_unreadable(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        parse_time(text)


@given(instants, offsets, st.sampled_from("Tt "), st.booleans())
def test_an_instant_is_the_same_in_every_spelling(
    time_us: int, offset: timezone, separator: str, is_basic: bool
) -> None:
    moment = (EPOCH + timedelta(microseconds=time_us)).astimezone(offset)
    day, clock, sign = moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M:%S.%f"), moment.strftime("%z")
    text = f"{day}{separator}{clock}{sign if is_basic else f'{sign[:3]}:{sign[3:]}'}"
    assert parse_time(text) == time_us
    if sign.endswith("00"):
        assert parse_time(text[: -2 - (not is_basic)]) == time_us  # +01, as databases write it
    assert parse_time(f"{format_time(time_us)[:10]}{separator}{format_time(time_us)[11:-1]}z") == time_us


@pytest.mark.parametrize(
    "text", ["2026-03-01T10:00:00+0100", "2026-03-01 09:00:00Z", "2026-03-01t09:00:00z", "2026-03-01 10:00:00+01"]
)
def test_spellings_that_apps_and_exports_write_are_times(text: str) -> None:
    assert parse_time(text) == parse_time("2026-03-01T09:00:00Z")


def test_milliseconds_are_thousandths_of_a_second() -> None:
    assert parse_time("1970-01-01T00:00:00.246Z") == 246_000


def test_digits_beyond_microseconds_are_cut() -> None:
    assert parse_time("1970-01-01T00:00:00.1234569999Z") == 123_456


def test_a_time_without_offset_needs_the_declared_zone_of_its_source() -> None:
    with pytest.raises(TimeUnreadable, match="declares no zone"):
        parse_time("2026-03-01T09:30:00")
    assert parse_time("2026-03-01T09:30:00", "Europe/Berlin") == parse_time("2026-03-01T09:30:00+01:00")
    assert parse_time("2026-03-01T09:30:00Z", "Europe/Berlin") == parse_time("2026-03-01T09:30:00+00:00")


def test_a_naive_time_that_the_clock_shows_twice_is_the_first() -> None:
    assert parse_time("2026-10-25T02:30:00", "Europe/Berlin") == parse_time("2026-10-25T02:30:00+02:00")


def test_a_naive_time_that_the_clock_skips_has_the_offset_before_the_gap() -> None:
    assert parse_time("2026-03-29T02:30:00", "Europe/Berlin") == parse_time("2026-03-29T02:30:00+01:00")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("america/new york", "did you mean America/New_York?"),
        ("Europe/Milan", "(Europe/Rome for Milan)"),
        ("Milano", "take that of its country"),
        (7, "a zone of the IANA database"),
    ],
)
def test_an_unknown_zone_is_told_with_what_to_write(name: object, says: str) -> None:
    assert says in zone_hint(name)


@given(st.text(max_size=60))
def test_the_hint_of_any_zone_is_a_sentence(name: str) -> None:
    assert zone_hint(name).startswith(("did you mean ", "write a zone"))


def test_an_unknown_zone_is_a_fault_of_its_own() -> None:
    for zone in ("Europe/Atlantis", "../etc/passwd", "\0"):
        with pytest.raises(UnknownZone):
            parse_time("2026-03-01T09:30:00", zone)
        with pytest.raises(UnknownZone):
            local_day(0, zone)


def test_events_may_lie_24_hours_after_they_were_received_and_not_before_1990() -> None:
    received_us = parse_time("2026-03-01T00:00:00Z")

    assert is_valid_event_time(received_us + US_PER_DAY, received_us)
    assert not is_valid_event_time(received_us + US_PER_DAY + 1, received_us)
    assert is_valid_event_time(EARLIEST_US, received_us)
    assert is_valid_event_time(LATEST_US - 1, RECEIVED_UNKNOWN_US)
    assert not is_valid_event_time(LATEST_US, RECEIVED_UNKNOWN_US)
    assert not is_valid_event_time(EARLIEST_US - 1, received_us)


@given(
    st.one_of(instants, st.integers(0, 1 << 53)),
    instants | st.sampled_from((0, -1, 1 << 60)),
    st.sampled_from((1, 4)),
    st.booleans(),
)
def test_what_is_plainly_past_can_have_happened(time_us: int, received_us: int, cut: int, is_near: bool) -> None:
    near_us = received_us + time_us % (4 * US_PER_DAY) - 2 * US_PER_DAY
    text = format_time(near_us if is_near and 0 <= near_us < LATEST_US else time_us)[:-cut] + "Z"

    if is_plainly_past(text, received_us):
        assert is_valid_event_time(parse_time(text), received_us)
    elif EARLIEST_US <= received_us < LATEST_US:
        assert not EARLIEST_US <= parse_time(text) < received_us - received_us % US_PER_DAY


@pytest.mark.parametrize(
    "text", ["2023-02-29T08:30:00.000Z", "2024-06-31T08:30:00.000000Z", "2024-06-30T08:30:00Z", ""]
)
def test_no_day_of_the_calendar_and_no_usual_text_is_plainly_past(text: str) -> None:
    assert not is_plainly_past(text, LATEST_US - 1)


@given(st.integers(EARLIEST_US, 1_900_000_000_000_000), st.sampled_from(ZONES))
def test_the_cached_local_day_is_the_calendar_s(time_us: int, zone: str) -> None:
    expected = (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(zone)).date()

    for _ in range(2):
        assert (EPOCH + timedelta(days=local_day(time_us, zone))).date() == expected


@pytest.mark.parametrize(
    ("zone", "before"),
    [
        ("America/St_Johns", "2010-11-07T02:00:00Z"),  # at 00:01 the clock went back to 23:01 of the day before
        ("America/St_Johns", "2011-03-13T03:00:00Z"),
        ("Asia/Amman", "2022-02-24T21:30:00Z"),
        ("America/Havana", "2023-03-12T04:30:00Z"),
        ("Europe/Berlin", "2026-10-24T21:30:00Z"),
    ],
)
def test_a_clock_set_over_midnight_within_a_quarter_hour_is_followed_to_the_second(zone: str, before: str) -> None:
    info = ZoneInfo(zone)
    start_us = parse_time(before)
    for time_us in range(start_us, start_us + 2 * US_PER_HOUR, 10 * US_PER_SECOND):
        expected = (EPOCH + timedelta(microseconds=time_us)).astimezone(info).date()
        assert (EPOCH + timedelta(days=local_day(time_us, zone))).date() == expected


def test_the_day_of_st_johns_went_back_for_an_hour() -> None:
    days = [local_day(parse_time(f"2010-11-07T02:{minute}:00Z"), "America/St_Johns") for minute in (29, 30, 31)]

    assert [day - days[0] for day in days] == [0, 1, 0]
