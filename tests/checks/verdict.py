"""How a long check ends: its last line and its exit status are the verdict, 0 for `ok: …` and 4 for `failed: …`."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable

from touchline.errors import NotClean

OK = 0
FAILED = NotClean.exit_status


def check_parser(name: str, description: str | None, command: str = "check ") -> argparse.ArgumentParser:
    """Arguments that every check has; one run with one seed is always the same. `command` is what is typed before the name."""
    parser = argparse.ArgumentParser(prog=f"./run {command}{name}", description=(description or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="another seed, other inputs (default 1)")
    return parser


def end_with_verdict(check: Callable[[], str]) -> None:
    """Run the check and exit. It returns what it found to be true, and raises what it found to be wrong."""
    try:
        found = check()
    except Exception as error:
        traceback.print_exc()
        print(f"failed: {_first_line(error)}", flush=True)
        sys.exit(FAILED)
    print(f"ok: {found}", flush=True)
    sys.exit(OK)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:240]
