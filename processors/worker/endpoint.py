"""The worker over HTTP, for supervisors and Prometheus: `/healthz`, `/readyz`, `/metrics`.

It is served by the worker's main loop, which hands batches to a thread and never waits for an engine: so it answers while an insert hangs,
and `/healthz` tells of the loop that has to answer SIGTERM. `/readyz` says what the ready file says, from the same place.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from touchline.log import logger
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.processors.worker.health import Health
from touchline.service.health import add_health, exposed, report
from touchline.service.live_sources import LiveSources
from touchline.service.problem import ServiceWords, as_problem
from touchline.service.runner import Limits, Service
from touchline.settings import Settings

LIMITS: Final = Limits(
    keepalive_seconds=90.0,  # longer than scrapes are apart
    last_answers_seconds=0.1,  # the worker has five seconds in all for its end
)
_SEE: Final = "GET /healthz, /readyz or /metrics"
_WORDS: Final = ServiceWords(
    {404: ("there is nothing at this path", _SEE), 405: ("the path does not take this method", _SEE)},
    hint=_SEE,
    fault=("the worker has a fault", "report it with the line of its log"),
)


class Endpoint:
    """Listens from `start` to `stop`; without a port in the settings it does nothing."""

    def __init__(self, settings: Settings, health: Health, meter: Meter, live_sources: LiveSources) -> None:
        self._health = health
        self._sources = live_sources
        self._exposition = Exposition(meter)
        self._service = None
        if settings.worker_http_port is not None:
            app = web.Application(middlewares=[_as_problem])
            add_health(app, self._ready, self._metrics)
            self._service = Service(
                app,
                settings.worker_http_host,
                settings.worker_http_port,
                LIMITS,
                "set worker_http_host or worker_http_port; each worker of a machine needs a port of its own",
            )

    async def start(self) -> None:
        """Raises WrongUsage when the port is taken."""
        if self._service is not None:
            await self._service.start()

    async def stop(self) -> None:
        """Listen no more."""
        if self._service is not None:
            await self._service.stop()

    async def _ready(self, _request: web.Request) -> web.Response:
        told = self._health.told
        more: dict[str, object] = {"sources": "stale"} if self._sources.is_stale else {}
        if told.unreadable:
            more["unreadable"] = [one._asdict() for one in told.unreadable]
        return report(
            told.state, is_ready=told.is_ready, generation=told.generation, partitions=told.partition_count, **more
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        return exposed(*self._exposition.answer(request.headers.get("Accept", "")))


@web.middleware
async def _as_problem(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await as_problem(handler(request), _WORDS, logger)
