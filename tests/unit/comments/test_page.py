"""Comments as text and as CSV: whole, and never run by a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from hypothesis import given, strategies as st
from rich.console import Console

from touchline.comments.page import comments_csv, comments_page, log_page
from touchline.comments.readings import Logged
from touchline.comments.values import Comment, Cursor, Found

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE = Comment(
    *(NOON, NOON, "till", "a1", None, "till", None, None, None, None, None, "nps", None, 0, 10, 3.0, None),
    is_simulated=True,
    cipher_key_id="p1",
    text="the queue",
)


def shown(found: Found) -> str:
    output = io.StringIO()
    Console(file=output, width=200, highlight=False, markup=False).print(comments_page(found))
    return output.getvalue()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.sampled_from(("=1+1", "@x", 'a,"b"\nc', "-1")),
        max_size=4,
    )
)
def test_csv_gives_each_text_back_and_none_begins_like_a_formula(texts: list[str]) -> None:
    file = "".join(comments_csv([ONE._replace(text=text) for text in texts]))
    rows = list(csv.DictReader(io.StringIO(file, newline="")))
    assert [row["text"].removeprefix("'") for row in rows] == [text.removeprefix("'") for text in texts]
    assert not any(row["text"].startswith(("=", "+", "-", "@")) for row in rows)
    assert {row["score"] for row in rows} <= {"3"}
    assert {row["is_simulated"] for row in rows} <= {"1"}


def test_the_page_says_who_where_what_and_where_it_goes_on() -> None:
    cursor = Cursor(1, "till", "a1")
    text = shown(Found([ONE], 1, cursor))
    for words in (
        "3 of 0 to 10",
        "till",
        "nps",
        "nobody known",
        "simulated",
        "the queue",
        f"--next {cursor.to_text()}",
    ):
        assert words in text
    assert "no comment that this selects" in shown(Found([], 0, None))
    assert "key p1" in shown(Found([ONE._replace(text=None)], 0, None))


def test_the_log_says_who_asked_for_what() -> None:
    output = io.StringIO()
    logged = Logged(NOON, "page", "care", "default", {"touchpoint": "till"}, "", 3, 2)
    Console(file=output, width=200, highlight=False, markup=False).print(log_page([logged]))
    for words in ("care", "page", "touchpoint till", "1 reading"):
        assert words in output.getvalue()
