"""The budget of bytes in flight, and the rate of a write key."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.limits import BURST_SECONDS, Rate, Room, parsed_bytes


@given(st.lists(st.integers(0, 60), max_size=30))
def test_no_more_is_held_than_the_limit_and_all_is_given_back(shares: list[int]) -> None:
    room = Room(100)
    holds = []
    for share in shares:
        hold = room.hold()
        before = room.used_bytes
        assert hold.grow(share) is (before + share <= 100)
        assert room.used_bytes <= 100
        holds.append(hold)
    for hold in holds:
        hold.release()
        hold.release()
    assert room.used_bytes == 0


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_key_that_overdraws_waits_as_long_as_it_is_told_and_others_do_not() -> None:
    clock = Clock()
    rate = Rate(100.0, clock)
    assert rate.wait_seconds("shop") == 0
    rate.spend("shop", int(100 * BURST_SECONDS) + 450)
    assert (rate.wait_seconds("shop"), rate.wait_seconds("crm")) == (5, 0)
    clock.now_s += 3
    assert rate.wait_seconds("shop") == 2
    clock.now_s += 2
    assert rate.wait_seconds("shop") == 0


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 5)), min_size=1, max_size=60))
def test_in_the_long_run_no_key_sends_faster_than_its_rate(tries: list[tuple[int, float]]) -> None:
    clock = Clock()
    rate, began_s, sent = Rate(100.0, clock), clock.now_s, 0
    for events, pause_s in tries:
        if rate.wait_seconds("shop") == 0:
            rate.spend("shop", events)
            sent += events
            largest = max(count for count, _ in tries)
            assert sent <= (clock.now_s - began_s + BURST_SECONDS) * 100.0 + largest + 1e-6
        clock.now_s += pause_s


@pytest.mark.parametrize("document", [b"[" + b"[]," * 900 + b"1]", b'{"a": [' + b"1," * 900 + b"1]}"])
def test_what_a_form_hides_costs_no_less_than_it_does_in_the_open(document: bytes) -> None:
    for form in (b"data=" + base64.b64encode(document), urlencode({"data": document}).encode()):
        assert parsed_bytes(form) >= parsed_bytes(document) * 0.99
    assert parsed_bytes(b" " + document) == parsed_bytes(document)
