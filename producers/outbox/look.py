"""The state of an outbox as any process can see it, without disturbing those that use it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import all_refused
from touchline.producers.outbox.folder import DRAIN_LOCK, PAGE, prepare, segment_path, segment_starts, unusable
from touchline.producers.outbox.locks import FileLock
from touchline.producers.outbox.page import ACKNOWLEDGED, DAMAGED, END, open_page
from touchline.producers.outbox.status import read_status
from touchline.wording import counted


class OutboxState(NamedTuple):
    """What `touchline outbox show` prints."""

    folder: str
    topic: str
    records: int
    """Events that wait for Kafka."""
    bytes: int
    oldest_seconds: float | None
    """Age of the oldest of them."""
    draining_pid: int | None
    """The process that brings them to Kafka, if there is one."""
    draining_host: str | None
    draining_since: str | None
    last_error: str | None
    """Why nothing moves, as the last draining process saw it."""
    last_error_at: str | None
    aside: int
    """Events in aside.ndjson, which Kafka refused for good."""
    last_aside_reason: str | None
    aside_by_reason: dict[str, int]
    clock_ahead_seconds: float | None
    """How far the draining machine's clock is ahead of Kafka's, or behind it where negative, where Kafka has refused its time; at least,
    where the broker bounds the age of records, too."""
    damaged_bytes: int
    """Skipped because they no longer were what had been written."""


def look(folder: Path, now_us: int) -> OutboxState:
    """Raises OutboxUnusable where there is no outbox."""
    topic = prepare(folder, None)
    try:
        page, _ = open_page(folder / PAGE)
        records, oldest_ms = _count(folder, page)
        is_drained = _is_held(folder)
    except OSError as error:
        raise unusable(folder, error) from None
    said = read_status(folder)
    reasons = [refused.reason for refused in all_refused(folder)]
    drains = said if is_drained else {}
    return OutboxState(
        folder=str(folder),
        topic=topic,
        records=records,
        bytes=page[END] - page[ACKNOWLEDGED],
        oldest_seconds=None if oldest_ms is None else round(max(0.0, now_us / 1e6 - oldest_ms / 1e3), 3),
        draining_pid=drains.get("pid"),
        draining_host=drains.get("host"),
        draining_since=drains.get("since"),
        last_error=said.get("last_error"),
        last_error_at=said.get("last_error_at"),
        aside=len(reasons),
        last_aside_reason=reasons[-1] if reasons else None,
        aside_by_reason=dict(Counter(reasons)),
        clock_ahead_seconds=said.get("clock_ahead_seconds"),
        damaged_bytes=page[DAMAGED],
    )


def state_lines(state: OutboxState, limit_bytes: int) -> list[str]:
    """For people: what waits, who drains, why nothing moves, what was put aside or damaged."""
    share = state.bytes / limit_bytes
    waiting = f"{counted(state.records, 'event')}, {state.bytes:,} of {limit_bytes:,} bytes ({share:.0%})"
    age = "" if state.oldest_seconds is None else f", the oldest for {state.oldest_seconds:,.0f} s"
    drains = (
        f"process {state.draining_pid} on {state.draining_host} since {state.draining_since}"
        if state.draining_pid is not None
        else "nobody (whoever sends next, or `touchline outbox drain`)"
    )
    lines = [
        f"outbox    {state.folder}, for topic {state.topic}",
        f"waiting   {waiting}{age}",
        f"drained   by {drains}",
    ]
    if state.last_error:
        lines.append(f"error     {state.last_error} (at {state.last_error_at})")
    if state.clock_ahead_seconds is not None:
        side = "ahead of" if state.clock_ahead_seconds > 0 else "behind"
        lines += [
            f"clock     {abs(state.clock_ahead_seconds):,.0f} s {side} Kafka's: events go without a time stamp of their own",
            "          hint: set this machine's clock; times that it gave to events are wrong by as much",
        ]
    if state.aside:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in state.aside_by_reason.items())
        lines += [
            f"aside     {counted(state.aside, 'event')} that Kafka refused for good ({reasons})",
            "          hint: raise the limit of the topic that the reason names, then `touchline outbox retry`",
        ]
    if state.damaged_bytes:
        lines.append(f"damaged   {state.damaged_bytes:,} bytes were skipped, see the files *.damaged")
    return lines


def _count(folder: Path, page: memoryview) -> tuple[int, int | None]:
    """Records that wait, and when the oldest was written. Segments that are deleted meanwhile hold none."""
    begin, end = page[ACKNOWLEDGED], page[END]
    starts = segment_starts(folder)
    records, oldest_ms = 0, None
    for start, stop in pairwise([*starts, end]):
        if stop <= begin:
            continue
        try:
            content = segment_path(folder, start).read_bytes()
        except FileNotFoundError:
            continue
        for block in wire.whole_blocks(content[: stop - start], max(0, begin - start)):
            records += block.number
            oldest_ms = block.written_ms if oldest_ms is None else oldest_ms
    return records, oldest_ms


def _is_held(folder: Path) -> bool:
    """Whether a process holds the drain lock; for a moment this one may."""
    lock = FileLock(folder / DRAIN_LOCK)
    try:
        return not lock.try_to_take()
    finally:
        lock.close()
