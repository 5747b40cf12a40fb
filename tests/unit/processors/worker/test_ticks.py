"""How often a worker ticks."""

from __future__ import annotations

from touchline.processors.worker.session import PAUSE_SECONDS_MAX, pause_between_ticks


def test_a_worker_that_has_read_all_ticks_as_often_as_it_is_told_whatever_a_tick_takes() -> None:
    assert pause_between_ticks(1.0, 0.1, 0) == pause_between_ticks(1.0, 5.0, 0) == 1.0


def test_while_records_wait_ticks_take_a_third_of_the_time_at_most_and_never_wait_for_long() -> None:
    assert pause_between_ticks(1.0, 0.1, 7) == 1.0
    assert pause_between_ticks(1.0, 5.0, 7) == 10.0
    assert pause_between_ticks(1.0, 60.0, 7) == PAUSE_SECONDS_MAX
