"""Output of pages and values whose texts come from events: no control character reaches the terminal, and no column is cut."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from time import monotonic

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.table import Table

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = frozenset(("Cc", "Cs", "Zl", "Zp"))
_DIRECTION_CLASSES = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
"""Bidirectional classes of the characters that turn the direction of what follows, also beyond the name that holds them."""


def whole_table(*heads: str, right: Collection[str] = ()) -> Table:
    """An empty table without lines whose cells are never cut, since two names may differ in their ends: what is too wide for its column
    goes on in the next line. The columns of `right` are set to the right."""
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    return table


def print_page(page: RenderableType, width_when_piped: int) -> None:
    """Print to standard output. A sender may put an escape sequence into a name; the terminal that shows it must not obey."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = width_when_piped
    console.print(Segments([_harmless(segment) for segment in console.render(page)]), end="")


def one_line(text: str) -> str:
    """A sender's id must not look like further lines of the page."""
    return "".join(one if one.isprintable() else REPLACEMENT for one in text)


def progress_lines() -> Callable[[str], None]:
    """Prints lines on stderr, each with the seconds so far."""
    begun = monotonic()
    return lambda line: print(f"{monotonic() - begun:5.1f} s  {line}", file=sys.stderr, flush=True)


def plain(value: object) -> str:
    """Times, days and money as text: the `default` of `json.dumps` for what JSON has no form for."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _harmless(segment: Segment) -> Segment:
    text, style, control = segment
    if text.isprintable():
        return segment
    return Segment("".join(one if one == "\n" or _is_harmless(one) else REPLACEMENT for one in text), style, control)


def _is_harmless(character: str) -> bool:
    return (
        unicodedata.category(character) not in _CONTROLS
        and unicodedata.bidirectional(character) not in _DIRECTION_CLASSES
    )
