"""Known persons, and what is told of a worker's memory."""

from __future__ import annotations

from itertools import islice

import pytest

from bench import scale
from bench.events import events_of, make_events, person_key

SMAPS = """\
55d0c0000000-55d0c0001000 r--p 00000000 fe:00 1 /usr/bin/python3.11
Size:                  4 kB
Rss:                   4 kB
Pss:                   1 kB
7f0000000000-7f0010000000 r--s 00000000 fe:00 2                          /tmp/x/state/events-0/data.mdb
Size:             262144 kB
Rss:              200000 kB
Pss_Rss_like:         99 kB
7f0020000000-7f0020100000 rw-p 00000000 00:00 0
Size:               1024 kB
Rss:                1000 kB
7f0030000000-7f0030001000 r--s 00000000 fe:00 3                          /tmp/x/state/events-0/lock.mdb
Rss:                   8 kB
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
Rss:                  20 kB
VmFlags: rd wr mr mw me gd ac
"""


def test_the_mapped_file_of_the_state_is_told_apart_from_the_rest() -> None:
    memory = scale.memory_of(SMAPS)
    assert memory.own_mb == pytest.approx((4 + 1000 + 8 + 20) * 1024 / 1e6)
    assert memory.mapped_mb == pytest.approx(200_000 * 1024 / 1e6)


def test_the_active_are_few_and_spread_over_all_known_persons() -> None:
    active = set(scale.chosen(100_000, 40_000, 0, "active"))
    alike = set(scale.chosen(100_000, 40_000, 0, "alike"))
    assert 9_000 < len(active) <= scale.ACTIVE
    assert len(alike) > 25_000
    assert max(active) > 99_000
    assert max(scale.chosen(7, 100, 0, "active")) == 6


def test_every_event_is_of_a_known_person_and_none_comes_twice() -> None:
    known = {event.key for event in events_of(range(500), 0, 4)}
    later = list(events_of(scale.chosen(500, 300, 500, "alike"), 500, 4))
    assert {event.key for event in later} <= known == {person_key(number).encode() for number in range(500)}
    assert len({event.value for event in later}) == 300
    assert {event.key for event in islice(make_events(500, 4), 500)} <= known


def test_ratios_are_to_the_fewest_persons_of_the_same_kind_and_round() -> None:
    def figures(worker_us: float) -> scale.Figures:
        return scale.Figures(worker_us, 1.0, 100.0, 50.0)

    rounds = [
        {
            (10, "active"): figures(10.0),
            (10, "alike"): figures(20.0),
            (90, "active"): figures(15.0),
            (90, "alike"): figures(30.0),
        },
        {
            (10, "active"): figures(20.0),
            (10, "alike"): figures(20.0),
            (90, "active"): figures(20.0),
            (90, "alike"): figures(50.0),
        },
    ]
    told = scale.summarize(rounds)
    assert [told[f"90_active_worker_ratio{one}"] for one in ("", "_min", "_max")] == [1.25, 1.0, 1.5]
    assert [told[f"90_alike_worker_ratio{one}"] for one in ("", "_min", "_max")] == [2.0, 1.5, 2.5]
    assert (told["10_active_own_mb"], told["10_active_mapped_mb"]) == (100.0, 50.0)
