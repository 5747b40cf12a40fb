"""Every command of the table is there, explains itself with examples, and speaks JSON where a script would read it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import cast

import pytest

from touchline.cli.commands import COMMANDS

# These stream, start one process, or print in a format of the caller's choice.
WITHOUT_JSON = {"logs", "worker", "collector", "dashboard", "care run", "sql", "migrate", "surveys serve"}
# In a process of its own: some commands bring the engine with them, which unit tests may not import.
PROGRAM = """
import contextlib, io, json, sys
from importlib import import_module
from touchline.cli.commands import COMMANDS
from touchline.cli.main import run

def lines_of(command):
    if command.function is not None:
        return [[command.name]]
    app = import_module(command.module).app
    names = [found.name or found.callback.__name__.replace("_", "-") for found in app.registered_commands]
    return [[command.name, name] for name in names]

shown = {}
for command in COMMANDS.values():
    for words in lines_of(command):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = run([*words, "--help"])
        shown[" ".join(words)] = [status, out.getvalue()]
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def shown() -> dict[str, tuple[int, str]]:
    outcome = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return cast("dict[str, tuple[int, str]]", json.loads(outcome.stdout))


def test_every_command_explains_itself_with_examples(shown: dict[str, tuple[int, str]]) -> None:
    assert {line.split()[0] for line in shown} == set(COMMANDS)
    assert [line for line, (status, text) in shown.items() if status != 0 or f"touchline {line}" not in text] == []
    assert [line for line, (_, text) in shown.items() if "Example" not in text] == []


def test_commands_that_scripts_read_have_json(shown: dict[str, tuple[int, str]]) -> None:
    read_by_scripts = {line: text for line, (_, text) in shown.items() if not {line, line.split()[0]} & WITHOUT_JSON}
    assert [line for line, text in read_by_scripts.items() if "--json" not in text] == []
