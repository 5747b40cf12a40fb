"""What goes to the store together: the bulk records of several partitions, so that they become one insert.

An insert costs by its number and not by its rows, and the partitions of a poll come one right after the other.

Why: docs/decisions/0194.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from faust.types import EventT

from touchline.processors.worker.bulk.record import BulkRecord

WAIT_SECONDS = 0.005
"""How long to wait for the next partition of the same poll."""


async def gathered(events: AsyncIterator[EventT[Any]], records_max: int) -> AsyncIterator[list[EventT[Any]]]:
    """One bulk record each of one or more partitions, of `records_max` records together unless one alone has more. The next one
    is read already while these are stored."""
    coming = asyncio.ensure_future(anext(events))
    together: list[EventT[Any]] = []
    try:
        while True:
            if together:
                await asyncio.wait((coming,), timeout=WAIT_SECONDS)
            if together and not coming.done():
                yield together
                together = []
                continue
            try:
                event = await coming
            except StopAsyncIteration:
                break
            coming = asyncio.ensure_future(anext(events))
            if together and not _fits(together, event, records_max):
                yield together
                together = []
            together.append(event)
        if together:
            yield together
    finally:
        coming.cancel()


def bulk_of(event: EventT[Any]) -> BulkRecord:
    """What the event carries."""
    return cast(BulkRecord, event.value)


def _fits(together: Sequence[EventT[Any]], event: EventT[Any], records_max: int) -> bool:
    bulks, new = [bulk_of(one) for one in together], bulk_of(event)
    count = sum(len(one.records) for one in bulks) + len(new.records)
    return count <= records_max and new.partition not in {one.partition for one in bulks}
