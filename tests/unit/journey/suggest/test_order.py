"""In which order persons meet touchpoints, and where the order is cut."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

from hypothesis import given, strategies as st

from touchline.journey.suggest.order import GAP_MIN, earliness, groups, share_before


def pairs_of(journeys: list[str]) -> Counter[tuple[str, str]]:
    """Each letter is a touchpoint: who met which before which, firsts of each."""
    return Counter(pair for one in journeys for pair in combinations(dict.fromkeys(one), 2))


def test_what_most_people_meet_before_most_others_is_early() -> None:
    scores = earliness("abcd", pairs_of(["abcd", "abdc", "bacd", "acbd"] * 10))
    assert sorted(scores, key=lambda name: -scores[name]) == list("abcd")


def test_one_person_says_little_and_nobody_says_nothing() -> None:
    before = pairs_of(["ab"] * 9 + ["xy"])
    assert share_before("a", "b", before) > share_before("x", "y", before) > 0.5
    assert share_before("a", "y", before) == 0.5
    assert earliness("z", before) == {"z": 0.5}


def test_a_rare_touchpoint_that_is_met_last_stands_last() -> None:
    scores = earliness("abcz", pairs_of(["abc"] * 50 + ["abcz"] * 3))
    assert min(scores, key=lambda name: scores[name]) in "cz"
    assert scores["z"] < scores["a"]


def test_parts_are_cut_where_scores_fall_apart() -> None:
    scores = {"a": 0.9, "b": 0.88, "c": 0.6, "d": 0.58, "e": 0.2}
    assert groups(list("abcde"), scores, 3) == [["a", "b"], ["c", "d"], ["e"]]
    assert groups(list("abcde"), scores, 2) == [["a", "b", "c", "d"], ["e"]]
    assert groups(list("ab"), scores, 3) == [["a", "b"]]
    assert groups([], scores, 3) == []


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.floats(0, 1), min_size=1, max_size=12),
    st.integers(1, 3),
)
def test_parts_are_the_sequence_again_and_far_enough_apart(scores: dict[str, float], most: int) -> None:
    ordered = sorted(scores, key=lambda name: (-scores[name], name))
    parts = groups(ordered, scores, most)
    assert [name for part in parts for name in part] == ordered
    assert all(parts)
    assert len(parts) <= most
    means = [sum(scores[name] for name in part) / len(part) for part in parts]
    assert all(here - there >= GAP_MIN - 1e-9 for here, there in pairwise(means))


@given(st.lists(st.text("abcde", min_size=1, max_size=8), max_size=20), st.randoms())
def test_the_order_in_which_persons_are_counted_does_not_matter(journeys: list[str], random: object) -> None:
    shuffled = sorted(journeys, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert earliness("abcde", pairs_of(journeys)) == earliness("abcde", pairs_of(shuffled))
