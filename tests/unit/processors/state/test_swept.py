"""How far a partition has been swept: nothing is left out, and little is read twice."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, strategies as st

from touchline.processors.state.swept import REST_MS, Stretch, Swept
from touchline.schemas.retention import Cutoff


def until(before_us: int, days: int = 0, from_us: int = 1) -> tuple[Cutoff, ...]:
    return (Cutoff("shop", ("t",), from_us, before_us + days, "erase"),)


def test_rows_are_gone_through_once_and_then_only_what_came_since() -> None:
    swept = Swept()
    swept.aim(until(50))
    assert swept.next(100) == Stretch(until(50), 0, 100)
    swept.done(40)
    assert swept.next(100) == Stretch(until(50), 40, 100)
    swept.done(100)
    assert swept.next(100) is None
    assert swept.next(130) == Stretch(until(50), 100, 130)


def test_on_a_new_day_what_has_come_of_age_is_looked_for_among_what_was_swept_and_all_in_the_rest() -> None:
    swept = Swept()
    swept.aim(until(50))
    swept.done(60)
    swept.aim(until(70))
    assert swept.next(100) == Stretch(until(70, from_us=50), 0, 60)
    swept.done(20)
    swept.aim(until(90))  # before that was done
    assert swept.next(100) == Stretch(until(90, from_us=50), 0, 60)
    swept.done(60)
    assert swept.next(100) == Stretch(until(90), 60, 100)


def test_other_terms_begin_anew() -> None:
    for other in ((), until(40), (*until(60), *until(60)), (until(60)[0]._replace(how="anonymise"),)):
        swept = Swept()
        swept.aim(until(50))
        swept.done(60)
        swept.aim(other)
        assert swept.next(100) == (Stretch(other, 0, 100) if other else None)


def test_a_sweep_rests_for_five_minutes_or_until_the_next_day() -> None:
    swept = Swept()
    swept.aim(until(50))
    swept.rest(1_000)
    assert swept.rests(1_000 + REST_MS - 1)
    assert not swept.rests(1_000 + REST_MS)
    swept.aim(until(51))
    assert not swept.rests(1_001)
    assert swept.rested_ms == 1_000


@given(
    st.lists(st.tuples(st.sampled_from(["come", "step", "step", "day"]), st.integers(1, 30)), max_size=40),
    st.lists(st.integers(1, 40), min_size=40, max_size=40),
)
def test_whatever_is_past_its_term_is_met_whenever_it_comes_and_its_day_is(
    steps: Sequence[tuple[str, int]], times: Sequence[int]
) -> None:
    swept, newest, day, ended = Swept(), 0, 5, set[int]()
    swept.aim(until(day))

    def step(count: int) -> bool:
        stretch = swept.next(newest)
        if stretch is None:
            return False
        reached = min(stretch.until, stretch.after + count)
        (cutoff,) = stretch.cutoffs
        ended.update(
            row for row in range(stretch.after + 1, reached + 1) if cutoff.from_us <= times[row - 1] < cutoff.before_us
        )
        swept.done(reached)
        return True

    for kind, count in steps:
        if kind == "come":
            newest = min(len(times), newest + count)
        elif kind == "day":
            day += count
            swept.aim(until(day))
        else:
            step(count)
    while step(7):
        pass
    assert ended == {row for row in range(1, newest + 1) if times[row - 1] < day}
