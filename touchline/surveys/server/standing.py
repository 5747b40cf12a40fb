"""What the process before this one has decided must stand in the ledger before anybody is asked: it may have been killed a moment ago, and
what it remembered is gone.

    the outbox is empty -> Kafka's end now -> the ledger has come as far -> ask
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from touchline.account.accounts import read_accounts, records_not_stored
from touchline.errors import TouchlineError
from touchline.kafka.offsets import TopicOffsets, lag, read_offsets
from touchline.producers.producer import EventProducer
from touchline.service.problem import RequestRefused
from touchline.settings import Settings
from touchline.surveys.server.readers import Readers

log = logging.getLogger("touchline.surveys")

FLUSH_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.25


class CatchUp:
    """`run` ends when everything that was sent before it began stands in the ledger."""

    def __init__(self, settings: Settings, producer: EventProducer, readers: Readers) -> None:
        self._settings = settings
        self._producer = producer
        self._readers = readers
        self.is_over = False
        self.waits_for = "start"

    def require(self) -> None:
        """Raises RequestRefused (503) until it is over."""
        if not self.is_over:
            raise RequestRefused(
                503,
                f"the surveys have just started and wait for {self.waits_for}",
                "ask again; where it goes on, look for a worker that is behind or missing",
                retry_after=1,
            )

    async def run(self) -> None:
        """Whatever is away meanwhile is waited for."""
        await self._until("the outbox to reach Kafka", lambda: self._producer.flush(FLUSH_SECONDS))
        found: list[TopicOffsets] = []
        await self._until("Kafka", lambda: found.append(read_offsets(self._settings)))
        self.waits_for = "the workers"
        while not await self._has_come(found[-1]):
            await asyncio.sleep(PAUSE_SECONDS)
        self.is_over = True
        log.info("caught_up")

    async def _has_come(self, kafka: TopicOffsets) -> bool:
        try:
            missing = await self._readers.read(lambda client: records_not_stored(read_accounts(client), kafka))
        except RequestRefused:
            return False
        # Marks of transactions are no records, and have no account: of these the group's commits tell.
        return missing == 0 or await asyncio.to_thread(lag, self._settings) == 0

    async def _until(self, waits_for: str, step: Callable[[], object]) -> None:
        self.waits_for = waits_for
        while True:
            try:
                await asyncio.to_thread(step)
                return
            except TouchlineError as error:
                log.warning("waits", extra={"fields": {"for": waits_for, "why": error.what}})
                await asyncio.sleep(1.0)
