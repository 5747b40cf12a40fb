"""docs/failure-modes.md keeps its form: every row says what is seen, what happens to the data, what to do, and what proves it."""

from __future__ import annotations

import re

from tests.support.documents import read

HEADER = ["what breaks", "what you see", "what happens to the data", "what to do", "proven by"]
NOT_TESTED_MAX = 8


def rows() -> list[list[str]]:
    """Cells of every table row of the page; a bar within code is written with a backslash."""
    lines = [line for line in read("docs/failure-modes.md").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_table_has_the_same_columns() -> None:
    page = read("docs/failure-modes.md")
    headers = [row for row in rows() if row[0] == HEADER[0]]
    assert headers == [HEADER] * len(re.findall("^## ", page, re.MULTILINE))
    assert [row[0] for row in rows() if len(row) != len(HEADER)] == []


def test_every_row_says_everything_and_names_its_test_or_that_there_is_none() -> None:
    body = [row for row in rows() if row[0] != HEADER[0] and not set(row[0]) <= {"-"}]
    assert [row[0] for row in body if not all(row)] == []
    assert [row[0] for row in body if row[4] != "not tested" and not re.search("::[tT]est", row[4])] == []
    assert sum(row[4] == "not tested" for row in body) <= NOT_TESTED_MAX
