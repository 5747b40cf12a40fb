"""What goes to the store together: the bulk records of several partitions, so that they become one insert.

An insert costs by its number and not by its rows, and the partitions of a poll come one right after the other.

Why: docs/decisions/0194.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, cast

from faust.types import EventT

from touchline.processors.worker.bulk.record import BulkRecord

WAIT_SECONDS = 0.005
"""How long to wait for the next partition of the same poll."""
BYTES_MAX = 4 << 20
"""Of what goes together: an insert takes several times the bytes of its records in memory, and gains nothing any more from more of them."""


async def gathered(events: AsyncIterator[EventT[Any]], records_max: int) -> AsyncGenerator[list[EventT[Any]], None]:
    """One bulk record each of one or more partitions, of `records_max` records and BYTES_MAX together unless one alone has more. The next
    one is read already while these are stored."""
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
    if (
        new.partition in {one.partition for one in bulks}
        or sum(len(one.records) for one in (*bulks, new)) > records_max
    ):
        return False
    return sum(one.size_bytes for one in (*bulks, new)) <= BYTES_MAX
