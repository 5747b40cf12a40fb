"""From words to an exit status: the table of commands, errors with their remedy, settings as flags."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from touchline.cli import main as cli
from touchline.cli.commands import ABOUT, COMMANDS, Command
from touchline.errors import EngineUnreachable, NotClean, TouchlineError, WrongUsage


@pytest.fixture
def add_command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], str]:
    """Makes a function a command of the table, for one test; returns its name."""

    def add(function: Callable[[], None]) -> str:
        module = ModuleType("simulated_command")
        module.__dict__["simulated"] = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(
            COMMANDS, "simulated", Command("simulated", module.__name__, "simulated", "cli", ABOUT, "test")
        )
        return "simulated"

    return add


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TouchlineError("what", "how"), 1),
        (WrongUsage("what", "how"), 2),
        (EngineUnreachable("what", "how"), 3),
        (NotClean("what", "how"), 4),
    ],
)
def test_errors_are_said_with_their_remedy_and_status(
    add_command: Callable[[Callable[[], None]], str],
    capsys: pytest.CaptureFixture[str],
    error: TouchlineError,
    status: int,
) -> None:
    assert cli.run([add_command(raising(error))]) == status
    assert capsys.readouterr() == ("", "error: what\nhint: how\n")


def test_interrupt_ends_with_128_and_the_signal(add_command: Callable[[Callable[[], None]], str]) -> None:
    assert cli.run([add_command(raising(KeyboardInterrupt()))]) == 130


def test_bug_keeps_its_traceback(add_command: Callable[[Callable[[], None]], str]) -> None:
    with pytest.raises(ZeroDivisionError):
        cli.run([add_command(raising(ZeroDivisionError()))])


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("rich._x", "cli"),
        ("nobody_knows", "cli"),
        ("chdb._x", "local"),
        ("clickhouse_driver", "worker"),
        ("pyarrow.lib", "import"),
    ],
)
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    add_command: Callable[[Callable[[], None]], str], capsys: pytest.CaptureFixture[str], module: str, extra: str
) -> None:
    assert cli.run([add_command(raising(ModuleNotFoundError("no", name=module)))]) == 2
    assert f"hint: pip install 'touchline[{extra}]'" in capsys.readouterr().err


def test_the_commands_own_extra_is_named_where_several_bring_the_package() -> None:
    assert cli._extra_with("clickhouse_driver", "dashboard") == "dashboard"
    assert cli._extra_with("clickhouse_driver", "local") == "local"


def test_missing_module_of_our_own_is_a_bug(add_command: Callable[[Callable[[], None]], str]) -> None:
    with pytest.raises(ModuleNotFoundError):
        cli.run([add_command(raising(ModuleNotFoundError("no", name="touchline.nothing")))])


def test_unknown_command_is_told_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verson"]) == 2
    assert capsys.readouterr().err == "error: there is no command 'verson'\nhint: did you mean `touchline version`?\n"


@pytest.mark.parametrize("words", [["trace", "shop", "\udcff"], ["sql", "SELECT '\udcff'"], ["\udcff"]])
def test_an_argument_that_is_no_utf8_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    assert capsys.readouterr().err.startswith(f"error: argument {len(words)} is not UTF-8\nhint: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sql", " \n"], "the query is empty"),
        (["trace", "", "e1"], "the source or the id is empty"),
        (["trace", "shop", ""], "the source or the id is empty"),
        (["reconcile", "--wait", "-1"], "Invalid value for '--wait'"),
    ],
)
def test_an_empty_or_impossible_value_is_wrong_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 2
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["version", "--jsn"]) == 2
    assert "hint: see `touchline version --help`" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_shows_examples_first_and_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 0
    shown = capsys.readouterr().out
    assert shown.index("Examples") < shown.index("Local stack")
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


def test_version_is_readable_by_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["version", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) >= {"touchline", "python", "pydantic"}


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "topic=orders", "config", "show", "--json"],
        ["config", "--set=topic=orders", "show", "--json"],
        ["config", "show", "--json", "--set", "topic=orders"],
    ],
)
def test_every_setting_is_a_flag_at_any_place(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert shown["topic"] == {"value": "orders", "origin": "flag"}
    assert shown["partitions"]["origin"] == "default"


@pytest.mark.parametrize("words", [["config", "show", "--set"], ["config", "show", "--set", "topic"]])
def test_setting_without_a_value_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    assert "--set needs setting=value" in capsys.readouterr().err


def test_config_show_is_a_table_with_origins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_TOPIC", "orders")
    monkeypatch.setenv("TOUCHLINE_TOPICS", "misspelled")
    assert cli.run(["config", "show"]) == 0
    shown = capsys.readouterr().out
    assert "TOUCHLINE_TOPIC " in shown
    assert "not settings, so ignored: TOUCHLINE_TOPICS" in shown


@pytest.mark.parametrize("words", ["version", "config show", "config show --json", "help"])
def test_a_reader_that_has_enough_is_no_error(words: str, tmp_path: Path) -> None:
    program = f"{sys.executable} -m touchline {words} | true"
    outcome = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert outcome.stderr == ""
