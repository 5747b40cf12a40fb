"""Retention as text: a line for each class of a source that has a term or anything to tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.retention.values import REMEDY, ClassState, Retention
from touchline.terminal import whole_table
from touchline.wording import counted

CELLS_PRINTED = 10


def render_retention(found: Retention) -> RenderableType:
    """The terms, what is due, what has ended, and the small cells."""
    return Group(*_parts(found))


def _parts(found: Retention) -> Iterator[RenderableType]:
    yield _terms(found)
    yield Text("\nstatements of consent stay until their person is erased")
    keeping = list(dict.fromkeys(one.source for one in found.classes if one.when_expired is None))
    if keeping:
        yield Text(
            f"\nnothing ends of {', '.join(keeping)}: when_expired is not declared in sources.yaml\n"
            "hint: add `when_expired: erase` or `when_expired: anonymise` where the events are to go; what is due then stands above"
        )
    if any(one.due or one.due_versions for one in found.classes if one.when_expired is not None):
        yield Text("\nwhat is due ends with the next sweeps of the workers, within five minutes where little is due")
    if found.waiting:
        yield Text(
            f"\n{counted(found.waiting, 'record')} ended and still {'names' if found.waiting == 1 else 'name'} somebody\n"
            "hint: `touchline retention --blank` blanks them; let it run each night"
        )
    if found.cell_count:
        yield Text(
            f"\n{counted(found.cell_count, 'cell')} of anonymised events below {found.below} (source, touchpoint, place, day):"
        )
        yield _cells(found)
        yield Text(f"hint: {REMEDY}")


def _terms(found: Retention) -> Table:
    table = whole_table(
        "source", "classes", "kept", "since (UTC)", "then", "due", "other records", "oldest (UTC)", "erased", "anonymised",
        "last ended (UTC)", right=("due", "other records", "erased", "anonymised"),
    )  # fmt: skip
    for one, named in _lines(found.classes):
        table.add_row(
            one.source,
            named,
            "until erased" if one.days is None else counted(one.days, "day"),
            "-" if one.kept_since is None else f"{one.kept_since}",
            _then(one),
            f"{one.due:,}",
            f"{one.due_versions:,}",
            _time(one.oldest),
            f"{one.erased:,}",
            f"{one.anonymised:,}",
            _time(one.last_ended_at),
        )
    return table


def _lines(classes: Sequence[ClassState]) -> list[tuple[ClassState, str]]:
    """What stands in a line, and the classes that it is of, by source: classes with one term and nothing to tell share a line. Statements
    of consent have one if there is anything to tell of them."""
    telling: list[tuple[ClassState, str]] = []
    quiet: dict[tuple[str, int], list[ClassState]] = {}
    for one in classes:
        if one.due or one.due_versions or one.last_ended_at is not None:
            telling.append((one, one.event_class))
        elif one.days is not None:
            quiet.setdefault((one.source, one.days), []).append(one)
    together = [(some[0], ", ".join(one.event_class for one in some)) for some in quiet.values()]
    return sorted([*telling, *together], key=lambda line: line[0].source)


def _then(one: ClassState) -> str:
    return "-" if one.days is None else one.when_expired or "nothing"


def _cells(found: Retention) -> Table:
    table = whole_table("source", "touchpoint", "place", "day", "events", right=("events",))
    for one in found.cells[:CELLS_PRINTED]:
        table.add_row(one.source, one.touchpoint, one.place or "-", f"{one.day}", f"{one.events}")
    if found.cell_count > CELLS_PRINTED:
        table.add_row("…", "", "", "", "")
    return table


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
