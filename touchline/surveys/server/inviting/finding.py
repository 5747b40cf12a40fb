"""Finds the events of which a question is due and was not decided, and has it decided at the desk.

Each round reads the events that fell due since the round before, and those that were stored since, however late. The first one reads all of
which a question is due: so nothing needs to be kept.

Why: docs/decisions/0210.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from touchline.schemas.times import US_PER_HOUR
from touchline.surveys.asked import RANK
from touchline.surveys.asks import INVITATION, StoredAsk
from touchline.surveys.decide import AskReason, EventFacts, ask_id
from touchline.surveys.invitations import due_askings, due_spans
from touchline.surveys.policies import Asking
from touchline.surveys.server.desk import Answered, Desk
from touchline.surveys.server.inviting import reading
from touchline.surveys.server.inviting.reading import BEFORE_ALL, EVENTS_AT_ONCE, Place, Tops, Wanted
from touchline.surveys.server.ledger_facts import Wanted as Named, which_stand

DECIDED_AT_ONCE: Final = 4
AGAIN_US: Final = US_PER_HOUR
"""After so long somebody without consent is looked at again, and the next question about one event."""


class Finder:
    """For one event loop. `asked` is called with each ask that is to go out."""

    def __init__(self, desk: Desk, asked: Callable[[StoredAsk], None]) -> None:
        self._desk = desk
        self._asked = asked
        self._askings: Sequence[Asking] = ()
        self._since_us: int | None = None
        self._tops: Tops = {}
        self._again: dict[tuple[str, str], tuple[int, EventFacts]] = {}
        self._soonest: list[tuple[int, str, str]] = []

    async def decide_due(self, between: Callable[[], Awaitable[None]]) -> None:
        """Once; `between` is called after each page of events. Raises RequestRefused, TouchlineError: the next time does the same again."""
        now_us, askings = self._desk.now_us(), self._desk.askings
        if askings is not self._askings:  # by another map other events are due
            self._askings, self._since_us, self._tops = askings, None, {}
        tops = await self._desk.readers.read(reading.read_tops)
        wanted = Wanted(
            due_spans(askings, self._since_us, now_us),
            due_spans(askings, None, now_us) if self._since_us is not None else (),
            self._tops,
        )
        await self._decide_found(wanted, now_us, between)
        await self._decide_again(now_us)
        self._since_us, self._tops = now_us, tops

    async def _decide_found(self, wanted: Wanted, now_us: int, between: Callable[[], Awaitable[None]]) -> None:
        after: Place | None = BEFORE_ALL
        while after is not None:
            events = await self._page(wanted, after)
            await self._decide(await self._undecided(events, now_us))
            last = events[-1] if len(events) == EVENTS_AT_ONCE else None
            after = None if last is None else (last.time_us, last.source, last.event_id)
            await between()

    async def _page(self, wanted: Wanted, after: Place) -> list[EventFacts]:
        return await self._desk.readers.read(lambda client: reading.read_events(client, wanted, after))

    async def _decide_again(self, now_us: int) -> None:
        due = []
        while self._soonest and self._soonest[0][0] <= now_us:
            at_us, source, event_id = heapq.heappop(self._soonest)
            known = self._again.get((source, event_id))
            if known is not None and known[0] == at_us:
                due.append(known[1])
                del self._again[source, event_id]
        try:
            await self._decide(await self._undecided(due, now_us))
        except BaseException:
            for event in due:
                self._look_again(event, now_us)
            raise

    async def _undecided(self, events: Iterable[EventFacts], now_us: int) -> list[EventFacts]:
        """Those of which a question is due that nobody has decided for good."""
        wanted = {(one.source, one.event_id): one for one in events}
        ids = {
            name: [self._id(asking, event) for asking in due_askings(self._askings, event, now_us)]
            for name, event in wanted.items()
        }
        asked = [one for some in ids.values() for one in some]
        stored = dict(await self._desk.readers.read(lambda client: which_stand(client, self._desk.source, asked)))
        ranks = {one: max(RANK.get(stored.get(one, ""), -1), self._rank_in_mind(one)) for one in asked}
        return [event for name, event in wanted.items() if any(ranks[one] <= RANK["eligible"] for one in ids[name])]

    def _rank_in_mind(self, one: str) -> int:
        held = self._desk.remembered.get(one)
        return -1 if held is None else RANK[held.disposition]

    def _id(self, asking: Asking, event: EventFacts) -> str:
        return ask_id(self._desk.secret, asking.policy, asking.question.id, event.source, event.event_id)

    async def _decide(self, events: Sequence[EventFacts]) -> None:
        for start in range(0, len(events), DECIDED_AT_ONCE):
            some = map(self._decide_one, events[start : start + DECIDED_AT_ONCE])
            ended = await asyncio.gather(*some, return_exceptions=True)  # none goes on behind a round that has failed
            for one in ended:
                if one is not None:
                    raise one

    async def _decide_one(self, event: EventFacts) -> None:
        keys = [key for _, key in event.persons]
        answered = await self._desk.ask(keys, Named("", event.source, event.event_id), way=INVITATION)
        if at_us := _again_us(answered, self._desk.now_us()):
            self._look_again(event, at_us)
        decision = answered.decision
        if decision is None or not decision.is_asked:
            return
        stored = self._desk.remembered.get(decision.ask_id)
        if stored is not None:
            self._asked(stored)

    def _look_again(self, event: EventFacts, at_us: int) -> None:
        name = (event.source, event.event_id)
        self._again[name] = (at_us, event)
        heapq.heappush(self._soonest, (at_us, *name))


def _again_us(answered: Answered, now_us: int) -> int:
    """When to decide about the event again; 0: never, unless it comes anew or another question is due."""
    decision = answered.decision
    if decision is None:
        return 0
    if answered.reason is AskReason.FATIGUE:
        return max(decision.retry_us, now_us + 1)
    again = (AskReason.NO_CONSENT, AskReason.CONSENT_WITHDRAWN, AskReason.ASKED, AskReason.ALREADY_ASKED)
    return now_us + AGAIN_US if answered.reason in again else 0
