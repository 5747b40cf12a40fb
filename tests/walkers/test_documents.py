"""Documents are tested: their commands exist, their links lead somewhere, generated parts are current."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.write_settings_doc import settings_doc
from touchline.cli.commands import COMMANDS, EXAMPLES

OF_THE_REPOSITORY = {"demo", "test", "lint", "bench", "check", "clean", "help"}
ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def command_lines() -> list[tuple[str, str]]:
    """Every `./run X` and `touchline X` in a shell block or between backticks, with its document."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = [line for block in fenced(text, "sh") for line in block.splitlines()]
        lines += [code for spans in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text) for code in [spans]]
        for line in lines:
            called = re.match(r"\s*(?:\./run|(?:docker compose exec \w+ )?touchline)\s+(.+)", line)
            if called:
                found.append((path.name, re.split(r"\s+#|\s+[|&>]|\)", called[1])[0].strip()))
    return found


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/failure-modes.md"])
def test_document_is_there(name: str) -> None:
    assert len(read(name)) > 500


def test_readme_shows_its_two_commands_first() -> None:
    first_block = fenced(read("README.md"), "sh")[0]
    assert [line.split()[:2] for line in first_block.splitlines()] == [["./run", "demo"], ["./run", "up"]]


def test_commands_in_documents_exist() -> None:
    named = {(document, line.split()[0]) for document, line in command_lines() if line.split()}
    known = {*COMMANDS, *OF_THE_REPOSITORY}
    unknown = {(document, word) for document, word in named if re.fullmatch("[a-z]+", word) and word not in known}
    assert unknown == set()


def test_every_command_is_in_the_readme() -> None:
    named = {line.split()[0] for document, line in command_lines() if document == "README.md"}
    assert {*COMMANDS, *OF_THE_REPOSITORY} - {"check"} <= named


def readme_options() -> list[str]:
    """The README's complete command lines: `X --option …`, as `./run` is given them."""
    blocks = "\n".join(fenced(read("README.md"), "sh"))
    lines = re.findall(r"^(?:\./run|docker compose exec worker touchline) (.+?)(?:\s+#.*)?$", blocks, re.MULTILINE)
    return [*lines, *(line.removeprefix("touchline ") for line, _ in EXAMPLES)]


@pytest.mark.parametrize("line", sorted(set(readme_options())))
def test_options_of_the_examples_exist(line: str) -> None:
    name, *words = shlex.split(line)
    options = {word for word in words if word.startswith("--")}
    if name in OF_THE_REPOSITORY or not options:
        return
    command = [sys.executable, "-m", "touchline", name, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "200"}).stdout
    assert {option for option in options if option not in shown} == set()


def test_python_in_documents_is_python() -> None:
    blocks = [block for path in DOCUMENTS for block in fenced(path.read_text(encoding="utf-8"), "python")]
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "touchline":
                import touchline

                assert {alias.name for alias in node.names} <= set(touchline.__all__)


def test_links_in_documents_lead_somewhere() -> None:
    links = [(path, link) for path in DOCUMENTS for link in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))]
    inner = [(path, link) for path, link in links if "://" not in link]
    assert [f"{path.name}: {link}" for path, link in inner if not (path.parent / link).exists()] == []


def test_configuration_page_is_what_the_settings_say() -> None:
    assert read("docs/configuration.md") == settings_doc(), "run python -m scripts.write_settings_doc"


def test_decisions_are_numbered_once_and_say_context_choice_and_what_was_rejected() -> None:
    numbers: dict[str, str] = {}
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        number = path.name[:4]
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name), path.name
        assert number not in numbers, f"{path.name} and {numbers[number]}"
        numbers[number] = path.name
        assert path.read_text(encoding="utf-8").startswith(f"# {number} "), path.name
