"""Hands over the asks that wait to go out: each sink by itself, again after a wait, and never beyond a rule.

    waits -> held back? -> sinks -> all have it, or never will -> desk (invited, or bounced)

Why: docs/decisions/0210.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from touchline.errors import TouchlineError
from touchline.metrics.declared import INVITATIONS
from touchline.metrics.meter import Meter
from touchline.schemas.answer import Disposition
from touchline.schemas.times import US_PER_SECOND
from touchline.sinks.again import Draw, NotTaken, wait_us
from touchline.sinks.sender import Sender, hand_over
from touchline.surveys.asked import RANK
from touchline.surveys.asks import INVITATION, Ask, StoredAsk
from touchline.surveys.invitations import Hold, held_back, invitation
from touchline.surveys.links import Link, question_url, sign
from touchline.surveys.policies import Asking
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ledger_facts import Wanted as Named

log = logging.getLogger("touchline.surveys")

AT_ONCE: Final = 16
"""Invitations on their way to one sink."""
HELD_US: Final = 60 * US_PER_SECOND
"""After so long an ask that was held back is looked at again."""
REFUSED_AS: Final = "refused_as"
"""Property of an ask that a sink has refused for good: what it said. It bounced where all have."""


class _Way(NamedTuple):
    """What one sink has done with an ask."""

    failures: int = 0
    next_us: int = 0
    is_over: bool = False
    has_taken: bool = False
    is_busy: bool = False


class _Waiting:
    """An ask that waits to go out."""

    def __init__(self, ask: Ask, sinks: Iterable[str]) -> None:
        self.ask = ask
        self.ways = {name: _Way() for name in sinks}
        self.hold_until_us = 0
        self.refusal = ""
        self.is_finishing = False
        self.is_in_doubt = False
        """Whether it may have gone out though no sink has said so: a try that failed may have come there, one before a kill, too."""

    @property
    def may_have_gone(self) -> bool:
        """Whether some sink has taken it, or may have."""
        return self.is_in_doubt or any(way.has_taken or way.is_busy for way in self.ways.values())

    @property
    def is_over(self) -> bool:
        """Whether each sink has taken it, or never will."""
        return all(way.is_over for way in self.ways.values())


class Outgoing:
    """For one event loop, beside a desk. `url` is where customers reach the question page."""

    def __init__(self, desk: Desk, sinks: Mapping[str, Sender], url: str, meter: Meter, draw: Draw) -> None:
        self._desk = desk
        self._sinks = sinks
        self._url = url
        self._meter = meter
        self._draw = draw
        self._waiting: dict[str, _Waiting] = {}
        self._untried: set[str] = set()
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, stored: StoredAsk) -> None:
        """It was sampled by this process a moment ago: nothing was sent of it."""
        if stored.ask.way == INVITATION:
            self._waiting[stored.ask.id] = _Waiting(stored.ask, self._sinks)
            self._untried.add(stored.ask.id)

    def learn(self, found: Iterable[StoredAsk]) -> None:
        """They stand as sampled: by the process before this one, or when it was not known whether that was safe. They may have gone out."""
        for stored in found:
            if stored.ask.id not in self._waiting and not self._is_further(stored.ask.id, "invited"):
                self._waiting[stored.ask.id] = _Waiting(stored.ask, self._sinks)
                self._waiting[stored.ask.id].is_in_doubt = True

    def over(self, now_us: int) -> list[StoredAsk]:
        """Those whose time is over, as they were sampled."""
        return [
            StoredAsk(one.ask, "sampled", one.ask.asked_us)
            for one in self._waiting.values()
            if one.ask.expires_us <= now_us
        ]

    def may_have_gone(self, ask_id: str) -> bool:
        """Whether it may have gone out, as far as is known: what this process does not know may have."""
        one = self._waiting.get(ask_id)
        return one is None or one.may_have_gone

    def forget(self, ask_id: str) -> None:
        """It goes out no more."""
        self._untried.discard(ask_id)
        self._waiting.pop(ask_id, None)

    async def send_due(self) -> None:
        """Start what may go out now, the earliest first. Raises RequestRefused, TouchlineError."""
        for one in sorted(self._waiting.values(), key=lambda one: (one.ask.asked_us, one.ask.id)):
            if one.is_over:
                await self._finish(one)
                continue
            now_us = self._desk.now_us()
            names = [name for name in self._sinks if self._may_try(one, name, now_us)]
            asking = await self._released(one) if names else None
            if asking is not None:
                self._untried.discard(one.ask.id)  # from here on it may have gone out, whatever happens
                for name in names:
                    self._start(one, name, asking)

    async def settle(self) -> None:
        """Wait for what is on its way to sinks."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Let go of what is on its way: it goes again after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(sink.close() for sink in self._sinks.values()))

    def _may_try(self, one: _Waiting, name: str, now_us: int) -> bool:
        way = one.ways[name]
        if way.is_over or way.is_busy or now_us < max(way.next_us, one.hold_until_us):
            return False
        return self._busy[name] < AT_ONCE

    async def _released(self, one: _Waiting) -> Asking | None:
        """The question, where by what is known now it may go out."""
        ask = one.ask
        keys = [key for _, key in ask.persons]
        found = await self._desk.facts(keys, Named("", ask.about_source, ask.about_event_id))
        asking, now_us = self._asking(ask), self._desk.now_us()
        hold = held_back(ask, asking, found.events, found.person, now_us, self._untried)
        if hold is Hold.GOES_ON:
            self.forget(ask.id)
        elif hold is not None:
            one.hold_until_us = now_us + HELD_US
            self._meter.add(INVITATIONS, 1, "held_back")
        return None if hold is not None else asking

    def _asking(self, ask: Ask) -> Asking | None:
        for one in self._desk.askings:
            if (one.policy, one.question.id, one.question.version) == (ask.policy, ask.question, ask.version):
                return one
        return None

    def _start(self, one: _Waiting, name: str, asking: Asking) -> None:
        one.ways[name] = one.ways[name]._replace(is_busy=True)
        self._busy[name] += 1
        task = asyncio.create_task(self._try(one, name, asking))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, one: _Waiting, name: str, asking: Asking) -> None:
        link = Link("ask", -(-one.ask.expires_us // US_PER_SECOND), "", one.ask.id)
        body = invitation(one.ask, asking, question_url(self._url, sign(self._desk.secret, link)))
        way = one.ways[name]
        try:
            await hand_over(self._sinks[name], one.ask.id, body)
        except NotTaken as error:
            one.ways[name] = self._failed(one, name, way, error)
        else:
            one.ways[name] = way._replace(is_busy=False, is_over=True, has_taken=True)
            self._meter.add(INVITATIONS, 1, "taken")
        finally:
            self._busy[name] -= 1
        if one.is_over:
            try:
                await self._finish(one)
            except TouchlineError as error:  # it is tried again, and nothing is sent anew meanwhile
                log.warning("not_written", extra={"fields": {"why": error.what}})

    def _failed(self, one: _Waiting, name: str, way: _Way, error: NotTaken) -> _Way:
        failures = way.failures + 1
        fields = {"sink": name, "failures": failures, "why": str(error), "is_final": error.is_final}
        log.warning("invitation_not_taken", extra={"fields": fields})
        self._meter.add(INVITATIONS, 1, "refused" if error.is_final else "failed")
        if error.is_final:
            one.refusal = str(error)
            return way._replace(is_busy=False, is_over=True, failures=failures)
        one.is_in_doubt = True
        return _Way(failures, self._desk.now_us() + wait_us(failures, error.after_seconds, self._draw))

    async def _finish(self, one: _Waiting) -> None:
        """Say what became of it: invited, or that it cannot be, since each sink has refused it for good."""
        if self._waiting.get(one.ask.id) is not one or one.is_finishing:
            return
        one.is_finishing = True  # what is remembered while it is written is taken back where that fails
        try:
            await self._report(one)
        finally:
            one.is_finishing = False
        if self._waiting.get(one.ask.id) is one:
            self.forget(one.ask.id)

    async def _report(self, one: _Waiting) -> None:
        disposition: Disposition = "invited" if one.may_have_gone else "bounced"
        if not self._is_further(one.ask.id, disposition):
            said: Mapping[str, Any] = {"properties": {REFUSED_AS: one.refusal}} if one.refusal else {}
            await self._desk.write(StoredAsk(one.ask, disposition, self._desk.now_us()), **said)

    def _is_further(self, ask_id: str, disposition: Disposition) -> bool:
        """Whether it was said just now that it came that far, or further."""
        held = self._desk.remembered.get(ask_id)
        return held is not None and RANK[held.disposition] >= RANK[disposition]
