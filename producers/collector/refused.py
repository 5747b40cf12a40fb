"""What the collector refused lately, by source, for whoever connects a sender: its receipts went to the sender, which may not show them.

Kept in memory, the last few of each declared source, as the receipt says it: reason, field, shape and remedy; no value, and no id.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from touchline.producers.collector.access import Keys, WriteKey, bearer_of
from touchline.producers.collector.explain import faults_of
from touchline.producers.collector.front import ItemVerdict
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import SOURCE_ID_PATTERN
from touchline.schemas.times import format_time
from touchline.service.problem import RequestRefused

PATH: Final = "/v1/refused"
_is_source_id: Final = re.compile(SOURCE_ID_PATTERN).fullmatch
KEPT: Final = 20
"""Of each source; what a sender does wrong it mostly does again."""


class RefusedEvent(BaseModel):
    """One event that was not taken. Never a value, nor a name that the sender chose."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1, description="Among all that this process refused, from 1")
    at: str = Field(description="When it came, RFC 3339 in UTC")
    reason: Reason = Field(description="From a closed set")
    field: str = Field(description="Path of the field; empty: the event as a whole")
    found: str | None = Field(default=None, description="Shape of what stands there")
    hint: str = Field(description="What to do")


class RefusedOfSource(BaseModel):
    """What was refused of one source."""

    model_config = ConfigDict(frozen=True)

    source: str
    refused: int = Field(ge=0, description="Events since this process started")
    lately: Annotated[list[RefusedEvent], Field(max_length=KEPT)] = Field(description="The last ones, the oldest first")


class RefusedLately:
    """For one event loop. Bounded by the declared sources, for which it asks: an event of another one stands under the source of its
    write key."""

    def __init__(self, keys: Keys, declared: Callable[[], Collection[str]], now_us: Callable[[], int]) -> None:
        self._keys = keys
        self._declared = declared
        self._now_us = now_us
        self._lately: dict[str, deque[RefusedEvent]] = {}
        self._counts: Counter[str] = Counter()
        self._number = 0

    def note(self, key: WriteKey, rejected: Sequence[ItemVerdict]) -> None:
        """Keep the last of those that a request was refused."""
        declared = self._declared()
        for verdict in rejected:
            self._counts.update(_sources_of(key, verdict, declared))
        for verdict in rejected[-KEPT:]:
            for source in _sources_of(key, verdict, declared):
                self._lately.setdefault(source, deque(maxlen=KEPT)).append(self._refused(verdict))

    def of(self, source: str) -> RefusedOfSource:
        """What was refused of it."""
        return RefusedOfSource(source=source, refused=self._counts[source], lately=list(self._lately.get(source, ())))

    async def answer(self, request: web.Request) -> web.Response:
        """GET /v1/refused?source=NAME, by a write key that may send for the source. Raises RequestRefused."""
        source = request.query.get("source", "")
        presented = bearer_of(request.headers)
        key = None if presented is None else self._keys.find(presented)
        if key is not None and not _is_source_id(source):
            raise RequestRefused(400, "no source is asked for", "add ?source=<source id>", field="source")
        if key is None or key.browser is not None or not key.permits(source):
            headers = {"WWW-Authenticate": 'Bearer realm="touchline"'}
            hint = "send Authorization: Bearer <write key of the source>"
            raise RequestRefused(401, "the write key is not known, or not of this source", hint, headers=headers)
        body = self.of(source).model_dump_json(exclude_none=True)
        return web.Response(text=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    def _refused(self, verdict: ItemVerdict) -> RefusedEvent:
        self._number += 1
        lead = faults_of(verdict.error, verdict.event)[0]
        at = format_time(self._now_us())
        return RefusedEvent(
            number=self._number, at=at, reason=lead.reason, field=lead.field, found=lead.found, hint=lead.hint
        )


def _sources_of(key: WriteKey, verdict: ItemVerdict, declared: Collection[str]) -> Collection[str]:
    """The source that the event names, where the key may send for it and it is declared; else that of a key which has but one."""
    named = (verdict.event or {}).get("source")
    if isinstance(named, str) and named in declared and key.permits(named):
        return (named,)
    return key.sources if key.sources is not None and len(key.sources) == 1 else ()
