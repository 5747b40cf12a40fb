"""The HTTP application: routes, and the way of one request through the name check to its answer.

Handlers never raise to the server but RequestRefused, which becomes a problem document; a bug is a 500 without a traceback in the answer.
Of a request nothing is logged but its endpoint and status: parameters may name persons.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.dashboards.server.api import Api
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.csv_download import csv_rows
from touchline.dashboards.server.health import Readiness
from touchline.dashboards.server.security import HEADERS, SNAPSHOT_POLICY, Names, require_own_page
from touchline.dashboards.server.snapshot.export import snapshot
from touchline.dashboards.server.static import ASK_AGAIN, IMMUTABLE, File, PageFiles
from touchline.metrics.declared import DASHBOARD_REQUESTS, READY
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.service.health import add_health, exposed, report
from touchline.service.problem import RequestRefused, ServiceWords, as_problem

if TYPE_CHECKING:  # it needs more packages than the dashboard
    from touchline.dashboards.server.comments import CommentsDesk

log = logging.getLogger("touchline.dashboard")

NO_STORE: Final = {"Cache-Control": "no-store"}
READ_SECONDS: Final = 30.0
"""Longest time that a reader may take for a piece of a download."""
SCRAPE_SECONDS: Final = 2.0
"""Longest time that the look for ClickHouse may hold up a scrape."""
_JSON: Final = "application/json"
_WORDS: Final = ServiceWords(
    {
        404: ("there is nothing at this path", "open /, or see docs/dashboard.md"),
        405: ("the server only reads", "use GET or HEAD"),
        413: ("the request is too large", "ask for fewer values"),
    },
    hint="see docs/dashboard.md",
    fault=("the server has a fault", "report it with the line of its log"),
)


class Dashboard:
    """The state that requests share."""

    def __init__(
        self,
        api: Api,
        readiness: Readiness,
        meter: Meter,
        names: Names,
        files: PageFiles,
        comments: CommentsDesk | None = None,
    ) -> None:
        self._api = api
        self._readiness = readiness
        self._meter = meter
        self._exposition = Exposition(meter)
        self._names = names
        self._files = files
        self._comments = comments
        self.app = web.Application(middlewares=[self._as_problem])
        get = self.app.router.add_get
        get("/", self._page)
        get("/static/{path:.+}", self._static)
        get("/api/maps", self._maps)
        get("/api/values", self._values)
        get("/api/journey", self._journey)
        get("/api/q/{name}", self._query)
        get("/api/comments", self._says_whether_comments_are_served)
        self.app.router.add_post("/api/comments", self._read_comments)
        get("/export/map.html", self._snapshot)
        add_health(self.app, self._ready, self._metrics, takes_head=True)

    async def _page(self, request: web.Request) -> web.Response:
        page = self._files.index()
        if page is None:
            raise RequestRefused(404, "this installation has no page", "the API is at /api/maps and /api/q/NAME")
        return _file_response(request, page, ASK_AGAIN)

    async def _static(self, request: web.Request) -> web.Response:
        found = self._files.find(request.match_info["path"])
        if found is None:
            raise RequestRefused(404, "there is no such file", "reload the page")
        file, is_fixed = found
        return _file_response(request, file, IMMUTABLE if is_fixed else ASK_AGAIN)

    async def _maps(self, request: web.Request) -> web.Response:
        _parameters(request).require_all_read()
        return _json(await self._api.maps.document())

    async def _values(self, request: web.Request) -> web.Response:
        return _json(await self._api.values(_parameters(request)))

    async def _journey(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "journey_events")

    async def _query(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, request.match_info["name"])

    async def _answer(self, request: web.Request, name: str) -> web.StreamResponse:
        parameters = _parameters(request)
        if parameters.choice("format", ("json", "csv"), "json") == "csv":
            question = await self._api.question(name, parameters, is_whole=True)
            file_name = f"{question.name.replace('_', '-')}.csv"
            return await _download(request, csv_rows(self._api.clickhouse, question), file_name)
        return _json(await self._api.answer(await self._api.question(name, parameters)))

    async def _says_whether_comments_are_served(self, request: web.Request) -> web.Response:
        _parameters(request).require_all_read()
        return _json(b'{"is_served":true}' if self._comments else b'{"is_served":false}')

    async def _read_comments(self, request: web.Request) -> web.Response:
        """A POST: what was looked for must stand in no log of addresses, and no cache keeps its answer."""
        if self._comments is None:
            raise RequestRefused(
                404, "this page shows no comments", "set dashboard_comments_keys_file, or use `touchline comments`"
            )
        if request.content_type != _JSON:
            raise RequestRefused(415, "the request is no JSON", f"send it as {_JSON}")
        return _json(await self._comments.read(request.headers, await request.read()))

    async def _snapshot(self, request: web.Request) -> web.Response:
        body, file_name = await snapshot(self._api, _parameters(request))
        headers = {
            **NO_STORE,
            "Content-Security-Policy": SNAPSHOT_POLICY,
            "Content-Disposition": f'inline; filename="{file_name}"',
        }
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def _ready(self, _request: web.Request) -> web.Response:
        await self._readiness.require()
        return report("ready")

    async def _metrics(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                await self._readiness.require()
            self._meter.set(READY, 1)
        except (RequestRefused, TimeoutError):
            self._meter.set(READY, 0)
        return exposed(*self._exposition.answer(request.headers.get("Accept", "")))

    @web.middleware
    async def _as_problem(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer with the headers of all."""
        resource = request.match_info.route.resource
        endpoint = resource.canonical if resource is not None else "unknown"
        status = 499  # the client went away
        try:
            response = await as_problem(self._permitted(request, handler), _WORDS, log)
            status = response.status
        finally:
            self._meter.add(DASHBOARD_REQUESTS, 1, endpoint, str(status))
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    async def _permitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._names.require(request.path, request.headers.get("Host"))
        require_own_page(request.headers)
        return await handler(request)


def _parameters(request: web.Request) -> Parameters:
    return Parameters(request.query.items())


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=_JSON, headers=NO_STORE)


async def _download(request: web.Request, pieces: AsyncIterator[bytes], file_name: str) -> web.StreamResponse:
    """A file while it is being made. An error before the first piece is a status; later it breaks the connection off, so that nobody takes
    a part for the whole."""
    head, first = await anext(pieces), await anext(pieces, b"")
    response = web.StreamResponse(headers={**HEADERS, **NO_STORE})
    response.content_type, response.charset = "text/csv", "utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    await response.prepare(request)
    try:
        await _write(response, head + first)
        async for piece in pieces:
            await _write(response, piece)
    except (RequestRefused, TimeoutError) as error:
        why = error.what if isinstance(error, RequestRefused) else "the reader took nothing"
        log.warning("download_broke_off", extra={"fields": {"why": why}})
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    """A reader who takes nothing must not hold a query for ever."""
    async with asyncio.timeout(READ_SECONDS):
        await response.write(piece)


def _file_response(request: web.Request, file: File, caching: str) -> web.Response:
    headers = {"ETag": file.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    body = file.body
    if file.zipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = file.zipped
        headers["Content-Encoding"] = "gzip"
    is_text = file.content_type.startswith("text/")
    return web.Response(
        body=body, content_type=file.content_type, charset="utf-8" if is_text else None, headers=headers
    )
