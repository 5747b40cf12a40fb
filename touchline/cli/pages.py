"""Printing of pages whose texts come from events: no control character reaches the terminal."""

from __future__ import annotations

import unicodedata

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


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
    shown = "".join(REPLACEMENT if unicodedata.category(one) == "Cc" and one != "\n" else one for one in text)
    return Segment(shown, style, control)
