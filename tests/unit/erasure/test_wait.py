"""Waiting for the workers: what is told, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator

from touchline.erasure.wait import STILL_SECONDS, Behind, wait_for

OVER = Behind((), {})
PARTITION_3 = Behind(["customer-events/abc/3"], {})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(found: Iterator[Behind], timeout_seconds: float) -> tuple[Behind, list[str], float]:
    clock, said = Clock(), list[str]()
    last = wait_for(lambda: next(found), said.append, timeout_seconds, clock=clock, sleep=clock.sleep)
    return last, said, clock.now


def forever(one: Behind) -> Iterator[Behind]:
    while True:
        yield one


def test_it_ends_as_soon_as_nothing_is_waited_for_and_says_each_thing_once() -> None:
    rows = Behind((), {"received": 1_200, "attached": 3})
    last, said, _ = waited(iter([PARTITION_3, PARTITION_3, rows, OVER]), 60)
    assert last.is_over
    assert said == [
        "waiting for the worker of partition 3",
        "waiting until nothing counts any more: attached 3, received 1,200",
    ]


def test_without_time_it_looks_once() -> None:
    last, said, now = waited(forever(PARTITION_3), 0)
    assert (last, said, now) == (PARTITION_3, [], 0)


def test_a_partition_that_nobody_follows_is_told_with_what_to_do_and_the_time_ends() -> None:
    last, said, now = waited(forever(PARTITION_3), 2.5 * STILL_SECONDS)
    assert last == PARTITION_3
    assert len(said) == 3
    assert "touchline worker" in said[1]
    assert now >= 2.5 * STILL_SECONDS


def test_rows_that_stay_are_no_missing_worker() -> None:
    _, said, _ = waited(forever(Behind((), {"link": 1})), 1.5 * STILL_SECONDS)
    assert "busy" in said[-1]
