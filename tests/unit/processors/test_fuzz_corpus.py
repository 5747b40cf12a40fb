"""Short form of `./run check fuzz`: what the fuzzer has kept is looked at again, and an input says the record that it was made of."""

from __future__ import annotations

from hypothesis import given, strategies as st

from tests.support.fuzz.inputs import TIMES_MS, input_of, place_of_value, read_back, read_corpus, sent_of
from tests.support.fuzz.target import BY_FIRST_STEPS, check_together, outcome_of
from touchline.schemas.reasons import Fate


def test_every_kept_input_has_one_fate_and_together_they_reach_every_fate_and_reason_of_the_first_steps() -> None:
    outcomes = [outcome_of(one) for one in read_corpus()]
    check_together(outcomes)
    assert {one.fate for one in outcomes} == {Fate.STORED, Fate.SUPPRESSED, Fate.QUARANTINED}
    assert {one.reason for one in outcomes if one.fate is Fate.QUARANTINED} == BY_FIRST_STEPS


@given(st.binary(max_size=200))
def test_any_bytes_are_an_input_with_one_fate(data: bytes) -> None:
    check_together([outcome_of(data)])


LINE = st.binary(max_size=9).map(lambda one: one.replace(b"\n", b" "))


@given(st.none() | st.binary(max_size=40), st.none() | LINE, st.none() | LINE, st.integers(0, len(TIMES_MS) - 1))
def test_an_input_says_the_record_it_was_made_of(
    value: bytes | None, key: bytes | None, headers: bytes | None, time: int
) -> None:
    data = input_of(value, key, headers, time)
    assert data[place_of_value(data) :] == (value or b"")
    record = read_back(sent_of(data))
    assert (record.key, record.value, record.timestamp) == (key, value, TIMES_MS[time])
