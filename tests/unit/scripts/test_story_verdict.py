"""What is said of a measure in the stories: differences in differences by hand, and words that never say too much."""

from __future__ import annotations

import pytest

from scripts.stories.verdict import Estimate, cost_per_point, difference_in_differences, in_words, lift

NORTH = (Estimate(4.1667, 0.739, 20.242), Estimate(40.0, 28.57, 52.63))
SOUTH = (Estimate(4.1667, 0.739, 20.242), Estimate(7.6923, 2.135, 24.141))
"""Shares of 1/24, 24/60, 1/24 and 2/26 with their Wilson intervals, in percent."""


def test_a_difference_in_differences_has_the_interval_that_its_four_parts_give() -> None:
    effect = difference_in_differences(*NORTH, *SOUTH)
    assert effect == pytest.approx((32.3077, 6.398, 53.769), abs=0.01)


def test_the_control_takes_away_what_would_have_come_anyway() -> None:
    effect = difference_in_differences(*NORTH, *NORTH)
    assert effect.value == 0
    assert effect.low == pytest.approx(-effect.high)
    assert in_words(effect) == "consistent with no effect; observed, not tried"


def test_a_lift_is_the_ratio_of_two_ratios_with_an_interval_of_logarithms() -> None:
    assert lift(24, 60, 24, 26) == pytest.approx((2.3077, 1.1127, 4.7861), abs=0.001)


@pytest.mark.parametrize(
    ("effect", "nothing", "words"),
    [
        (Estimate(32.0, 6.0, 54.0), 0.0, "consistent with an improvement by the measure"),
        (Estimate(-3.0, -5.0, -1.0), 0.0, "consistent with a change for the worse by the measure"),
        (Estimate(1.2, 0.9, 1.5), 1.0, "consistent with no effect"),
    ],
)
def test_no_verdict_says_more_than_consistent_with(effect: Estimate, nothing: float, words: str) -> None:
    assert in_words(effect, nothing) == f"{words}; observed, not tried"


def test_a_point_has_a_cost_only_where_some_were_surely_gained() -> None:
    assert cost_per_point(1200, Estimate(40.0, 10.0, 65.2)) == 30
    assert cost_per_point(1200, Estimate(40.0, -1.0, 65.2)) is None
