"""How many files and connections a process may have open at once."""

from __future__ import annotations

import resource


def raise_open_files() -> int:
    """Raise this process's limit to the highest that it may set itself; returns it. Systems start programs with a low limit (1,024) for
    the sake of old ones."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS says "unlimited" and takes less
            return soft
    return hard
