"""When to poll next: what Faust is told it never read, how polls are spaced while little arrives, and what belongs to one poll."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Protocol

from aiokafka.errors import KafkaError
from faust.types import TP

from touchline.processors.worker.bulk.record import BulkRecord, batch_records_max, joined

SMALL_POLL_RECORDS, SMALL_POLL_BYTES = 5_000, 2 << 20
"""A poll that returned less has drained the partitions: the next one waits, for the sake of larger inserts."""
POLL_INTERVAL_SECONDS = 0.25
BUSY_SECONDS_MAX = 1.0
"""So long a poll waits for the store after a small one: what it took earlier would only stand in a queue, and be an insert of its own."""
REST_SECONDS = 0.02
"""How long brokers have to answer with the rest of a small poll."""
_LOOK_SECONDS = 0.01

Bulks = dict[TP, list[BulkRecord]]


async def whole_poll(
    fetch: Callable[..., Awaitable[Any]], stamped: Callable[[Any], Bulks], poll_records_max: int
) -> Bulks:
    """All that Kafka has, if that is little. What aiokafka fetched in advance came right after the last poll, and it asks for the rest only
    when that is taken: without a second look it would be read a poll later. What was read is stamped before anything else may happen.
    `poll_records_max`: of each look."""
    records_max = batch_records_max(poll_records_max)
    bulks = stamped(await fetch())
    if bulks and is_small([one for of_partition in bulks.values() for one in of_partition], records_max):
        await asyncio.sleep(REST_SECONDS)
        try:
            found = stamped(await fetch(timeout=0.0))
        except KafkaError:  # the next poll meets it again; what was read already would only wait for it
            return bulks
        for tp, rest in found.items():
            bulks[tp] = joined(bulks.get(tp, []), rest, records_max)
    return bulks


def is_small(bulks: Sequence[BulkRecord], records_max: int) -> bool:
    """Whether a poll, by which a batch has so many records at most, has drained the partitions."""
    count = sum(len(one.records) for one in bulks)
    return count < min(SMALL_POLL_RECORDS, records_max) and sum(one.size_bytes for one in bulks) < SMALL_POLL_BYTES


class NoReadOffsets(dict[TP, None]):
    """Faust drops a record below the offset it last read, hence also what a seek back reads again. It is never told."""

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: object) -> None:
        pass

    def update(self, *args: object, **kwargs: object) -> None:
        pass


class _Service(Protocol):
    @property
    def should_stop(self) -> bool: ...

    async def sleep(self, n: float) -> None: ...


class PollPacing:
    """Spaces polls while little arrives: inserts cost, not rows. `is_store_busy` tells whether bulk records are being stored,
    `records_max` how many a batch has at most."""

    def __init__(self) -> None:
        self.records_max = SMALL_POLL_RECORDS
        self.is_store_busy: Callable[[], bool] = lambda: False
        self._next_poll_at = 0.0

    async def wait(self, service: _Service) -> None:
        """Until the next poll is due, or the service is to stop. After a small poll it is due at its time and not before the store has done
        its work, or a second later."""
        if self._next_poll_at:
            await service.sleep(max(0.0, self._next_poll_at - monotonic()))
            latest = self._next_poll_at + BUSY_SECONDS_MAX
            while self.is_store_busy() and not service.should_stop and monotonic() < latest:
                await asyncio.sleep(_LOOK_SECONDS)

    def polled(self, bulks: Sequence[BulkRecord]) -> None:
        """A poll brought these. After one that brought nothing, or much, the next one is due at once."""
        self._next_poll_at = monotonic() + POLL_INTERVAL_SECONDS if bulks and is_small(bulks, self.records_max) else 0.0
