"""`touchline care` over HTTP, for supervisors and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.care.store import DEAD, WAITS
from touchline.log import logger
from touchline.metrics.declared import CARE_ALERTS, READY
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.service.health import add_health, exposed, report
from touchline.service.problem import ServiceWords, as_problem
from touchline.service.runner import Limits, Service
from touchline.settings import Settings

LIMITS: Final = Limits(keepalive_seconds=90.0, last_answers_seconds=0.5)
_SEE: Final = "GET /healthz, /readyz or /metrics"
_WORDS: Final = ServiceWords(
    {404: ("there is nothing at this path", _SEE), 405: ("the path does not take this method", _SEE)},
    hint=_SEE,
    fault=("touchline care has a fault", "report it with the line of its log"),
)
Counts = Callable[[], Awaitable[dict[tuple[str, str], int]]]
"""(sink, state) -> number of alerts."""


class Endpoint:
    """Listens from `start` to `stop`; without a port in the settings it does nothing."""

    def __init__(self, settings: Settings, meter: Meter, counts: Counts, is_ready: Callable[[], bool]) -> None:
        self._meter = meter
        self._counts = counts
        self._is_ready = is_ready
        self._exposition = Exposition(meter)
        self._service = None
        if settings.care_http_port is not None:
            app = web.Application(middlewares=[_as_problem])
            add_health(app, self._ready, self._metrics)
            hint = "set care_http_host or care_http_port"
            self._service = Service(app, settings.care_http_host, settings.care_http_port, LIMITS, hint)

    async def start(self) -> None:
        """Raises WrongUsage when the port is taken."""
        if self._service is not None:
            await self._service.start()

    async def stop(self) -> None:
        """Lets go of the port."""
        if self._service is not None:
            await self._service.stop()

    async def _ready(self, _request: web.Request) -> web.Response:
        is_ready = self._is_ready()
        return report("ready" if is_ready else "waiting for ClickHouse", is_ready=is_ready)

    async def _metrics(self, request: web.Request) -> web.Response:
        for (sink, state), number in (await self._counts()).items():
            if state in (WAITS, DEAD):
                self._meter.set(CARE_ALERTS, number, sink, state)
        self._meter.set(READY, int(self._is_ready()))
        return exposed(*self._exposition.answer(request.headers.get("Accept", "")))


@web.middleware
async def _as_problem(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await as_problem(handler(request), _WORDS, logger)
