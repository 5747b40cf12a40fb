"""`touchline` commands as processes of their own that need not import anything: they are forked from one that has.

To start Python and import what a command needs takes longer than most commands do. What is forked runs the same program, from its words
to its exit status; that `python -m touchline` starts by itself is shown by tests/integration/test_commands_without_engines.py.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

_IMPORTED = (
    "touchline.cli.main",
    "touchline.cli.ledger",
    "touchline.account.reconcile",
    "touchline.cli.sending",
    "typer.main",
)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(_IMPORTED))


class Outcome(NamedTuple):
    """What a command that has ended left."""

    status: int
    stdout: str
    stderr: str


def run_command(words: Sequence[str], environment: Mapping[str, str]) -> Outcome:
    """Run one command in this environment to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        names = [f"/proc/{os.getpid()}/fd/{one.fileno()}" for one in (out, err)]
        process = _context.Process(target=_run, args=(list(words), dict(environment), *names))
        process.start()
        process.join()
        assert process.exitcode is not None
        return Outcome(process.exitcode, _text(out), _text(err))


def _run(words: list[str], environment: dict[str, str], out: str, err: str) -> None:
    """In the child: everything is as if it had been started anew."""
    from touchline.cli.main import run

    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, out), (2, err)):
        descriptor = os.open(name, os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["touchline", *words]
    sys.stdout.reconfigure(line_buffering=False)  # type: ignore[union-attr]  # a file, as when a caller captures it
    sys.exit(run(words))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
