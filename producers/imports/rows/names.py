"""Names of columns that a survey tool writes: one a question, so that a name comes again, or a question above the names of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


def numbered_names(names: Sequence[str]) -> list[str]:
    """Each name once: one that comes again is `name (2)`, an empty one is `column 7`."""
    found: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        base = name or f"column {place}"
        unused, number = base, 1
        while unused in found:
            number += 1
            unused = f"{base} ({number})"
        found[unused] = None
    return list(found)


def joined_names(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Of two rows: a question that has one column is called by the upper row, each column of one that has several by both, as
    `question: part`. An empty cell above belongs to the question before it."""
    pairs = list(zip_longest(above, below, fillvalue=""))
    questions: list[tuple[str, list[str]]] = []
    for question, part in pairs:
        if question or not questions or not part:
            questions.append((question, [part]))
        else:
            questions[-1][1].append(part)
    return [
        f"{question}: {part}" if len(parts) > 1 and question and part else question or part
        for question, parts in questions
        for part in parts
    ]
