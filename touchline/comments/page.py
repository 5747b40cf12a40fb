"""Comments and readings as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from touchline.comments.readings import Logged
from touchline.comments.values import Comment, Found
from touchline.person.page import short
from touchline.terminal import plain, whole_table
from touchline.wording import counted

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
"""What a spreadsheet runs; it gets an apostrophe in front, as in the downloads of the dashboard (decision 0153)."""
_COLUMNS: Final = tuple(name for name in Comment._fields if name != "cipher_key_id")


def comments_page(found: Found) -> RenderableType:
    """One block a comment, the newest first: what is known of it, then its text."""
    if not found.comments:
        return Text("no comment that this selects" + (_goes_on(found) if found.next else ""))
    blocks = [part for one in found.comments for part in (Text(_head(one), style="bold"), Text(_text(one)), Text(""))]
    return Group(*blocks, Text(counted(len(found.comments), "comment") + _goes_on(found)))


def comments_object(found: Found) -> dict[str, object]:
    """For JSON."""
    return {
        "comments": [one._asdict() for one in found.comments],
        "opened": found.opened,
        "next": None if found.next is None else found.next.to_text(),
    }


def comments_csv(comments: Iterable[Comment]) -> Iterator[str]:
    """RFC 4180 with a header row; what is not known is empty."""
    yield from csv_lines(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in comments))


def log_page(readings: Sequence[Logged]) -> RenderableType:
    """One line a reading, the newest first."""
    if not readings:
        return Text("nobody has read a comment that this selects")
    table = whole_table("read (UTC)", "reader", "way", "asked for", "opened", "shown", right=("opened", "shown"))
    for one in readings:
        asked = ", ".join(f"{name} {value}" for name, value in one.filters.items())
        table.add_row(_time(one.read_at), one.reader, one.way, asked or "-", f"{one.opened:,}", f"{one.shown:,}")
    return Group(table, Text(counted(len(readings), "reading")))


def log_object(readings: Sequence[Logged]) -> dict[str, object]:
    """For JSON."""
    return {"readings": [one._asdict() for one in readings]}


def log_csv(readings: Sequence[Logged]) -> Iterator[str]:
    """The same as CSV; the filters are one cell."""
    rows = (
        one._replace(filters={"": "; ".join(f"{name}={value}" for name, value in one.filters.items())})
        for one in readings
    )
    yield from csv_lines(Logged._fields, ([*one[:4], one.filters[""], *one[5:]] for one in rows))


def _head(one: Comment) -> str:
    score = "no score" if one.score is None else f"{one.score:g} of {one.scale_min} to {one.scale_max}"
    where = one.touchpoint + (f" at {one.place}" if one.place else "") + (f" ({one.stage})" if one.stage else "")
    asked = " ".join(filter(None, (one.kpi, one.question))) or "no question named"
    who = short(one.person) if one.person else "nobody known"
    marks = (one.language, "simulated" if one.is_simulated else None)
    parts = (f"{_time(one.answered_at)} UTC", score, where, asked, f"{one.source} {one.event_id}", who, *marks)
    return " · ".join(filter(None, parts))


def _text(one: Comment) -> str:
    if one.text is None:
        return f"(encrypted under the key {one.cipher_key_id}, which payload_key_file does not hold)"
    return one.text


def _goes_on(found: Found) -> str:
    return "" if found.next is None else f"; more behind them: --next {found.next.to_text()}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """RFC 4180 with a header row; what a spreadsheet would run gets an apostrophe."""
    yield _line(names)
    for row in rows:
        yield _line([_cell(value) for value in row])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        return plain(value)
    return f"'{value}" if _FORMULA.match(value) else value


def _line(cells: Sequence[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerow(cells)
    return file.getvalue()
