"""Running `touchline` commands as processes of their own, and their failures as the errors that they were."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from touchline.errors import EngineUnreachable, NotClean, TouchlineError, WrongUsage

ERROR_KINDS = {kind.exit_status: kind for kind in (WrongUsage, EngineUnreachable, NotClean)}


def touchline_command(*arguments: str) -> list[str]:
    """The command line of this installation, whatever is on the PATH."""
    return [sys.executable, "-m", "touchline", *arguments]


def run_touchline(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command to its end; returns its standard output.

    Raises:
        TouchlineError: it failed; of the kind that its exit status says, with what it said.
    """
    outcome = subprocess.run(
        touchline_command(*arguments), env=dict(environment), capture_output=True, text=True, check=False
    )
    if outcome.returncode != 0:
        raise as_error(f"touchline {' '.join(arguments)}", outcome.returncode, outcome.stderr or outcome.stdout)
    return outcome.stdout


def as_error(command: str, status: int, said: str) -> TouchlineError:
    """The error that a command ended with, read from its `error:` and `mend:` lines; whatever else it said is kept
    whole.
    """
    kind = ERROR_KINDS.get(status, TouchlineError)
    what, found_mend, mend = said.strip().rpartition("\nmend: ")
    if not found_mend:
        what, mend = mend, ""
    if not what.startswith("error: "):
        return kind(f"`{command}` ended with status {status}:\n{said.strip()}")
    return kind(f"`{command}`: {what.removeprefix('error: ')}", mend)
