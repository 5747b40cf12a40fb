"""Which versions stand, which are being applied, and what readers are switched to."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies as st

from touchline.map_changes.values import (
    DROPPED,
    STANDS,
    MapChange,
    Shown,
    ShownMaps,
    being_applied,
    choices_when_applied,
    numbered,
    standing,
)

NOTHING = ShownMaps.of(())


def test_the_first_map_ever_is_the_default_and_all_are_seen() -> None:
    changes = numbered([("shop", 1, STANDS), ("web", 1, STANDS)], 0)
    assert choices_when_applied(changes, NOTHING) == [Shown("shop", 1, 1, True), Shown("web", 1, 2, False)]
    assert choices_when_applied(changes, NOTHING, "web") == [Shown("shop", 1, 1, False), Shown("web", 1, 2, True)]
    assert choices_when_applied(changes, NOTHING, "no such map")[0].is_default


def test_a_new_version_of_the_default_map_is_the_default_and_of_another_one_is_not() -> None:
    shown = ShownMaps.of([Shown("shop", 1, 1, True), Shown("web", 1, 2, False)])
    changes = [MapChange(1, "shop", 1, STANDS), MapChange(2, "web", 1, STANDS)]
    assert choices_when_applied([*changes, MapChange(3, "shop", 2, STANDS)], shown) == [Shown("shop", 2, 3, True)]
    assert choices_when_applied([*changes, MapChange(3, "web", 2, STANDS)], shown) == [Shown("web", 2, 3, False)]
    assert choices_when_applied(changes, shown) == []


def test_a_version_that_was_dropped_and_stands_again_is_applied_anew_before_it_is_seen() -> None:
    shown = ShownMaps.of([Shown("shop", 1, 1, True), Shown("shop", 2, 2, True)])
    kept = MapChange(2, "shop", 2, STANDS)
    assert being_applied([MapChange(3, "shop", 1, DROPPED), kept], shown) == []
    again = MapChange(4, "shop", 1, STANDS)
    assert being_applied([again, kept], shown) == [again]


STATES = st.lists(
    st.tuples(st.sampled_from(("a", "b")), st.integers(1, 3), st.sampled_from((STANDS, DROPPED))), max_size=12
)


@given(STATES, st.lists(st.booleans(), min_size=12, max_size=12))
def test_after_a_switch_everything_that_stands_is_seen_and_nothing_else_is_new(
    states: list[tuple[str, int, str]], switches: list[bool]
) -> None:
    """Changes one after another, some followed by a switch: as workers walk to the end, or a newer change overtakes them."""
    newest: dict[tuple[str, int], MapChange] = {}
    choices: list[Shown] = []
    for number, (state, is_switched) in enumerate(zip(states, switches, strict=False), start=1):
        newest[state[:2]] = MapChange(number, *state)
        if not is_switched:
            continue
        before = ShownMaps.of(choices)
        expected = {one.key for one in being_applied(newest.values(), before)}
        made = choices_when_applied(list(newest.values()), before)
        assert [one.key for one in made] == [
            one.key for one in sorted(standing(newest.values())) if one.key in expected
        ]
        choices += made
        after = ShownMaps.of(choices)
        assert being_applied(newest.values(), after) == []
        assert all(first.change < second.change for first, second in pairwise(made))
        for name in {one.map for one in made}:
            assert after.newest[name].change == max(one.change for one in made if one.map == name)
        assert choices_when_applied(list(newest.values()), after) == [], "whoever is second writes nothing"
        if choices:
            assert after.newest[after.default].is_default
            assert after.default == (before.default or after.default), "no switch changes which map is the default"
