"""Latencies are those of the schedule, told without leaving out what waited."""

from __future__ import annotations

import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from bench import latency
from bench.cpu import Reading
from bench.events import make_events
from bench.latency import Sent, Sight


class SlowKafka:
    """Takes every event at once, but stops for a while at one of them."""

    def __init__(self, stops_at: int, seconds: float) -> None:
        self.taken = 0
        self._stops_at, self._seconds = stops_at, seconds

    def send(self, *_arguments: object, **_named: object) -> Any:
        self.taken += 1
        if self.taken == self._stops_at:
            time.sleep(self._seconds)
        return SimpleNamespace(add_callback=lambda done: done(None))

    def flush(self) -> None:
        pass


def test_an_event_is_seen_when_an_answer_first_reaches_its_offset() -> None:
    sent = [Sent(0, 0, 0.0, 0.0), Sent(1, 0, 0.0, 0.0), Sent(0, 1, 0.0, 0.0), Sent(0, 2, 0.0, 0.0)]
    sights = [Sight(1.0, {}), Sight(2.0, {0: 1}), Sight(3.0, {0: 1, 1: 0}), Sight(4.0, {0: 2, 1: 5})]
    assert latency.seen_at(sent, sights) == [2.0, 3.0, 2.0, 4.0]


def test_percentiles_are_values_that_were_measured() -> None:
    told = latency.summarize("from_accepted", [number / 1000 for number in range(100, 0, -1)])
    assert told == {
        "from_accepted_p50": 0.05,
        "from_accepted_p95": 0.095,
        "from_accepted_p99": 0.099,
        "from_accepted_max": 0.1,
    }
    assert latency.summarize("x", [0.5])["x_p99"] == 0.5


def test_events_behind_a_stalled_producer_keep_the_time_at_which_they_were_to_be_sent() -> None:
    events = list(make_events(50, 4))
    stack: Any = SimpleNamespace(settings=SimpleNamespace(topic="t"))
    producer: Any = SlowKafka(stops_at=10, seconds=0.2)
    sent = latency.send_on_schedule(producer, stack, events, 500, {})
    gaps = [later.intended_at - earlier.intended_at for earlier, later in pairwise(sent)]
    assert gaps == pytest.approx([0.002] * 49)
    assert sent[10].accepted_at - sent[10].intended_at > 0.15
    assert all(one.accepted_at >= one.intended_at for one in sent)


def test_offsets_go_on_where_the_first_events_ended() -> None:
    events = list(make_events(60, 4))
    first, rest = events[:20], events[20:]
    stack: Any = SimpleNamespace(settings=SimpleNamespace(topic="t"))
    producer: Any = SlowKafka(stops_at=0, seconds=0)
    sent = latency.send_on_schedule(producer, stack, rest, 100_000, latency.offsets_after(first))
    for partition in {one.partition for one in events}:
        before = sum(one.partition == partition for one in first)
        offsets = [one.offset for one in sent if one.partition == partition]
        assert offsets == list(range(before, before + len(offsets)))


def test_cores_are_cpu_seconds_by_the_clock() -> None:
    early, late = Reading(0, (1.0, 10.0), 100.0), Reading(0, (2.0, 15.0), 110.0)
    assert latency.cores(early, late) == [0.1, 0.5]
