"""Commands in documents exist, with the options and arguments they are shown with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from tests.support.documents import DOCUMENTS, ROOT, all_blocks, inline_code, read, steps_of
from touchline.cli.commands import COMMANDS, EXAMPLES
from touchline.settings import Settings

OF_THE_REPOSITORY = {"demo", "test", "lint", "bench", "chaos", "check", "clean", "superset", "help"}
STARTS_A_COMMAND = re.compile(
    r"^(?:[A-Z_]+=\S+ +)*(?:\./run|(?:docker compose exec \w+ )?(?:\.venv/bin/)?touchline) +(.+)$", re.DOTALL
)
ENDS_A_COMMAND = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "<<"}
WORDS_OF_THE_SHELL = {
    "cat", "cd", "cp", "curl", "docker", "git", "kill", "mkdir", "pip", "python", "scripts/compose-secrets", "wait", "while", "zcat",
}  # fmt: skip


def words_of(command: str) -> list[str]:
    """The words of a command line up to a pipe, a redirection or a comment."""
    lexer = shlex.shlex(command.partition("<<")[0], posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if word in ENDS_A_COMMAND:
            break
        words.append(word)
    return words


def written_commands() -> Iterator[tuple[str, str]]:
    """(place, words after `touchline`) of every complete command in a block, and of the command line's own examples."""
    for block in all_blocks("sh", "console"):
        for step in steps_of(block):
            for part in re.split(r" \| |&& |; ", step.command):
                if called := STARTS_A_COMMAND.match(part.strip()):
                    yield block.name, called[1]
    for line, _ in EXAMPLES:
        yield "touchline help", line.removeprefix("touchline ")


def mentioned_commands() -> Iterator[tuple[str, str]]:
    """The same of code within sentences, which may be cut short: `touchline import`, `touchline sql QUERY`."""
    for path in DOCUMENTS:
        for code in inline_code(path):
            if called := STARTS_A_COMMAND.match(code):
                yield path.name, called[1]


@cache
def program_of(name: str) -> Any:
    """The command as typer runs it."""
    command = COMMANDS[name]
    module = import_module(command.module)
    if command.function is None:
        return get_command(module.app)
    program = typer.Typer(add_completion=False)
    program.command(name)(getattr(module, command.function))
    return get_command(program)


def parse(name: str, words: list[str]) -> None:
    """Parse a command line as typer would, without running it. Raises what typer raises for unknown options and wrong arguments."""
    settings = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--set"]
    rest = [word for i, word in enumerate(words) if word != "--set" and (i == 0 or words[i - 1] != "--set")]
    unknown = {one.partition("=")[0] for one in settings} - set(Settings.model_fields)
    assert not unknown, f"no settings: {unknown}"
    program = program_of(name)
    default = getattr(program, "default_command", None)
    if rest and default is not None and rest[0] not in (*program.commands, "--help"):
        rest = [default, *rest]
    while rest and (subcommand := getattr(program, "commands", {}).get(rest[0])):
        program, rest = subcommand, rest[1:]
    assert not rest or not getattr(program, "commands", {}), f"no subcommand: {rest[0]}"
    if "--help" not in rest:
        program.make_context(name, rest)


def test_readme_shows_its_two_commands_first() -> None:
    first_block = next(block for block in all_blocks("sh") if block.path == ROOT / "README.md")
    assert [line.split()[:2] for line in first_block.text.splitlines()] == [["./run", "demo"], ["./run", "up"]]


@pytest.mark.parametrize(("place", "line"), sorted(set(written_commands())))
def test_a_written_command_can_be_typed_as_it_stands(place: str, line: str) -> None:
    name, *words = words_of(line)
    if name not in OF_THE_REPOSITORY:
        parse(name, words)
        return
    if name in ("bench", "check"):
        program = ROOT / ("bench" if name == "bench" else "tests/checks") / f"{words[0]}.py"
        text = program.read_text(encoding="utf-8")
        assert [word for word in words if word.startswith("--") and f'"{word}"' not in text] == []


def test_a_command_in_a_sentence_exists_with_its_options() -> None:
    unknown = []
    for place, line in mentioned_commands():
        name, *words = line.split()
        if not re.fullmatch("[a-z]+", name) or name in OF_THE_REPOSITORY:
            continue
        if name not in COMMANDS:
            unknown.append(f"{place}: {name}")
            continue
        programs: list[Any] = [program_of(name), *getattr(program_of(name), "commands", {}).values()]
        known = {option for program in programs for one in program.params for option in one.opts} | {"--set", "--help"}
        options = {word.strip("[]") for word in words if word.strip("[]").startswith("-")}
        unknown += [f"{place}: {name} {option}" for option in options - known]
    assert unknown == []


def test_every_line_of_a_block_starts_with_a_command_that_is_known_here() -> None:
    for block in all_blocks("sh", "console"):
        for step in steps_of(block):
            first = step.command.split()[0]
            is_ours = STARTS_A_COMMAND.match(step.command) or (ROOT / first).is_file() or first.startswith(".local/")
            assert is_ours or first in WORDS_OF_THE_SHELL or Path(first).name == "python", f"{block.name}: {first}"


def test_every_command_is_in_the_readme() -> None:
    text = read("README.md")
    missing = {name for name in {*COMMANDS, *OF_THE_REPOSITORY} - {"check"} if not re.search(rf"\./run {name}\b", text)}
    assert missing == set()
