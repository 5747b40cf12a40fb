"""Documents as data: their fenced blocks, commands, links and anchors, for the tests that walk them.

The language of a fenced block says how it is tested:

    sh         commands to type; each must exist with its options
    console    `$ command` followed by what it prints; `…` in a line stands for any text, a line of `…` alone for any lines
    python     runs; `python fragment` is only read
    sql        runs on an engine with the schema of this release; `sql statements NAME` has several, for a test that asks for NAME
    text       what the block before it prints
    yaml       a journey map, a part of one, a mapping of a file or what extends one, sources.yaml, webhooks.yaml, care.yaml, or names
    toml       touchline.toml
    json       events, one a line
    html       a web page that a browser opens
    mermaid    a state machine that must agree with the tables of its page

Why: docs/decisions/0090.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LANGUAGES = frozenset(("sh", "console", "python", "sql", "text", "yaml", "toml", "json", "html", "mermaid"))

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: where it stands, its language, the words after it, and its text."""

    path: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """For test ids and complaints: `docs/concepts.md:41`."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


class Step(NamedTuple):
    """One command of a `sh` or `console` block. `expected` is what it prints, None where the document does not show it."""

    block: Block
    command: str
    expected: str | None


def read(name: str) -> str:
    """A document by its path in the checkout."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match[1].split() or [""]
        found.append(Block(path, text.count("\n", 0, match.start()) + 1, language, tuple(words), match[2]))
    return found


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of all documents in one of these languages."""
    return [block for path in DOCUMENTS for block in blocks_of(path) if block.language in languages]


def prose_of(path: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def inline_code(path: Path) -> list[str]:
    """What stands between single backticks outside of fenced blocks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose_of(path))


def steps_of(block: Block) -> Iterator[Step]:
    """The commands of a `sh` or `console` block. A command goes on while a here-document, a quote or a backslash is open."""
    if block.language == "sh":
        yield from (Step(block, command, None) for command in _commands(block.text.splitlines()))
        return
    command, output = "", list[str]()
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(block, command, "\n".join(output))
            command, output = line[2:], []
        else:
            output.append(line)
    if command:
        yield Step(block, command, "\n".join(output))


def _commands(lines: list[str]) -> Iterator[str]:
    command, here_end = "", ""
    for line in lines:
        command = f"{command}\n{line}" if command else line
        if here_end:
            if line != here_end:
                continue
            here_end = ""
        elif opened := re.search(r"<<-?\s*'?(\w+)'?", line):
            here_end = opened[1]
            continue
        elif line.endswith("\\") or command.count('"') % 2 or command.count("'") % 2:
            continue
        if command.strip() and not command.lstrip().startswith("#"):
            yield command
        command = ""
    assert not command, f"a command that does not end: {command}"


def matches(expected: str, actual: str) -> bool:
    """Whether a command printed what its document shows. How wide a blank is does not count, nor do empty lines at the end."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += re.escape(_with_single_blanks(line)).replace("…", r"[^\n]*?") + r"\n"
    shown = "".join(_with_single_blanks(line) + "\n" for line in actual.rstrip().splitlines())
    return re.fullmatch(pattern, shown) is not None


def _with_single_blanks(line: str) -> str:
    return " ".join(line.split())


def links_of(path: Path) -> list[str]:
    """Targets of a document's links, as written."""
    return [match[1] for match in _LINK.finditer(prose_of(path))]


def anchors_of(path: Path) -> set[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for title in _HEADING.findall(prose_of(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        while (numbered := anchor if number == 0 else f"{anchor}-{number}") in found:
            number += 1
        found.add(numbered)
    return found
