"""Decisions keep their form, stand in their index, and are named by what they explain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT, links_of
from tests.walkers.test_layout import tracked

FOLDER = ROOT / "docs" / "decisions"
INDEX = FOLDER / "README.md"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)
STATUS = re.compile(r"^Status: (accepted|replaced by (\d{4}))$")
# A choice with several parts names them: `**Choice: the insert.**`.
HEADINGS = ("Context", "Choice", "Rejected")
HEADING = re.compile(rf"^\*\*({'|'.join(HEADINGS)})\b", re.MULTILINE)
ROW = re.compile(r"^\| (★?) *\| \[(\d{4})\]\((\S+)\) (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
NAMED = re.compile(r"\bdecisions?[/ ](\d{4})\b")
TO_READ_FIRST = 10


def number_of(path: Path) -> str:
    return path.name[:4]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def title_of(path: Path) -> str:
    return lines_of(path)[0].removeprefix(f"# {number_of(path)} ")


def status_of(path: Path) -> str:
    return lines_of(path)[2].removeprefix("Status: ")


@pytest.fixture(scope="module")
def named() -> dict[str, list[str]]:
    """The files outside the decisions that name each number."""
    found: dict[str, list[str]] = {}
    for path in tracked():
        if path.suffix == ".woff2" or path.is_relative_to(FOLDER):
            continue
        for number in sorted(set(NAMED.findall(path.read_text(encoding="utf-8")))):
            found.setdefault(number, []).append(str(path.relative_to(ROOT)))
    return found


def test_decisions_are_numbered_once() -> None:
    assert RECORDS
    assert [path.name for path in RECORDS if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)] == []
    numbers = [number_of(path) for path in RECORDS]
    assert sorted(set(numbers)) == numbers


@pytest.mark.parametrize("path", RECORDS, ids=number_of)
def test_a_decision_has_a_title_a_status_and_context_choice_and_what_was_rejected(path: Path) -> None:
    title, blank, status, *rest = lines_of(path)
    assert re.fullmatch(rf"# {number_of(path)} \S.+", title)
    assert blank == rest[0] == ""
    match = STATUS.match(status)
    assert match, f"{path.name}: the third line is `Status: accepted` or `Status: replaced by NNNN`"
    assert match[2] is None or match[2] in {number_of(other) for other in RECORDS if other != path}
    # Each once, in this order; of the choices there may be several.
    assert list(dict.fromkeys(HEADING.findall("\n".join(rest)))) == list(HEADINGS)


def test_the_index_has_every_decision_once_with_its_title_and_status() -> None:
    rows = [
        (number, link, title, status) for _, number, link, title, status, _ in ROW.findall(INDEX.read_text("utf-8"))
    ]
    expected = [(number_of(path), path.name, title_of(path), status_of(path)) for path in RECORDS]
    assert sorted(rows) == expected
    assert sorted(links_of(INDEX)) == [path.name for path in RECORDS]


def test_ten_decisions_are_to_be_read_first() -> None:
    rows = ROW.findall(INDEX.read_text("utf-8"))
    assert sum(star == "★" for star, *_ in rows) == TO_READ_FIRST


def test_decisions_that_are_named_exist(named: dict[str, list[str]]) -> None:
    known = {number_of(path) for path in RECORDS}
    assert {number: places for number, places in named.items() if number not in known} == {}


def test_every_accepted_decision_is_named_by_what_it_explains(named: dict[str, list[str]]) -> None:
    accepted = [path for path in RECORDS if status_of(path) == "accepted"]
    missing = [path.name for path in accepted if number_of(path) not in named]
    assert missing == [], "end the docstring of the module that it explains with `Why: docs/decisions/NNNN.`"
