"""The HTTP application of the surveys: who may ask, and the way of one request.

Handlers never raise to the server but RequestRefused, which becomes a problem document; a bug is a 500 without a traceback in the answer.
Nothing is logged of a request: neither addresses nor bodies.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.errors import TouchlineError
from touchline.metrics.declared import ASK_SECONDS, READY, SURVEY_REQUESTS
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.producers.collector.access import Keys, WriteKey, bearer_of
from touchline.producers.collector.limits import Rate
from touchline.schemas.identifiers import PersonKeys
from touchline.service.answering import Answering
from touchline.service.health import PATHS, add_health, exposed, report
from touchline.service.problem import RequestRefused, ServiceWords, as_problem
from touchline.surveys.links import ask_url
from touchline.surveys.server.asking import BODY_BYTES, Asked, answer_of, read_document, read_query
from touchline.surveys.server.desk import Answered, Desk
from touchline.surveys.server.inviting import reports
from touchline.surveys.server.linking import PATH as LINKS, Linking
from touchline.surveys.server.standing import CatchUp

log = logging.getLogger("touchline.surveys")

ASK: Final = "/v1/ask"
SEND_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 5
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="touchline"'}
_WORDS: Final = ServiceWords(
    {
        404: ("there is nothing at this path", "GET or POST /v1/ask, POST /v1/links; see docs/surveys.md"),
        405: ("the path does not take this method", "see Allow and docs/surveys.md"),
        413: ("the request is too large", f"send at most {BODY_BYTES} bytes"),
    },
    hint="see docs/surveys.md",
    fault=("the surveys have a fault", "report it; asking again is harmless"),
)
AddRoutes = Callable[[web.Application], None]
"""Adds the routes of another way to ask."""


class Surveys:
    """The state that requests share."""

    def __init__(
        self,
        desk: Desk,
        keys: Keys,
        person_keys: PersonKeys,
        rate: Rate,
        meter: Meter,
        catch_up: CatchUp,
        ways: Iterable[AddRoutes] = (),
        url: str = "",
    ) -> None:
        """`url` is where customers reach the ways to ask; without it no answer has a link."""
        self._desk = desk
        self._keys = keys
        self._person_keys = person_keys
        self._rate = rate
        self._meter = meter
        self._catch_up = catch_up
        self._url = url
        self._linking = Linking(desk, url)
        self._exposition = Exposition(meter)
        self._answering = Answering(SEND_SECONDS, self._answered)
        self.app = web.Application(middlewares=[self._sent_in_time, self._as_problem], client_max_size=BODY_BYTES)
        self.app.router.add_get(ASK, self._ask, allow_head=False)
        self.app.router.add_post(ASK, self._ask)
        self.app.router.add_post(reports.PATH, self._report)
        self.app.router.add_post(LINKS, self._make_link)
        for add in ways:
            add(self.app)
        add_health(self.app, self._ready, self._metrics)

    async def answer_the_last(self, patience_seconds: float) -> None:
        """See Answering.last."""
        await self._answering.last(patience_seconds)

    async def _ask(self, request: web.Request) -> web.Response:
        self._admit(request)
        self._catch_up.require()
        began_s = time.monotonic()
        asked = await self._read(request)
        answered = await self._desk.ask(asked.keys, asked.wanted, asked.language)
        self._meter.observe(ASK_SECONDS, time.monotonic() - began_s)
        return _said({**answer_of(answered), **self._link(answered, asked.language)})

    async def _report(self, request: web.Request) -> web.Response:
        body = await self._admitted(request)
        return _said(await reports.take_report(self._desk, request.match_info["ask_id"], body))

    async def _make_link(self, request: web.Request) -> web.Response:
        body = await self._admitted(request)
        if not self._url:
            raise RequestRefused(503, "where customers reach the surveys is not known", "set surveys_url")
        return _said(await self._linking.link(body))

    async def _admitted(self, request: web.Request) -> bytes:
        """The JSON of who may ask, once the ledger has caught up."""
        self._admit(request)
        self._catch_up.require()
        if request.content_type != "application/json":
            raise RequestRefused(415, "the request is no JSON", "send it as application/json")
        return await request.read()

    def _link(self, answered: Answered, language: str) -> dict[str, str]:
        """Where who is asked may answer."""
        decision = answered.decision
        if decision is None or not decision.is_asked or not self._url:
            return {}
        spoken = answered.language if language else ""  # else the reader's browser says which
        return {"link": ask_url(self._url, self._desk.secret, decision.ask_id, decision.expires_us, spoken)}

    async def _read(self, request: web.Request) -> Asked:
        if request.method == "GET":
            return read_query(request.query)
        if request.content_type != "application/json":
            raise RequestRefused(415, "the request is no JSON", "send it as application/json")
        return read_document(await request.read(), self._person_keys)

    def _admit(self, request: web.Request) -> WriteKey:
        presented = bearer_of(request.headers)
        key = None if presented is None else self._keys.find(presented)
        if key is None:
            what = "the write key is not known" if presented else "the request has no write key"
            raise RequestRefused(401, what, "send Authorization: Bearer <write key>", headers=_CHALLENGE)
        source = self._desk.source
        if key.browser is not None or not key.permits(source):
            raise RequestRefused(
                403,
                "this write key may not ask",
                f"use a key of a server that may send for {source}: a key of browsers would let anybody ask about anybody",
            )
        if seconds := self._rate.wait_seconds(key.key_id):
            raise RequestRefused(
                429, "this write key asks too fast", f"wait {seconds} s, as Retry-After says", retry_after=seconds
            )
        self._rate.spend(key.key_id, 1)
        return key

    @web.middleware
    async def _sent_in_time(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await self._answering.send(request, handler)

    def _answered(self, request: web.Request, status: int, _seconds: float) -> None:
        resource = request.match_info.route.resource
        endpoint = resource.canonical if resource is not None else "unknown"
        if endpoint not in PATHS:
            self._meter.add(SURVEY_REQUESTS, 1, endpoint, str(status))

    @web.middleware
    async def _as_problem(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await as_problem(self._known(request, handler), _WORDS, log)

    async def _known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Folders and addresses of brokers are the operator's to know, not the caller's."""
        try:
            return await handler(request)
        except RequestRefused:
            raise
        except TouchlineError as error:
            log.warning("not_kept", extra={"fields": {"why": error.what, "hint": error.hint}})
            raise RequestRefused(
                503, "decisions cannot be kept now", "ask again: an ask counts once", retry_after=RETRY_SECONDS
            ) from None

    @property
    def _is_ready(self) -> bool:
        return not self._answering.is_stopping and self._desk.has_map and self._catch_up.is_over

    async def _ready(self, _request: web.Request) -> web.Response:
        state = "ready" if self._is_ready else "stopping" if self._answering.is_stopping else "starting"
        more = {} if self._catch_up.is_over else {"waits_for": self._catch_up.waits_for}
        return report(state, is_ready=self._is_ready, remembered=len(self._desk.remembered), **more)

    async def _metrics(self, request: web.Request) -> web.Response:
        self._meter.set(READY, int(self._is_ready))
        return exposed(*self._exposition.answer(request.headers.get("Accept", "")))


def _said(values: dict[str, Any]) -> web.Response:
    return web.Response(
        body=orjson.dumps(values), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
