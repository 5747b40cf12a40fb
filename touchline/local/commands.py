"""`touchline` as a process of its own."""

from __future__ import annotations

import sys


def touchline_command(*arguments: str) -> list[str]:
    """The command line of this installation, whatever is on the PATH; give it `settings_environment`."""
    return [sys.executable, "-m", "touchline", *arguments]
