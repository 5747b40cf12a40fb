"""What was found and how far requests are, as text and as values for JSON. No key and no identifier stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from touchline.erasure.certificate import Certificate, as_object, count_lines
from touchline.erasure.values import Found, Request, Rows, Subject, types_of, whole_of
from touchline.terminal import whole_table
from touchline.wording import counted


def found_lines(subject: Subject, found: Found, place: str) -> Iterator[str]:
    """What would be erased of one person. `place` tells which one it is where several are named."""
    listed = ", ".join(f"{count} {name}" for name, count in types_of(subject.targets).items())
    yield f"{place}{counted(len(subject.identifiers), 'identifier')} ({listed})"
    if set(subject.identifiers) - whole_of(subject.targets):
        yield "  of devices that others use, too, only the times in which they were this person's"
    if subject.left:
        yield f"  not this person's alone, so it stays, without its link: {', '.join(subject.left)}"
    if subject.is_on_its_way:
        yield "  a change of who is one person is on its way: the links count, not what is published so far"
    yield from count_lines(as_object(found), None)


def totals_lines(people: Sequence[tuple[Subject, Found]]) -> Iterator[str]:
    """What would be erased of many persons: their sums, in one table."""
    kinds: Counter[str] = Counter()
    for subject, _ in people:
        kinds.update(types_of(subject.targets))
    listed = ", ".join(f"{count:,} {name}" for name, count in sorted(kinds.items()))
    yield f"{counted(len(people), 'person')}, {counted(kinds.total(), 'identifier')} ({listed})"
    shared = sum(bool(set(one.identifiers) - whole_of(one.targets)) for one, _ in people)
    if shared:
        yield f"  {counted(shared, 'person')} with devices that others use, too: only the times in which they were theirs"
    left = sum(bool(one.left) for one, _ in people)
    if left:
        yield f"  {counted(left, 'person')} with identifiers that are not theirs alone: these stay, without their links"
    moving = sum(one.is_on_its_way for one, _ in people)
    if moving:
        yield f"  {counted(moving, 'person')} of whom a change of who is one person is on its way: the links count"
    yield from count_lines(as_object(sum_of([found for _, found in people])), None)


def sum_of(found: Sequence[Found]) -> Found:
    """What is kept of all of them. A row of several persons, a link, counts once for each."""
    rows: dict[tuple[str, str, str, int], tuple[int, int]] = {}
    for row in (row for one in found for row in one.rows):
        standing, kept = rows.get(row[:4], (0, 0))
        rows[row[:4]] = (standing + row.standing, kept + row.rows)
    return Found(
        [Rows(*kind, *counts) for kind, counts in sorted(rows.items())],
        sum(one.comments for one in found),
        min((one.first_day for one in found if one.first_day), default=""),
        max((one.last_day for one in found if one.last_day), default=""),
        sum(one.quarantine for one in found),
        sum(one.waiting for one in found),
        sum(one.aside for one in found),
        sum(one.alerts for one in found),
    )


def certificates_table(certificates: Sequence[Certificate]) -> Table:
    """Of many certificates which requests they are of, and how many rows named the person before and after."""
    table = whole_table(
        "request", "how", "identifiers", "rows before", "after", "done (UTC)", right=("rows before", "after")
    )
    for one in certificates:
        before, after = (sum(row["rows"] for row in one.get(when, {}).get("rows", ())) for when in ("before", "after"))
        identifiers = sum(one.get("identifiers", {}).values())
        table.add_row(
            *(one["request"], one["how"], f"{identifiers:,}", f"{before:,}", f"{after:,}"), one.get("done_at", "")
        )
    return table


def found_object(subject: Subject, found: Found) -> dict[str, Any]:
    """For JSON."""
    return {"identifiers": types_of(subject.targets), "left_as_shared": list(subject.left), "found": as_object(found)}


def requests_table(requests: Sequence[Request]) -> Table:
    """All requests, the newest first."""
    table = whole_table("request", "how", "identifiers", "asked for (UTC)", "state", "since (UTC)")
    for one in reversed(requests):
        identifiers = len(set(one.digests))
        times = (f"{one.asked_at:%Y-%m-%d %H:%M:%S}", f"{one.state_at:%Y-%m-%d %H:%M:%S}")
        table.add_row(one.id, one.how, f"{identifiers:,}", times[0], one.state, times[1])
    return table


def request_object(one: Request) -> dict[str, Any]:
    """For JSON."""
    return {
        "request": one.id,
        "how": one.how,
        "identifiers": len(set(one.digests)),
        "asked_at": one.asked_at,
        "state": one.state,
        "state_at": one.state_at,
    }
