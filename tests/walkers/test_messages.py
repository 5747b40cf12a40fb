"""What messages and docstrings of the code name is there: commands to type, documents to read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.documents import ROOT
from tests.walkers.test_document_commands import OF_THE_REPOSITORY
from touchline.cli.commands import COMMANDS

FOLDERS = ("bench", "dashboards", "processors", "producers", "schemas", "scripts", "sql", "touchline")


def texts() -> Iterator[tuple[str, str]]:
    """(place, text) of every string in the code that users run."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_commands_in_messages_exist() -> None:
    known = {*COMMANDS, *OF_THE_REPOSITORY}
    named = [(place, name) for place, text in texts() for name in re.findall(r"(?:`touchline|\./run) ([a-z]+)\b", text)]
    assert named
    assert [f"{place}: {name}" for place, name in named if name not in known] == []


def test_documents_in_messages_exist() -> None:
    named = [(place, name) for place, text in texts() for name in re.findall(r"\bdocs/[\w/.-]+\.md\b", text)]
    assert named
    assert [f"{place}: {name}" for place, name in named if not (ROOT / name).is_file()] == []


def test_decisions_in_messages_exist() -> None:
    named = [(place, name) for place, text in texts() for name in re.findall(r"\bdocs/decisions/(\d{4})\b", text)]
    folder = ROOT / "docs" / "decisions"
    assert [f"{place}: {name}" for place, name in named if not list(folder.glob(f"{name}-*.md"))] == []
