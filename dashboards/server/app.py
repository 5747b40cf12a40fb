"""The HTTP application: routes, and the way of one request through the name check to its answer.

Handlers never raise to the server but RequestRefused, which the outermost layer words; a bug is a 500 without a traceback in the answer.
Of a request nothing is logged but its endpoint and status: parameters may name persons.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import orjson
from aiohttp import web
from aiohttp.web_exceptions import HTTPException

from touchline.dashboards.server.api import Api
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.csv_download import csv_rows
from touchline.dashboards.server.health import Readiness
from touchline.dashboards.server.problem import CONTENT_TYPE as PROBLEM_TYPE, RequestRefused
from touchline.dashboards.server.security import HEADERS, SNAPSHOT_POLICY, Names, require_own_page
from touchline.dashboards.server.snapshot.export import snapshot
from touchline.dashboards.server.static import ASK_AGAIN, IMMUTABLE, File, PageFiles
from touchline.log import frames_of
from touchline.metrics.declared import DASHBOARD_REQUESTS, READY
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter

log = logging.getLogger("touchline.dashboard")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NO_STORE: Final = {"Cache-Control": "no-store"}
READ_SECONDS: Final = 30.0
"""So long may a reader take for a piece of a download."""
SCRAPE_SECONDS: Final = 2.0
"""So long may the look for ClickHouse hold up a scrape."""
_JSON: Final = "application/json"


class Dashboard:
    """The state that requests share."""

    def __init__(self, api: Api, readiness: Readiness, meter: Meter, names: Names, files: PageFiles) -> None:
        self._api = api
        self._readiness = readiness
        self._meter = meter
        self._exposition = Exposition(meter)
        self._names = names
        self._files = files
        self.app = web.Application(middlewares=[self._worded])
        get = self.app.router.add_get
        get("/", self._page)
        get("/static/{path:.+}", self._static)
        get("/api/maps", self._maps)
        get("/api/values", self._values)
        get("/api/journey", self._journey)
        get("/api/q/{name}", self._query)
        get("/export/map.html", self._snapshot)
        get("/healthz", self._health)
        get("/readyz", self._ready)
        get("/metrics", self._exposed)

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

    async def _snapshot(self, request: web.Request) -> web.Response:
        body, file_name = await snapshot(self._api, _parameters(request))
        headers = {
            **NO_STORE,
            "Content-Security-Policy": SNAPSHOT_POLICY,
            "Content-Disposition": f'inline; filename="{file_name}"',
        }
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def _health(self, _request: web.Request) -> web.Response:
        return _json(b'{"status":"alive"}')

    async def _ready(self, _request: web.Request) -> web.Response:
        await self._readiness.require()
        return _json(b'{"status":"ready"}')

    async def _exposed(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                await self._readiness.require()
            self._meter.set(READY, 1)
        except (RequestRefused, TimeoutError):
            self._meter.set(READY, 0)
        body, content_type = self._exposition.answer(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type, **NO_STORE})

    @web.middleware
    async def _worded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every refusal in one form, every answer with the headers of all."""
        resource = request.match_info.route.resource
        endpoint = resource.canonical if resource is not None else "unknown"
        status = 499  # the client went away
        try:
            response = await self._outcome(request, handler)
            status = response.status
            return response
        finally:
            self._meter.add(DASHBOARD_REQUESTS, 1, endpoint, str(status))

    async def _outcome(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._names.require(request.path, request.headers.get("Host"))
            require_own_page(request.headers)
            response = await handler(request)
        except RequestRefused as refused:
            response = _problem(refused)
        except HTTPException as error:
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            response = _problem(_from_aiohttp(error), allow)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:
            log.error("bug", extra={"fields": {"error": type(error).__name__, "at": frames_of(error)}})
            response = _problem(RequestRefused(500, "the server has a fault", "report it with the line of its log"))
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response


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


def _problem(refused: RequestRefused, headers: Mapping[str, str] | None = None) -> web.Response:
    more = {**NO_STORE, **(headers or {})}
    if refused.retry_after is not None:
        more["Retry-After"] = str(refused.retry_after)
    return web.Response(
        status=refused.status, body=orjson.dumps(refused.document()), content_type=PROBLEM_TYPE, headers=more
    )


def _from_aiohttp(error: HTTPException) -> RequestRefused:
    match error.status:
        case 404:
            return RequestRefused(404, "there is nothing at this path", "open /, or see docs/dashboard.md")
        case 405:
            return RequestRefused(405, "the server only reads", "use GET or HEAD")
    return RequestRefused(error.status, error.reason.lower(), "see docs/dashboard.md")
