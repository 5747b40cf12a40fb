"""Pages of `touchline quarantine`: of an event no value but its source and its id is on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from touchline.quarantine.entries import Entry
from touchline.quarantine.judge import NO_BYTES
from touchline.quarantine.keep import TERM, Kept, State, state_of
from touchline.quarantine.replay import Replayed
from touchline.quarantine.shape import shape_lines
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES
from touchline.terminal import one_line, whole_table
from touchline.wording import counted


def entries_page(
    entries: Sequence[Entry], now: datetime, settled: bool, open_count: int, *, is_filtered: bool = False
) -> RenderableType:
    """One line an entry."""
    if not entries:
        selects = " that this selects" if is_filtered else ""
        return Text(f"nothing is {'settled' if settled else 'in quarantine'}{selects}")
    ends = ("outcome", "note", "settled (UTC)") if settled else ("bytes",)
    table = whole_table("record", "received (UTC)", "source", "reason", "field", *ends)
    for one in entries:
        known = (one.position, _minute(one.received_at), one.source or "-", one.reason, one.field or "-")
        end = (one.outcome, one.note or "-", _minute(one.settled_at)) if settled else (state_of(one, now).value,)
        table.add_row(*known, *end)
    shown = "" if settled or open_count == len(entries) else f" of {open_count:,}"
    hints = [] if settled else [_hint(reason) for reason in dict.fromkeys(one.reason for one in entries)]
    return Group(table, Text(f"{len(entries):,}{shown} {'settled' if settled else 'open'}"), *map(Text, hints))


def _hint(reason: str) -> str:
    return f"hint: {reason}: {REMEDIES[Reason(reason)]}"


def entry_page(kept: Kept) -> RenderableType:
    """One entry: where, why, what to do, and the shape of its bytes."""
    return Group(*(Text(line) for line in _entry_lines(kept)), Text(""))


def outcome_lines(selected: int, outcome: Replayed, is_dry_run: bool) -> list[str]:
    """What a replay did, or would do."""
    if not selected:
        return ["nothing is in quarantine that this selects"]
    verb, settled = ("would send", "would settle") if is_dry_run else ("sent", "settled")
    lines = [
        f"{verb} {outcome.sent:,} of {counted(selected, 'record')} again; {settled} {outcome.settled:,}"
        + (f", {outcome.there_already:,} of them in the ledger already" if outcome.there_already else "")
    ]
    for why, count in outcome.refused.most_common():
        field = f" {why.field}" if why.field else ""
        lines.append(f"{counted(count, 'stays', 'stay')} in quarantine: {why.why}{field}; {why.remedy}")
    if outcome.waiting:
        lines.append(
            f"{counted(outcome.waiting, 'is', 'are')} not judged yet: run it again when the workers have caught up"
        )
    return lines


def _entry_lines(kept: Kept) -> Iterator[str]:
    entry = kept.entry
    yield f"{entry.position}"
    yield f"  received  {_minute(entry.received_at)} UTC, of source {entry.source or '(unreadable)'}"
    yield f"  event     {one_line(entry.event_id) or '(no readable id)'}"
    yield f"  reason    {entry.reason}{f' {entry.field}' if entry.field else ''}: {REMEDIES[Reason(entry.reason)]}"
    if entry.outcome:
        yield f"  settled   {_minute(entry.settled_at)} UTC, {entry.outcome}: {entry.note}"
    if kept.state is not State.KEPT:
        what, hint = NO_BYTES[kept.state]
        yield f"  bytes     {what}; {hint}"
        return
    yield f"  bytes     {len(kept.value):,}, until {entry.stored_at + TERM:%Y-%m-%d}; --raw writes them"
    for line in shape_lines(kept.value):
        yield f"            {line}"


def _minute(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else "-"
