"""The HTTP application: routes, and the way of one request through the limits to the intake and back.

Handlers never raise to the server but RequestRefused, which the outermost layer words; a bug is a 500 without a traceback in the answer.
Nothing is logged of a request: neither addresses nor bodies.

Why: docs/decisions/0110.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import orjson
from aiohttp import web
from aiohttp.web_exceptions import HTTPException

from touchline.errors import TouchlineError
from touchline.producers.collector.access import WriteKey, WriteKeys
from touchline.producers.collector.body import read_body
from touchline.producers.collector.front import Front, Item, Outcome, Parsed, Posted, Rejected, Reply
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import REQUEST_BYTES, Hold, Rate, Room, parsed_bytes
from touchline.producers.collector.measure import CollectorMeter
from touchline.producers.collector.openapi import openapi_document
from touchline.producers.collector.privacy import without_addresses
from touchline.producers.collector.problem import CONTENT_TYPE, RequestRefused, busy, too_large
from touchline.producers.collector.verdicts import Problem
from touchline.producers.errors import EventRejected
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.settings import Settings

log = logging.getLogger("touchline.collector")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OUTBOX_RETRY_SECONDS: Final = 5
TELL_SECONDS: Final = 10.0
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="touchline"'}


class Collector:
    """The state that requests share."""

    def __init__(
        self, settings: Settings, fronts: Sequence[Front], keys: WriteKeys, intake: Intake, rate: Rate, room: Room
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._intake = intake
        self._rate = rate
        self._room = room
        self._counts: Counter[str] = Counter()
        self._meter = CollectorMeter(settings.outbox_dir)
        self._openapi = orjson.dumps(openapi_document(settings), option=orjson.OPT_INDENT_2)
        self._is_stopping = False
        self._tell_again_s = 0.0
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # Bodies are unzipped within our own bounds (body.py); aiohttp's limit would never be reached.
        self.app = web.Application(middlewares=[self._sent_in_time, self._worded], client_max_size=0)
        for front in fronts:
            self.app.router.add_post(front.path, self._handler_of(front))
        self.app.router.add_get("/openapi.json", self._describe, allow_head=False)
        self.app.router.add_get("/healthz", self._say_health, allow_head=False)
        self.app.router.add_get("/readyz", self._say_ready, allow_head=False)
        self.app.router.add_get("/metrics", self._say_metrics, allow_head=False)

    async def answer_the_last(self, patience_seconds: float) -> None:
        """Returns when no request is open, or after so long. To be called when nobody listens any more: connections that are kept alive
        end with their next answer."""
        self._is_stopping = True
        try:
            await asyncio.wait_for(self._idle.wait(), patience_seconds)
        except TimeoutError:
            pass

    def _handler_of(self, front: Front) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            return _response(await self._post(front, request))

        return handle

    async def _post(self, front: Front, request: web.Request) -> Reply:
        key = self._authenticated(front, request)
        self._require_rate(key)
        hold = self._room.hold()
        try:
            posted = await self._read(request, hold)
            self._require_room_for(posted, hold)
            parsed = front.parse(posted, self._settings.collector_items)
            self._rate.spend(key.key_id, max(0, len(parsed) - 1))
            sorted_out = _sorted_out(key, parsed)
        except BaseException:
            hold.release()
            raise
        outcome = await self._emit(sorted_out, hold)
        self._counts["accepted"] += outcome.accepted
        self._counts["rejected"] += len(outcome.rejected)
        self._meter.judged(outcome)
        return front.answer(outcome)

    def _authenticated(self, front: Front, request: web.Request) -> WriteKey:
        presented = front.write_key_of(request.headers)
        key = None if presented is None else self._keys.find(presented)
        if key is None:
            what = "the write key is not known" if presented else "the request has no write key"
            raise RequestRefused(401, what, "send Authorization: Bearer <write key>")
        return key

    def _require_rate(self, key: WriteKey) -> None:
        seconds = self._rate.wait_seconds(key.key_id)
        if seconds:
            self._counts["slowed"] += 1
            raise RequestRefused(
                429, "this write key sends too fast", f"wait {seconds} s, as Retry-After says", retry_after=seconds
            )
        self._rate.spend(key.key_id, 1)  # a request that cannot be read counts, too

    async def _read(self, request: web.Request, hold: Hold) -> Posted:
        limit = self._settings.collector_body_bytes
        if not hold.grow(REQUEST_BYTES):
            raise busy("too many requests at once")
        if request.content_length is not None and request.content_length > limit:
            raise too_large(limit)
        headers = request.headers
        try:
            body = await read_body(
                request.content, headers.get("Content-Encoding", ""), limit, self._settings.collector_read_seconds, hold
            )
        except (ConnectionError, web.RequestPayloadError):
            raise RequestRefused(400, "the connection broke amid the body", "send it again") from None
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Posted(kind, headers, body)

    def _require_room_for(self, posted: Posted, hold: Hold) -> None:
        cost = parsed_bytes(posted.body)
        if cost > self._room.limit_bytes:
            raise RequestRefused(413, "the body has too many values", "send fewer events in a request")
        if not hold.grow(cost):
            raise busy("too many bytes are in flight")

    async def _emit(self, sorted_out: SortedOut, hold: Hold) -> Outcome:
        """The verdicts on all items, in order. The hold ends with the last event in memory, which may be after this has given up."""
        good, places, rejected = sorted_out
        if not good:
            hold.release()
            return Outcome(0, rejected)
        taken = await self._intake.take(good, self._settings.collector_ack_seconds, hold.release)
        for number, error in taken.rejected.items():
            position, line = places[number]
            rejected.append(Rejected(position, line, error, good[number]))
        rejected.sort(key=lambda one: one.position)
        return Outcome(taken.accepted, rejected)

    @web.middleware
    async def _sent_in_time(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A client that does not read its answer loses the connection."""
        self._idle.clear()
        self._open += 1
        began_s = time.monotonic()
        try:
            response = await handler(request)
            self._meter.answered(request.path, response.status, time.monotonic() - began_s)
            await self._send(request, response)
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        if self._is_stopping:
            response.force_close()
        try:
            async with asyncio.timeout(self._settings.collector_read_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()

    @web.middleware
    async def _worded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every refusal in one form."""
        self._counts["requests"] += 1
        try:
            return await handler(request)
        except RequestRefused as refused:
            return _problem(refused)
        except HTTPException as error:
            return _problem(_from_aiohttp(error), {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {})
        except TouchlineError as error:
            self._tell_operator(error)
            self._meter.not_kept()
            return _problem(
                RequestRefused(
                    503,
                    "events cannot be kept now",
                    "send all of them again: what arrived counts once",
                    retry_after=OUTBOX_RETRY_SECONDS,
                )
            )
        except Exception:
            log.exception("a request failed")
            return _problem(RequestRefused(500, "the collector has a fault", "report it; sending again is harmless"))

    def _tell_operator(self, error: TouchlineError) -> None:
        """Folders and addresses of brokers are the operator's to know, not the sender's; said once in a while."""
        now_s = time.monotonic()
        if now_s >= self._tell_again_s:
            self._tell_again_s = now_s + TELL_SECONDS
            log.warning("events are not kept", extra={"fields": {"why": error.what, "hint": error.hint}})

    async def _describe(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._openapi, content_type="application/json")

    async def _say_health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    @property
    def _is_ready(self) -> bool:
        return not self._is_stopping and self._intake.is_well

    async def _say_metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        body, content_type = await self._meter.answer(
            accept, is_ready=self._is_ready, in_flight_bytes=self._room.used_bytes
        )
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _say_ready(self, _request: web.Request) -> web.Response:
        is_ready = self._is_ready
        state = "ready" if is_ready else "stopping" if self._is_stopping else "failing"
        counts = {name: self._counts[name] for name in ("requests", "accepted", "rejected", "slowed")}
        report = {"status": state, "in_flight_bytes": self._room.used_bytes, **counts}
        return web.json_response(report, status=200 if is_ready else 503)


class SortedOut(NamedTuple):
    """Events to emit, the position and line of each, and what is refused before."""

    good: list[dict[str, object]]
    places: list[tuple[int, int | None]]
    rejected: list[Rejected]


def _sorted_out(key: WriteKey, parsed: Parsed) -> SortedOut:
    good: list[dict[str, object]] = []
    places: list[tuple[int, int | None]] = []
    rejected: list[Rejected] = []
    for position, item in enumerate(parsed):
        if not isinstance(item, Item):
            rejected.append(Rejected(position, item.line, item.error, None))
            continue
        event = item.event
        event.pop("received_at", None)  # it is received here and now
        try:
            _require_source(key, event)
            good.append(without_addresses(event))
            places.append((position, item.line))
        except EventRejected as error:
            rejected.append(Rejected(position, item.line, error, event))
    return SortedOut(good, places, rejected)


def _require_source(key: WriteKey, event: dict[str, object]) -> None:
    source = event.get("source")
    if isinstance(source, str) and not key.permits(source):
        raise EventRejected(
            Rejection(Reason.UNKNOWN_SOURCE, "source"),
            "a source that this write key may not send for",
            "use that source's write key, or add the source to this key's line",
        )


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


def _problem(refused: RequestRefused, headers: dict[str, str] | None = None) -> web.Response:
    problem = Problem(title=refused.what, status=refused.status, hint=refused.hint)
    more = dict(headers or {})
    if refused.retry_after is not None:
        more["Retry-After"] = str(refused.retry_after)
    if refused.status == 401:
        more |= _CHALLENGE
    response = web.Response(
        status=refused.status, body=problem.model_dump_json().encode(), content_type=CONTENT_TYPE, headers=more
    )
    if refused.status in (408, 413):  # the rest of the body is not waited for
        response.force_close()
    return response


def _from_aiohttp(error: HTTPException) -> RequestRefused:
    match error.status:
        case 404:
            return RequestRefused(404, "there is nothing at this path", "POST /v1/events; see /openapi.json")
        case 405:
            return RequestRefused(405, "the path does not take this method", "see Allow and /openapi.json")
        case 417:
            return RequestRefused(417, "the expectation is not known", "leave the header Expect out")
    return RequestRefused(error.status, error.reason.lower(), "see /openapi.json")
