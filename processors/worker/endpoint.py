"""The worker over HTTP, for supervisors and Prometheus: `/healthz`, `/readyz`, `/metrics`.

It is served by the worker's main loop, which hands batches to a thread and never waits for an engine: so it answers while an insert hangs,
and `/healthz` tells of the loop that has to answer SIGTERM. `/readyz` says what the ready file says, from the same place.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from touchline.errors import WrongUsage
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.processors.worker.health import Health
from touchline.settings import Settings

SHUTDOWN_SECONDS: Final = 0.1
"""For scrapes that are under way when the worker ends: it has five seconds in all."""

KEEPALIVE_SECONDS: Final = 90.0
"""So long may a connection be idle, longer than scrapes are apart, or take for the head of a request."""


class Endpoint:
    """Listens from `start` to `stop`; without a port in the settings it does nothing."""

    def __init__(self, settings: Settings, health: Health, meter: Meter) -> None:
        self._host, self._port = settings.worker_http_host, settings.worker_http_port
        self._health = health
        self._exposition = Exposition(meter)
        app = web.Application()
        for path, handler in (
            ("/healthz", self._say_health),
            ("/readyz", self._say_ready),
            ("/metrics", self._say_metrics),
        ):
            app.router.add_get(path, handler, allow_head=False)
        self._runner = _runner(app)

    async def start(self) -> None:
        """Raises WrongUsage when the port is taken."""
        if self._port is None:
            return
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise WrongUsage(
                f"cannot listen on {self._host}:{self._port} ({error.strerror})",
                "set worker_http_host or worker_http_port; each worker of a machine needs a port of its own",
            ) from None

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def _say_health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _say_ready(self, _request: web.Request) -> web.Response:
        told = self._health.told
        report = {"status": told.state, "generation": told.generation, "partitions": told.partition_count}
        return web.json_response(report, status=200 if told.is_ready else 503)

    async def _say_metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._exposition.answer(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE_SECONDS, shutdown_timeout=SHUTDOWN_SECONDS)
