"""What may be asked of comments, and what of it is written down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from touchline.comments.values import LIMIT_MAX, Cursor, Selection, moment_of, us_of
from touchline.errors import WrongUsage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.integers(0, 4_000_000_000_000_000), st.text(max_size=40), st.text(max_size=40))
def test_a_place_in_the_list_comes_back_from_its_text(us: int, source: str, event_id: str) -> None:
    cursor = Cursor(us, source, event_id)
    text = cursor.to_text()
    assert Cursor.from_text(text) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=60))
def test_any_other_text_is_a_place_or_wrong_usage(text: str) -> None:
    try:
        found = Cursor.from_text(text)
    except WrongUsage:
        return
    assert Cursor.from_text(found.to_text()) == found


@pytest.mark.parametrize(
    "moment", [NOON, datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)]
)
def test_moments_keep_their_microseconds(moment: datetime) -> None:
    assert moment_of(us_of(moment)) == moment


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3), st.text(max_size=10), st.text(max_size=10))
def test_words_that_stand_in_a_text_are_found_in_any_case(words: list[str], before: str, after: str) -> None:
    text = " ".join((before, *words, after))
    assert Selection(words=tuple(words)).accepts(text)
    assert Selection(words=tuple(word.casefold() for word in words)).accepts(text)
    assert not Selection(words=(*words, "\u2603 nowhere")).accepts(text.replace("\u2603", ""))


@given(st.lists(st.text("abcdefgh", min_size=9, max_size=12), min_size=1, max_size=3))
def test_no_word_that_was_looked_for_and_no_person_is_written_down(words: list[str]) -> None:
    key = f"k1:{'ab' * 32}"
    kept = str(Selection(words=tuple(words), persons=(key,), values={"touchpoint": ("shop",)}).as_filters())
    assert not any(word in kept for word in words)
    assert "abab" not in kept
    assert "'touchpoint': 'shop'" in kept
    assert "'person': '1 person'" in kept


@pytest.mark.parametrize(
    "selection",
    [
        Selection(since=NOON, until=NOON),
        Selection(score_from=2, score_to=1),
        Selection(limit=0),
        Selection(limit=LIMIT_MAX + 1),
        Selection(words=("",)),
        Selection(words=("queue", " ")),
    ],
)
def test_what_selects_nothing_by_mistake_is_refused_with_what_to_do(selection: Selection) -> None:
    with pytest.raises(WrongUsage) as refused:
        selection.check()
    assert refused.value.hint
