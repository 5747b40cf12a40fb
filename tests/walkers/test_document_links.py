"""Links in documents lead somewhere: files, headings, and the tests that are said to prove a sentence."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.support.documents import DOCUMENTS, ROOT, anchors_of, inline_code, links_of

TEST_NAME = re.compile(r"^(tests/[\w/]+\.py)::(\w+)(?:::runTest)?$")


@cache
def names_of_tests_in(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, and of hypothesis state machines (`TestX = X.TestCase`)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    machines = {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return frozenset(name for name in functions | machines if name.startswith(("test_", "Test")))


def test_every_link_within_the_checkout_leads_to_a_file() -> None:
    inner = [(path, link.partition("#")[0]) for path in DOCUMENTS for link in links_of(path) if "://" not in link]
    assert inner
    assert [f"{path.name}: {link}" for path, link in inner if link and not (path.parent / link).exists()] == []


def test_every_anchor_is_a_heading_of_the_page_it_names() -> None:
    lost = []
    for path in DOCUMENTS:
        for link in links_of(path):
            file, has_anchor, anchor = link.partition("#")
            if not has_anchor or "://" in link:
                continue
            target = (path.parent / file).resolve() if file else path
            if target.suffix == ".md" and anchor not in anchors_of(target):
                lost.append(f"{path.name}: {link}")
    assert lost == []


def test_every_test_that_a_document_names_exists() -> None:
    named = [(path, match) for path in DOCUMENTS for code in inline_code(path) if (match := TEST_NAME.match(code))]
    assert named
    lost = []
    for path, match in named:
        file = ROOT / match[1]
        if not file.is_file() or match[2] not in names_of_tests_in(file):
            lost.append(f"{path.name}: {match[0]}")
    assert lost == []


def test_every_file_that_a_document_names_exists() -> None:
    path_like = re.compile(
        r"^(?:dashboards|docs|tests|touchline|schemas|producers|processors|sql|journeys|bench|scripts)/[\w./-]+$"
    )
    named = [(path, code) for path in DOCUMENTS for code in inline_code(path) if path_like.match(code)]
    assert [f"{path.name}: {code}" for path, code in named if not (ROOT / code).exists()] == []


def test_the_index_of_the_documents_leads_to_each_of_them() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links_of(index)}
    assert {path.name for path in (ROOT / "docs").glob("*.md") if path.resolve() not in linked} == {"README.md"}
