"""The walkers of documents refuse what they should: a check that cannot fail says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents import Block, anchors_of, links_of, matches, steps_of
from tests.walkers.test_document_commands import parse, words_of


def block(language: str, text: str) -> Block:
    return Block(Path("page.md"), 1, language, (), text)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a b\n", "a   b  \n\n"),
        ("…\nevents 3\n", "line\nanother\nevents 3\n"),
        ("…\nevents 3\n", "events 3\n"),
        ("kafka ready …\n…\n", "kafka ready 17 9092\nworker ready\n"),
        ("", ""),
    ],
)
def test_output_like_the_shown_one_is_taken(shown: str, printed: str) -> None:
    assert matches(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("events 3\n", "events 4\n"),
        ("events 3\n", "events 3\nand more\n"),
        ("events 3\nand more\n", "events 3\n"),
        ("a …\n", "a 1\nb\n"),
        ("a.c\n", "abc\n"),
        ("", "surprise\n"),
    ],
)
def test_other_output_is_refused(shown: str, printed: str) -> None:
    assert not matches(shown, printed)


def test_commands_are_told_from_their_output_and_go_on_over_lines() -> None:
    shown = list(steps_of(block("console", "$ first\nout\n$ second\n$ third\nmore\n")))
    assert [(step.command, step.expected) for step in shown] == [("first", "out"), ("second", ""), ("third", "more")]
    typed = [step.command for step in steps_of(block("sh", "a \\\n  b\n# remark\nc <<'END'\nx\nEND\nd\n"))]
    assert typed == ["a \\\n  b", "c <<'END'\nx\nEND", "d"]


@pytest.mark.parametrize(
    "line",
    [
        "emit --nosuch x",
        "report --format CSV",
        "sql",
        "trace shop",
        "map nosuch --flag",
        "up --workers many",
        "up --set nosuch=1",
    ],
)
def test_a_command_that_cannot_be_typed_is_refused(line: str) -> None:
    name, *words = words_of(line)
    with pytest.raises(Exception, match=r".+"):
        parse(name, words)


def test_a_command_ends_at_a_pipe_a_redirection_or_a_comment() -> None:
    assert words_of("sql 'a | b' --json | head # remark") == ["sql", "a | b", "--json"]
    assert words_of("report > page.txt") == ["report"]


def test_anchors_are_made_as_on_github_and_links_in_code_are_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The `first` one!\n## Twice\n## Twice\n[a](#twice-1)\n```sh\n# no heading [b](#nowhere)\n```\n")
    assert anchors_of(page) == {"the-first-one", "twice", "twice-1"}
    assert links_of(page) == ["#twice-1"]
