"""Takes an answer once: whatever is sent twice, late, at once or by another tab changes nothing.

    opened + reply -> partial (a score, and the question why follows) -> complete | dismissed, safe before the reader is thanked

An ask is answered by one request at a time. The second of two finds what the first one has written in the desk's memory.

Why: docs/decisions/0208.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import OrderedDict
from enum import StrEnum
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from touchline.errors import TouchlineError
from touchline.schemas.answer import Disposition
from touchline.service.problem import RequestRefused
from touchline.surveys.asked import RANK
from touchline.surveys.asks import StoredAsk, answer_event
from touchline.surveys.links import derived_id
from touchline.surveys.questions import Option
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ways.declared import declared_event, read_time
from touchline.surveys.server.ways.opening import NothingToAnswer, Opened, Shut

log = logging.getLogger("touchline.surveys")

COMMENT_MAX: Final = 1_000
"""Characters of a comment."""
SEEN_SECONDS: Final = 1.0
"""So long a page waits at most for the report that it was shown."""
_SAID_MAX: Final = 10_000
_SCANS_MAX: Final = 25_000
"""Asks in mind above which nobody answers at a place: who was chosen to be asked comes first."""


class State(StrEnum):
    """What the reader sees next."""

    ASKING = "asking"
    COMMENTING = "commenting"
    THANKS = "thanks"
    AGAIN = "again"
    DISMISSED = "dismissed"


class Reply(NamedTuple):
    """What a reader sends. `answer` is a point of the scale or the id of an option. `said` and `seal` are those of `Taken`, sent back with
    the comment; with `is_final` nobody is asked why."""

    answer: str = ""
    comment: str = ""
    said: str = ""
    seal: str = ""
    is_dismissal: bool = False
    is_final: bool = False


class Taken(NamedTuple):
    """What became of a reply. `fault` names the sentence that says what is missing, while the question stands. `seal` shows that `said`
    was answered before."""

    state: State
    said: str = ""
    seal: str = ""
    fault: str = ""


class _Meant(NamedTuple):
    answer: str
    score: float | None
    option: Option | None


class Taking:
    """For one event loop."""

    def __init__(self, desk: Desk, secret: bytes) -> None:
        self._desk = desk
        self._secret = secret
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._said: OrderedDict[str, str] = OrderedDict()
        self._reports: set[asyncio.Task[None]] = set()

    async def seen(self, opened: Opened, disposition: Disposition) -> None:
        """Report that the question was shown, or begun. The page does not depend on it: what fails is logged."""
        if opened.has_come_to(disposition):
            return
        task = asyncio.create_task(self._report(opened, disposition))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)
        await asyncio.wait({task}, timeout=SEEN_SECONDS)

    async def shown(self, opened: Opened, time_us: int) -> None:
        """At a place, report that somebody had the question before them at `time_us`; safe when this returns. Raises RequestRefused,
        TouchlineError."""
        if not self._newest(opened).has_come_to("shown"):
            await self._desk.send([answer_event(opened.stored.ask, "shown", time_us, self._desk.source)])

    def stands(self, opened: Opened, said: str = "", seal: str = "") -> Taken | None:
        """What was answered before: all, or a score to which a comment may still be added by who shows its seal; None where the question
        stands."""
        opened = self._newest(opened)
        if opened.stored.disposition == "dismissed":
            return Taken(State.DISMISSED)
        if not opened.has_come_to("partial"):
            return None
        reply = Reply(said=said, seal=seal)
        if not opened.has_come_to("complete") and self._is_sealed(opened, reply) and _meant(opened, said):
            return Taken(State.COMMENTING, said, seal)
        return Taken(State.THANKS)

    async def take(self, opened: Opened, reply: Reply, time_us: int | None = None) -> Taken:
        """Take what a reader sends, given at `time_us`, if not now. Raises NothingToAnswer, RequestRefused, TouchlineError: then nothing
        was taken, and the same may be sent again."""
        turn = self._turns.setdefault(opened.stored.ask.id, asyncio.Lock())
        async with turn:
            return await self._take(self._newest(opened), reply, self._desk.now_us() if time_us is None else time_us)

    async def _report(self, opened: Opened, disposition: Disposition) -> None:
        ask, now_us = opened.stored.ask, self._desk.now_us()
        try:
            if opened.is_of_place:  # a scan that goes no further is nothing to remember
                await self._desk.send([answer_event(ask, disposition, now_us, self._desk.source)])
            else:
                await self._desk.write(StoredAsk(ask, disposition, now_us))
        except TouchlineError as error:
            log.warning("not_reported", extra={"fields": {"as": disposition, "why": error.what}})

    def _newest(self, opened: Opened) -> Opened:
        held = self._desk.remembered.get(opened.stored.ask.id)
        if held is None or RANK[held.disposition] <= RANK[opened.stored.disposition]:
            return opened
        return opened._replace(stored=opened.stored._replace(disposition=held.disposition, time_us=held.time_us))

    async def _take(self, opened: Opened, reply: Reply, time_us: int) -> Taken:
        is_partial = opened.has_come_to("partial")
        if opened.has_come_to("complete"):
            return Taken(State.AGAIN)
        if reply.is_dismissal:
            if is_partial:
                return Taken(State.AGAIN)
            await self._write(opened, "dismissed", time_us)
            return Taken(State.DISMISSED)
        if len(reply.comment) > COMMENT_MAX:
            is_known = self._is_sealed(opened, reply)
            return Taken(
                State.COMMENTING if is_known else State.ASKING,
                *((reply.said, reply.seal) if is_known else ("", "")),
                fault="too_long",
            )
        if reply.seal:
            return await self._complete(opened, reply, time_us)
        if is_partial:
            known = self._said.get(opened.stored.ask.id)
            return self._asks_why(opened, known) if known and known == reply.answer else Taken(State.AGAIN)
        return await self._first(opened, reply, time_us)

    async def _first(self, opened: Opened, reply: Reply, time_us: int) -> Taken:
        meant = _meant(opened, reply.answer)
        is_open = opened.question.kind == "open"
        if is_open and not reply.comment.strip():
            return Taken(State.ASKING, fault="empty_text")
        if meant is None and not is_open:
            return Taken(State.ASKING, fault="empty")
        if meant is None or reply.is_final or not opened.wording.comment:
            await self._write(opened, "complete", time_us, meant, reply.comment)
            return Taken(State.THANKS)
        await self._write(opened, "partial", time_us, meant)
        self._said[opened.stored.ask.id] = meant.answer
        while len(self._said) > _SAID_MAX:
            self._said.popitem(last=False)
        return self._asks_why(opened, meant.answer)

    async def _complete(self, opened: Opened, reply: Reply, time_us: int) -> Taken:
        meant = _meant(opened, reply.said)
        if meant is None or not self._is_sealed(opened, reply):
            raise NothingToAnswer(Shut.INVALID)
        await self._write(opened, "complete", time_us, meant, reply.comment)
        return Taken(State.THANKS)

    def _asks_why(self, opened: Opened, said: str) -> Taken:
        return Taken(State.COMMENTING, said, self._seal_of(opened, said))

    def _seal_of(self, opened: Opened, said: str) -> str:
        return derived_id(self._secret, "said", opened.stored.ask.id, said)

    def _is_sealed(self, opened: Opened, reply: Reply) -> bool:
        return hmac.compare_digest(reply.seal.encode(), self._seal_of(opened, reply.said).encode())

    async def _write(
        self, opened: Opened, disposition: Disposition, time_us: int, meant: _Meant | None = None, comment: str = ""
    ) -> None:
        if opened.is_of_place and len(self._desk.remembered) >= _SCANS_MAX:
            raise RequestRefused(503, "the ledger is far behind", "send it again in a minute", retry_after=30)
        ask = opened.stored.ask
        option = meant.option if meant else None
        beside: list[dict[str, Any]] = []
        if option is not None and opened.question.kind == "source" and not opened.has_come_to("partial"):
            beside = [declared_event(ask, option, self._desk.source, await self._heard_by(opened, time_us))]
        await self._desk.write(
            StoredAsk(ask, disposition, time_us),
            beside,
            score=meant.score if meant else None,
            comment=comment.strip() or None,
            option=option.id if option else "",
        )

    async def _heard_by(self, opened: Opened, answered_us: int) -> int:
        """By when somebody had heard of us: just before the event that was asked about, else before the answer."""
        ask = opened.stored.ask
        if not ask.about_event_id:
            return answered_us
        about_us = await self._desk.readers.read(lambda client: read_time(client, ask.about_source, ask.about_event_id))
        return answered_us if about_us is None else about_us - 1


def _meant(opened: Opened, answer: str) -> _Meant | None:
    question = opened.question
    if question.kind in ("emotion", "source"):
        option = question.option(answer)
        score = None if option is None or option.score is None else float(option.score)
        return None if option is None else _Meant(answer, score, option)
    points = {str(one): float(one) for one in question.scale.points} if question.kind == "score" else {}
    return _Meant(answer, points[answer], None) if answer in points else None
