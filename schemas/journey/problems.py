"""What is wrong with a map file, said so that its author can fix it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from touchline.errors import WrongUsage

Path = tuple[str | int, ...]
"""Way from the top of the file to a value: keys and list positions."""


class FileProblem(NamedTuple):
    """One thing to mend: the line (from 1; 0 = the file as a whole), the field, what is the case, what to write."""

    line: int
    field: str
    what: str
    hint: str

    def at(self, file: str) -> str:
        """`file:line: field: what; hint`, the form that editors can jump to."""
        place = f"{file}:{self.line}" if self.line else file
        return f"{place}: {self.field + ': ' if self.field else ''}{self.what}; {self.hint}"


class MapInvalid(WrongUsage):
    """A map file, or another file of the company's, cannot be used. `problems` holds all that was found, in the order of the file; `check`
    is the command that looks for them."""

    def __init__(self, file: str, problems: Iterable[FileProblem], check: str = "touchline map check") -> None:
        self.file = file
        self.problems = sorted(problems)
        count = len(self.problems)
        super().__init__(
            "\n".join(problem.at(file) for problem in self.problems),
            f"fix {'this' if count == 1 else f'these {count} places'} and run `{check} {file}`",
        )


def field_name(path: Path) -> str:
    """`rules[2].when.touchpoint`: list positions from 0."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name


def did_you_mean(wrong: str, known: Sequence[str]) -> str:
    """A suggestion for a misspelt name, else the names there are."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not known:
        return "the map declares none"
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    return f"write one of: {shown}"
