"""What was typed is not repeated in errors: it may be somebody's identifier, and errors stand in logs and tickets.

Names of options and commands stay, where they look like names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

HIDDEN: Final = "…"
_is_name: Final = re.compile(r"-{0,2}[a-zA-Z][a-zA-Z-]*").fullmatch
_EXTRA: Final = re.compile(r" \(.*\)\s*\Z", re.DOTALL)
_EXTRA_SAID: Final = "Got unexpected extra argument"
_NO_COMMAND: Final = "No such command"
_NO_OPTION: Final = "No such option"


def without_typed(said: str, words: Sequence[str]) -> str:
    """The words of a usage error without the values among the words that were typed."""
    if said.startswith(_EXTRA_SAID):
        return _EXTRA.sub("", said)
    keeps_names = said.startswith((_NO_COMMAND, _NO_OPTION))
    for value in sorted(_values_in(words), key=len, reverse=True):
        is_kept = _is_name(value) is not None and (keeps_names or value.startswith("-"))
        if not is_kept:
            said = said.replace(repr(value), f"'{HIDDEN}'").replace(f"{_NO_OPTION}: {value}", f"{_NO_OPTION}: {HIDDEN}")
    return said


def shown_name(name: str) -> str:
    """The name of a command that there is not, where it looks like one."""
    return repr(name) if _is_name(name) else "of that name"


def _values_in(words: Sequence[str]) -> set[str]:
    """Each word, and what stands before and behind its `=`."""
    parts = (part for word in words for part in (word, *word.split("=", 1)))
    return {part for part in parts if part.strip("-")}
