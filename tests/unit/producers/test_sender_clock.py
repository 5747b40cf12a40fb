from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from kafka.errors import InvalidRecordError, InvalidTimestampError, MessageSizeTooLargeError

from tests.unit.producers.outbox.rig import TOLERANCE_MS, out_of_range
from touchline.producers.sender_clock import NO_TIME_MS, TRY_AGAIN_SECONDS, SenderClock

NOW_MS = 1_767_225_600_000


class Clocks:
    """A clock that somebody sets, and one that nobody does."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.steady_s = 5.0
        self.clock = SenderClock(lambda: self.now_ms * 1_000, lambda: self.steady_s)


def test_a_record_carries_the_senders_time_until_kafka_refuses_it_and_again_some_time_later() -> None:
    clocks = Clocks()
    assert (clocks.clock.stamp_ms(), clocks.clock.ahead_seconds) == (NOW_MS, None)
    assert clocks.clock.learn(out_of_range(NOW_MS, NOW_MS - 7_200_000))
    assert (clocks.clock.stamp_ms(), clocks.clock.ahead_seconds) == (NO_TIME_MS, 7_200.0)

    clocks.now_ms -= 7_200_000  # somebody sets it
    clocks.steady_s += TRY_AGAIN_SECONDS
    assert (clocks.clock.stamp_ms(), clocks.clock.ahead_seconds) == (NOW_MS - 7_200_000, 7_200.0)
    clocks.steady_s += TRY_AGAIN_SECONDS
    assert clocks.clock.ahead_seconds is None


@given(st.integers(1, 10**11), st.integers(TOLERANCE_MS, 10**11))
def test_the_error_of_the_clock_is_exact_unless_the_age_of_records_is_bounded_too(
    ahead_ms: int, oldest_ms: int
) -> None:
    exact, bounded = Clocks().clock, Clocks().clock
    stamp_ms = NOW_MS + TOLERANCE_MS + ahead_ms
    said = f"Timestamp {stamp_ms} of message with offset 3 is out of range. The timestamp should be within"
    assert exact.learn(out_of_range(stamp_ms, NOW_MS))
    assert bounded.learn(InvalidRecordError(f"{said} [{NOW_MS - oldest_ms}, {NOW_MS + TOLERANCE_MS}]"))

    assert exact.ahead_seconds == (TOLERANCE_MS + ahead_ms) / 1_000
    assert bounded.ahead_seconds == ahead_ms / 1_000


@given(st.integers(1, 10**11), st.integers(TOLERANCE_MS, 10**11))
def test_a_clock_behind_the_oldest_record_that_kafka_takes_is_behind_by_that_at_least(
    older_ms: int, oldest_ms: int
) -> None:
    clock = Clocks().clock
    stamp_ms = NOW_MS - oldest_ms - older_ms
    said = f"Timestamp {stamp_ms} of message with offset 3 is out of range. The timestamp should be within"
    assert clock.learn(InvalidRecordError(f"{said} [{NOW_MS - oldest_ms}, {NOW_MS + TOLERANCE_MS}]"))

    assert clock.ahead_seconds == -older_ms / 1_000
    assert clock.stamp_ms() == NO_TIME_MS


@pytest.mark.parametrize("error", [MessageSizeTooLargeError(), InvalidRecordError("no key"), ConnectionError()])
def test_other_errors_say_nothing_of_the_clock(error: Exception) -> None:
    clocks = Clocks()

    assert not clocks.clock.learn(error)
    assert clocks.clock.stamp_ms() == NOW_MS


def test_a_record_without_a_time_stamp_that_is_refused_for_its_time_is_refused_for_good() -> None:
    clocks = Clocks()

    assert clocks.clock.learn(InvalidTimestampError())
    assert not clocks.clock.learn(InvalidTimestampError())
