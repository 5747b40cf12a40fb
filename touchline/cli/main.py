"""From the words of a command line to an exit status.

A command is looked up in `touchline.cli.commands` and its module is imported then, so that `touchline help` is quick,
one command's missing extra does not hinder another, and the base install is enough to say what is missing.
`--set setting=value` is understood anywhere before `--`: every setting is a flag of every command.

Exit status: 0 done; 1 failed; 2 wrong usage or configuration; 3 an engine cannot be reached; 4 not clean; 128 + signal
when interrupted. An exception that is no `TouchlineError` is a bug and keeps its traceback.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import requires
from types import FrameType
from typing import NoReturn

from touchline.cli.commands import ABOUT, COMMANDS, EXAMPLES, JOURNEYS, PROCESSES, STACK, WAYS_IN, WAYS_TO_LOOK, Command
from touchline.cli.typed import shown_name, without_typed
from touchline.errors import TouchlineError, WrongUsage

# Else clickhouse-driver makes a table of all days from 1900 to 2299 when it is imported: 0.1 s and 20 MB of each process.
os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "1")
PROGRAM = "touchline"
WRONG_USAGE_STATUS = 2
INTERRUPTED_STATUS = 128 + signal.SIGINT
EXTRAS = ("cli", "worker", "import", "collector", "dashboard", "local")
"""In the order in which they are named to somebody who lacks a package that several bring."""
_OF_EXTRA = re.compile(r"^([\w-]+).*; extra == ['\"](\w+)['\"]$")


def main() -> NoReturn:
    """Run the command line of this process and exit with its status."""
    signal.signal(signal.SIGTERM, _end_on_signal)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit status, says on stderr what went wrong and how to mend it."""
    try:
        _require_text(arguments)
        status = _dispatch(_take_settings(arguments))
        sys.stdout.flush()
        return status
    except TouchlineError as error:
        return _say(error.what, error.hint, error.exit_status)
    except KeyboardInterrupt:
        return _say("interrupted", "", INTERRUPTED_STATUS)
    except BrokenPipeError:
        # The reader (`| head`) has enough. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("help", "--help", "-h"):
        topic = words[1:2]
        return _run_command(topic[0], ["--help"]) if topic and topic[0] != "help" else _print_help()
    if words[0] == "--version":
        return _run_command("version", [])
    return _run_command(words[0], words[1:])


def _run_command(name: str, arguments: list[str]) -> int:
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean `{PROGRAM} {close[0]}`?" if close else f"see `{PROGRAM} help`"
        raise WrongUsage(f"there is no command {shown_name(name)}", hint)
    command = COMMANDS[name]
    try:
        return _run_typer(command, arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", PROGRAM):
            raise
        raise WrongUsage(
            f"`{PROGRAM} {name}` needs the Python package {missing!r}, which is not installed",
            f"pip install '{PROGRAM}[{_extra_with(missing, command.extra)}]'",
        ) from error


def _extra_with(module: str, own: str) -> str:
    """The extra that brings a package: the command's own if that does, else another one, since some words of a command take more than the
    rest of it; the own one where none says so."""
    package = module.replace("_", "-")
    brings = {one for line in requires(PROGRAM) or () for name, one in _OF_EXTRA.findall(line) if name == package}
    return next((one for one in (own, *EXTRAS) if one in brings), own)


def _run_typer(command: Command, arguments: list[str]) -> int:
    import typer
    from typer.main import get_command

    module = import_module(command.module)
    program = typer.Typer(add_completion=False)
    program.callback()(lambda: None)  # keeps typer from taking the only command for the program itself
    if command.function is None:
        program.add_typer(module.app, name=command.name)
        if not arguments and not getattr(module.app.info.cls, "runs_without_words", False):
            arguments = ["--help"]
    else:
        program.command(command.name)(getattr(module, command.function))
    try:
        outcome = get_command(program).main([command.name, *arguments], prog_name=PROGRAM, standalone_mode=False)
    except typer.Abort:
        return _say("interrupted", "", INTERRUPTED_STATUS)
    except Exception as error:
        # typer's usage errors have no public base class; they all carry an exit code and can word themselves.
        wording = getattr(error, "format_message", None)
        if wording is None or getattr(error, "exit_code", None) is None:
            raise
        said = without_typed(wording(), arguments).rstrip(".")
        return _say(said, f"see `{PROGRAM} {command.name} --help`", WRONG_USAGE_STATUS)
    return outcome if isinstance(outcome, int) else 0


def _require_text(arguments: Sequence[str]) -> None:
    """Engines and senders take UTF-8; bytes that are none come as lone surrogates."""
    for number, word in enumerate(arguments, start=1):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise WrongUsage(
                f"argument {number} is not UTF-8", "write it in UTF-8, or set the terminal to it"
            ) from None


def _take_settings(arguments: Sequence[str]) -> list[str]:
    """Take every `--set setting=value` out of the words and keep it as a flag of this process."""
    from touchline.settings import command_line_flags

    command_line_flags.clear()
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*rest, word, *words]
        flag, is_joined, value = word.partition("=")
        if flag != "--set":
            rest.append(word)
            continue
        setting, has_value, setting_value = (value if is_joined else next(words, "")).partition("=")
        if not has_value:
            raise WrongUsage("--set needs setting=value", f"for example `{PROGRAM} status --set topic=orders`")
        command_line_flags[setting.strip().replace("-", "_")] = setting_value
    return rest


def _print_help() -> int:
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        print(f"the command line is an extra: pip install '{PROGRAM}[cli]'\n")
        for command in COMMANDS.values():
            print(f"  {PROGRAM} {command.name:<10} {command.summary}")
        return 0
    console = Console(highlight=False)
    console.print("[bold]Touchline[/bold] follows every customer along their journey.\n\n[bold]Examples[/bold]")
    for line, meaning in EXAMPLES:
        console.print(f"  [green]{line}[/green]\n      {meaning}", soft_wrap=True)
    for section in (STACK, WAYS_IN, WAYS_TO_LOOK, JOURNEYS, PROCESSES, ABOUT):
        console.print(f"\n[bold]{section}[/bold]")
        for command in (command for command in COMMANDS.values() if command.section == section):
            console.print(f"  {command.name:<11}{command.summary}", soft_wrap=True)
    console.print(
        f"\n`{PROGRAM} COMMAND --help` tells more. Every setting is a flag too: --set setting=value "
        f"(`{PROGRAM} config show` lists them).",
        soft_wrap=True,
    )
    return 0


def _say(what: str, hint: str, status: int) -> int:
    print(f"error: {what}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return status


def _end_on_signal(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds the stack as Ctrl-C does, so that every `finally` runs. A command may install its own handler."""
    raise SystemExit(128 + number)
