"""Times by our clock are the same whether they had to be read or could be seen to be past."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st

from touchline.producers.collector.vendors.clock import SenderClock, read_us
from touchline.schemas.times import US_PER_SECOND, format_time, parse_time

RECEIVED_US = parse_time("2026-03-01T09:30:01Z")
SENT = st.sampled_from(
    [None, "2026-03-01T09:30:00Z", "2026-03-01T09:30:00.999Z", "2026-03-01T09:24:00Z", "2026-03-01T11:00:00Z"]
)


@given(SENT, st.integers(-7_200 * US_PER_SECOND, 7_200 * US_PER_SECOND), st.booleans())
@example("2026-03-01T09:30:00.999Z", -US_PER_SECOND, True)
def test_a_time_of_the_usual_form_is_that_of_any_other_form(sent: str | None, after_us: int, in_ms: bool) -> None:
    clock = SenderClock.of(sent, RECEIVED_US)
    usual = format_time(RECEIVED_US + after_us)
    if in_ms:
        usual = f"{usual[:-4]}Z"
    other = f"{usual[:-1]}+00:00"  # is read in any case
    assert read_us(clock.corrected(usual)) == read_us(clock.corrected(other))


@pytest.mark.parametrize("sent", [None, "2026-03-01T09:30:00Z", "2026-03-01T11:00:00Z"])
@pytest.mark.parametrize("time", ["2026-02-30T09:30:00.000Z", "2026-03-01T09:30:xx.000Z", "yesterday", 7.5e30])
def test_what_cannot_be_read_stays_as_it_is(sent: str | None, time: object) -> None:
    assert SenderClock.of(sent, RECEIVED_US).corrected(time) == time
