"""The HTTP application: routes, and the way of one request through the limits to the intake and back.

Handlers never raise to the server but RequestRefused, which becomes a problem document; a bug is a 500 without a traceback in the answer.
Nothing is logged of a request: neither addresses nor bodies.

Why: docs/decisions/0110.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.errors import TouchlineError
from touchline.producers.collector.access import Keys, WriteKey
from touchline.producers.collector.body import read_body
from touchline.producers.collector.cors import Origins
from touchline.producers.collector.front import Front, HttpReply, ItemMasked, Parsed, Posted, RequestOutcome
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import REQUEST_BYTES, Hold, Rate, Room, parsed_bytes
from touchline.producers.collector.metrics import CollectorMeter
from touchline.producers.collector.openapi import openapi_document
from touchline.producers.collector.owners import owned_by
from touchline.producers.collector.refusals import busy, crowded, too_large
from touchline.producers.collector.refused import PATH as REFUSED, RefusedLately
from touchline.producers.collector.sorting import SortedOut, sorted_out_of, verdict_on
from touchline.producers.collector.tag import add_tag
from touchline.producers.collector.undeclared import UndeclaredLog
from touchline.producers.collector.visitors import Visitors, on_our_clock
from touchline.producers.producer import now_us
from touchline.service.answering import Answering
from touchline.service.deadlines import Deadlines
from touchline.service.health import add_health, exposed, report
from touchline.service.live_file import LiveFile
from touchline.service.live_sources import LiveSources
from touchline.service.problem import RequestRefused, ServiceWords, problem_of
from touchline.settings import Settings

log = logging.getLogger("touchline.collector")

OUTBOX_RETRY_SECONDS: Final = 5
TELL_SECONDS: Final = 10.0
STRANGERS_PART: Final = 4
_COUNTS: Final = ("requests", "accepted", "suppressed", "rejected", "slowed", "crowded")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="touchline"'}
_WORDS: Final = ServiceWords(
    {
        404: ("there is nothing at this path", "POST /v1/events; see /openapi.json"),
        405: ("the path does not take this method", "see Allow and /openapi.json"),
        417: ("the expectation is not known", "leave the header Expect out"),
    },
    hint="see /openapi.json",
    fault=("the collector has a fault", "report it; sending again is harmless"),
)


class Collector:
    """The state that requests share."""

    def __init__(
        self,
        settings: Settings,
        fronts: Sequence[Front],
        keys: Keys,
        intake: Intake,
        rate: Rate,
        room: Room,
        meter: CollectorMeter,
        live_sources: LiveSources,
        live_files: Sequence[LiveFile[Any]] = (),
    ) -> None:
        """`live_files` are further files whose state belongs to the collector's health."""
        self._settings = settings
        self._keys = keys
        self._intake = intake
        self._rate = rate
        self._room = room
        # Bodies of whom nobody knows yet have a part of it, so that they cannot shut out who is known.
        self._strangers = Room(room.limit_bytes // STRANGERS_PART)
        self._counts: Counter[str] = Counter()
        self._meter = meter
        self._sources = live_sources
        self._live_files = live_files
        self._undeclared = UndeclaredLog(log)
        self._refused = RefusedLately(keys, lambda: live_sources.held, now_us)
        self._openapi = orjson.dumps(openapi_document(settings), option=orjson.OPT_INDENT_2)
        self._tell_again_s = 0.0
        origins = Origins(settings.collector_origins)
        self._visitors = Visitors(
            origins, settings.collector_visitor_events_per_second, settings.collector_proxies, time.monotonic
        )
        self._deadlines = Deadlines()
        self._answering = Answering(settings.collector_read_seconds, self._answered)
        # Bodies are unzipped within our own bounds (body.py); aiohttp's limit would never be reached.
        self.app = web.Application(middlewares=[self._sent_in_time, self._as_problem], client_max_size=0)
        for front in fronts:
            for path in front.paths:
                self.app.router.add_route(front.method, path, self._handler_of(front))
                self.app.router.add_options(path, origins.preflight)
        self.app.on_response_prepare.append(origins.mark)
        add_tag(self.app)
        self.app.router.add_get(REFUSED, self._refused.answer, allow_head=False)
        self.app.router.add_get("/openapi.json", self._describe, allow_head=False)
        add_health(self.app, self._ready, self._metrics)

    async def answer_the_last(self, patience_seconds: float) -> None:
        """See Answering.last."""
        await self._answering.last(patience_seconds)

    def _handler_of(self, front: Front) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            try:
                return _response(await self._post(front, request))
            except TouchlineError as error:
                refused = self._as_refusal(error)
                if (reply := front.refuse(refused)) is None:
                    return refused.response()
                return refused.in_words_of(reply.body, reply.content_type)

        return handle

    async def _post(self, front: Front, request: web.Request) -> HttpReply:
        # First of all: what is refused must cost little. What came on top would wait longer still.
        if self._intake.waits_seconds > self._settings.collector_wait_seconds:
            self._counts["crowded"] += 1
            raise crowded()
        presented = front.write_key_of(request.headers, {**request.query, **request.match_info})
        # Of a foreign front the key may stand in the body, and a proxy's password where the key could.
        found = None if presented is None else self._keys.find(presented)
        key = None if front.is_foreign and found is None else self._admitted(presented, request, found)
        hold = (self._strangers if key is None else self._room).hold()
        try:
            posted = await self._read(request, hold, keeps_sent=front.is_foreign)
            self._require_room_for(posted, hold)
            parsed = front.parse(posted, self._settings.collector_items)
            key = key or self._signer(parsed)
            key, items, source = owned_by(
                key, parsed, lambda in_body: self._admitted(in_body or presented, request), is_foreign=front.is_foreign
            )
            if parsed.total > 1:
                self._visitors.spend(key, request, parsed.total - 1)
                self._rate.spend(key.key_id, parsed.total - 1)
            if key.browser is not None:
                items = on_our_clock(items, request.query, now_us())
            sorted_out = sorted_out_of(key, items, source)
        except BaseException:
            hold.release()
            raise
        outcome = await self._emit(sorted_out, hold, keeps_refused=front.is_foreign or key.browser is not None)
        self._counts["accepted"] += outcome.accepted
        self._counts["suppressed"] += outcome.suppressed
        if outcome.rejected:
            self._counts["rejected"] += len(outcome.rejected)
            self._undeclared.note(key.key_id, outcome.rejected)
            self._refused.note(key, outcome.rejected)
        self._meter.judged(outcome)
        return front.answer(outcome._replace(beside=parsed.beside), posted)

    def _signer(self, parsed: Parsed) -> WriteKey | None:
        if parsed.signer is not None:
            self._require_rate(parsed.signer)
        return parsed.signer

    def _admitted(self, presented: str | None, request: web.Request, found: WriteKey | None = None) -> WriteKey:
        """`found` is the key where it was looked up before."""
        key = found or self._authenticated(presented)
        self._visitors.admit(key, request)
        self._require_rate(key)
        return key

    def _authenticated(self, presented: str | None) -> WriteKey:
        key = None if presented is None else self._keys.find(presented)
        if key is None:
            what = "the write key is not known" if presented else "the request has no write key"
            raise RequestRefused(401, what, "send Authorization: Bearer <write key>", headers=_CHALLENGE)
        return key

    def _require_rate(self, key: WriteKey) -> None:
        seconds = self._rate.wait_seconds(key.key_id)
        if seconds:
            self._counts["slowed"] += 1
            raise RequestRefused(
                429, "this write key sends too fast", f"wait {seconds} s, as Retry-After says", retry_after=seconds
            )
        self._rate.spend(key.key_id, 1)  # a request that cannot be read counts, too

    async def _read(self, request: web.Request, hold: Hold, *, keeps_sent: bool) -> Posted:
        limit = self._settings.collector_body_bytes
        if not hold.grow(REQUEST_BYTES):
            raise busy("too many requests at once")
        if request.content_length is not None and request.content_length > limit:
            raise too_large(limit)
        headers = request.headers
        try:
            body = await read_body(
                request.content,
                headers.get("Content-Encoding", ""),
                limit,
                self._deadlines,
                self._settings.collector_read_seconds,
                hold,
                keeps_sent=keeps_sent,
            )
        except (ConnectionError, web.RequestPayloadError):
            raise RequestRefused(400, "the connection broke amid the body", "send it again") from None
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Posted(request.path, kind, headers, body.unzipped, body.sent, request.query)

    def _require_room_for(self, posted: Posted, hold: Hold) -> None:
        cost = parsed_bytes(posted.body)
        if cost > self._room.limit_bytes:
            raise RequestRefused(413, "the body has too many values", "send fewer events in a request")
        if not hold.grow(cost):
            raise busy("too many bytes are in flight")

    async def _emit(self, sorted_out: SortedOut, hold: Hold, *, keeps_refused: bool) -> RequestOutcome:
        """The verdicts on all items, in order. The hold ends with the last event in memory, which may be after this has given up."""
        good, places, rejected, unread = sorted_out
        if not good and not unread:
            hold.release()
            return RequestOutcome(0, rejected)
        patience_seconds = self._settings.collector_ack_seconds
        taken = await self._intake.take(
            good, patience_seconds, hold.release, refused=unread, keeps_refused=keeps_refused
        )
        if taken.rejected:
            for number, error in taken.rejected.items():
                position, line = places[number]
                rejected.append(verdict_on(position, line, error, good[number]))
            rejected.sort(key=lambda one: one.position)
        masked = [ItemMasked(*places[number], findings) for number, findings in sorted(taken.masked.items())]
        return RequestOutcome(taken.accepted, rejected, taken.suppressed, masked)

    @web.middleware
    async def _sent_in_time(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await self._answering.send(request, handler)

    def _answered(self, request: web.Request, status: int, seconds: float) -> None:
        self._meter.answered(request.path, status, seconds)

    @web.middleware
    async def _as_problem(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._counts["requests"] += 1
        try:
            return await handler(request)
        except Exception as error:
            known = self._as_refusal(error) if isinstance(error, TouchlineError) else error
            return problem_of(known, _WORDS, log)

    def _as_refusal(self, error: TouchlineError) -> RequestRefused:
        """What says that events are not kept as a refusal."""
        if isinstance(error, RequestRefused):
            return error
        self._tell_operator(error)
        self._meter.not_kept()
        return RequestRefused(
            503,
            "events cannot be kept now",
            "send all of them again: what arrived counts once",
            retry_after=OUTBOX_RETRY_SECONDS,
        )

    def _tell_operator(self, error: TouchlineError) -> None:
        """Folders and addresses of brokers are the operator's to know, not the sender's; said once in a while."""
        now_s = time.monotonic()
        if now_s >= self._tell_again_s:
            self._tell_again_s = now_s + TELL_SECONDS
            log.warning("events are not kept", extra={"fields": {"why": error.what, "hint": error.hint}})

    async def _describe(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._openapi, content_type="application/json")

    @property
    def _is_ready(self) -> bool:
        return not self._answering.is_stopping and self._intake.is_well

    async def _metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        return exposed(
            *await self._meter.answer(
                accept,
                is_ready=self._is_ready,
                in_flight_bytes=self._room.used_bytes,
                clock_ahead_seconds=self._intake.clock_ahead_seconds,
            )
        )

    async def _ready(self, _request: web.Request) -> web.Response:
        is_ready = self._is_ready
        state = "ready" if is_ready else "stopping" if self._answering.is_stopping else "failing"
        counts = {name: self._counts[name] for name in _COUNTS}
        files = {"sources": self._sources.is_stale, "write_keys": self._keys.is_stale}
        files |= {file.name: file.is_stale for file in self._live_files}
        stale = {name: "stale" for name, is_stale in files.items() if is_stale}
        return report(state, is_ready=is_ready, in_flight_bytes=self._room.used_bytes, **counts, **stale)


def _response(reply: HttpReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)
