"""Invites: finds questions that are due, decides at the desk, hands invitations over, ends asks whose time is over.

    events of the ledger -> desk (sampled) -> held back? -> sinks, each by itself -> desk (invited)

It keeps nothing but in memory: an ask that waits to go out stands in the ledger as `sampled` by way of an invitation. So a kill at any step
costs time. What was handed over before its `invited` was safe is handed over again, with the same id.

Why: docs/decisions/0210.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from touchline.errors import TouchlineError
from touchline.metrics.declared import INVITATIONS_WAITING
from touchline.metrics.meter import Meter
from touchline.sinks.again import Draw
from touchline.sinks.sender import Sender
from touchline.surveys.asked import OPEN, RANK
from touchline.surveys.asks import INVITATION, Ask, StoredAsk
from touchline.surveys.decide import AskReason, is_eligible
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.inviting import reading
from touchline.surveys.server.inviting.finding import Finder
from touchline.surveys.server.inviting.sending import Outgoing

log = logging.getLogger("touchline.surveys")

SEND_SECONDS: Final = 0.25


class Inviter:
    """For one event loop, beside a desk. Without sinks nobody is invited, and asks end all the same."""

    def __init__(self, desk: Desk, sinks: Mapping[str, Sender], url: str, meter: Meter, draw: Draw) -> None:
        """`url` is where customers reach the question page; `sinks` are known by their names in logs."""
        self._desk = desk
        self._invites = bool(sinks)
        self._meter = meter
        self.outgoing = Outgoing(desk, sinks, url, meter, draw)
        self._finder = Finder(desk, self.outgoing.add)

    async def keep_inviting(self, pause_seconds: float, require: Callable[[], None]) -> None:
        """Round after round until cancelled; none before `require` is content. What is away meanwhile is waited for."""
        while True:
            try:
                require()
                await self.round()
            except TouchlineError as error:
                log.info("not_inviting", extra={"fields": {"why": error.what}})
            await self._send_until(time.monotonic() + pause_seconds)

    async def close(self) -> None:
        """Let go of what is on its way to sinks."""
        await self.outgoing.close()

    async def round(self) -> None:
        """Once. Raises RequestRefused, TouchlineError where ledger or Kafka cannot be asked; then the next round does the same again."""
        await self._end_those_over()  # first: what rules count must be said before anybody is decided on
        if self._invites and self._desk.has_map:
            now_us, source = self._desk.now_us(), self._desk.source
            self.outgoing.learn(
                await self._desk.readers.read(lambda client: reading.read_waiting(client, source, now_us))
            )
            await self._finder.decide_due(self.outgoing.send_due)
            await self.outgoing.send_due()
        self._meter.set(INVITATIONS_WAITING, len(self.outgoing))

    async def _send_until(self, end_s: float) -> None:
        """What could not go out yet goes meanwhile."""
        while (left_s := end_s - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, SEND_SECONDS))
            try:
                await self.outgoing.send_due()
            except TouchlineError as error:
                log.info("not_sending", extra={"fields": {"why": error.what}})

    async def _end_those_over(self) -> None:
        now_us, source = self._desk.now_us(), self._desk.source
        over = await self._desk.readers.read(lambda client: reading.read_over(client, source, now_us))
        known = {one.ask.id for one in over}
        over += [one for one in self.outgoing.over(now_us) if one.ask.id not in known]
        ineligible = await self._ineligible([one.ask for one in over])
        for stored in over:
            await self._end(stored, AskReason.NOT_ELIGIBLE if stored.ask.id in ineligible else None)

    async def _ineligible(self, asks: Sequence[Ask]) -> frozenset[str]:
        """Ids of the asks after whose event, as it stands now, the policy does not ask the question; of other policies nothing is said."""
        askings = {(one.policy, one.question.id): one for one in self._desk.askings}
        own = [one for one in asks if one.about_event_id and (one.policy, one.question) in askings]
        names = frozenset((one.about_source, one.about_event_id) for one in own)
        found = await self._desk.readers.read(lambda client: reading.read_named(client, names)) if names else []
        events = {(one.source, one.event_id): one for one in found}
        return frozenset(
            one.id
            for one in own
            if not is_eligible(askings[one.policy, one.question], events.get((one.about_source, one.about_event_id)))
        )

    async def _end(self, stored: StoredAsk, reason: AskReason | None) -> None:
        """An answer that comes nevertheless says more, and counts."""
        held = self._desk.remembered.get(stored.ask.id)
        if held is not None and RANK[held.disposition] > RANK[stored.disposition]:
            stored = held
        if stored.disposition not in OPEN:
            self.outgoing.forget(stored.ask.id)
            return
        ask, reached, reached_us = stored.ask, stored.disposition, stored.time_us
        if reached == "sampled" and ask.way == INVITATION and self.outgoing.may_have_gone(ask.id):
            reached, reached_us = "invited", ask.expires_us  # rules count it, and as late as it can have been
        over = StoredAsk(ask, "expired", ask.expires_us, reached, reached_us)
        await self._desk.write(over, reached=reached, reached_us=reached_us, reason=reason)
        self.outgoing.forget(ask.id)  # where it was not written, the next round says it before it decides on anybody
