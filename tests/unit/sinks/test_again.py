"""What is final, and how long to wait: whatever a receiver answers."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from touchline.sinks.again import FIRST_WAIT_US, LONGEST_WAIT_US, SPREAD, asked_seconds, verdict, wait_us

NOW_S = 1_760_000_000.0
HOUR_S = 3_600.0


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_every_2xx_is_taken(status: int) -> None:
    assert verdict(status, "", NOW_S) is None


@pytest.mark.parametrize(
    ("status", "is_final"),
    [*((one, True) for one in (400, 410, 413, 422)), *((one, False) for one in (301, 302, 304, 307, 308))]
    + [(one, False) for one in (401, 403, 404, 405, 408, 409, 415, 423, 425, 429, 451, 499, 500, 501, 503, 599)],
)
def test_what_is_about_the_thing_sent_is_final_and_what_somebody_may_mend_is_not(status: int, is_final: bool) -> None:
    refusal = verdict(status, "7", NOW_S)
    assert refusal is not None
    assert (str(refusal), refusal.is_final, refusal.after_seconds) == (f"it answered {status}", is_final, 7.0)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0), ("7", 7.0), (" 120 ", 120.0), ("3601", HOUR_S), ("9" * 400, HOUR_S), ("9" * 5_000, HOUR_S),
        ("Thu, 09 Oct 2025 08:53:50 GMT", 30.0), ("Thu, 09 Oct 2025 08:53:00 GMT", 0.0), ("Fri, 31 Dec 9999 23:59:59 GMT", HOUR_S),
        ("", None), ("soon", None), ("-1", None), ("1.5", None), ("1e9", None), ("²", None), ("٣", None), ("inf", None),
        ("Thu, 99 Oct 2025 99:99:99 GMT", None), ("0x10", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_never_more_than_an_hour(said: str, seconds: float | None) -> None:
    assert asked_seconds(said, NOW_S) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,9} [A-Z][a-z]{2} \d{1,9} \d\d:\d\d:\d\d( [+-]?\d{1,9}|GMT)?"))
def test_no_retry_after_whatsoever_is_a_fault(said: str) -> None:
    refusal = verdict(429, said, NOW_S)
    assert refusal is not None
    asked = refusal.after_seconds
    assert asked is None or 0 <= asked <= HOUR_S
    assert FIRST_WAIT_US <= wait_us(1, asked, lambda: 0.5) <= LONGEST_WAIT_US * (1 + SPREAD)


def test_waits_double_up_to_an_hour_unless_the_other_side_asks_for_more() -> None:
    assert [wait_us(one, None, lambda: 0.0) // 1_000_000 for one in (1, 2, 3, 12, 99, 10**9)] == [
        1, 2, 4, 2048, 3600, 3600,
    ]  # fmt: skip
    assert wait_us(1, 30.0, lambda: 0.0) == 30_000_000
    assert wait_us(8, 30.0, lambda: 0.0) == 128_000_000
    assert wait_us(1, float("inf"), lambda: 0.0) == LONGEST_WAIT_US


def test_what_failed_at_one_moment_does_not_come_back_at_one_moment() -> None:
    drawn = iter((0.0, 0.5, 0.999))
    waits = [wait_us(1, None, lambda: next(drawn)) for _ in range(3)]
    assert waits == [1_000_000, 1_125_000, 1_249_750]
    assert wait_us(1, 30.0, lambda: 0.5) > 30_000_000, "never sooner than asked for"
