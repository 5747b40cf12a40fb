"""Printing of pages whose texts come from events: no control character reaches the terminal, and no column is cut."""

from __future__ import annotations

import unicodedata

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = frozenset(("Cc", "Cs", "Zl", "Zp"))
_DIRECTION_CLASSES = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
"""Bidirectional classes of the characters that turn the direction of what follows, also beyond the name that holds them."""


def print_page(page: RenderableType, width_when_piped: int) -> None:
    """Print to standard output. A sender may put an escape sequence into a name; the terminal that shows it must not obey."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = width_when_piped
    console.print(Segments([_harmless(segment) for segment in console.render(page)]), end="")


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
