"""How a service is, for probes and scrapers: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

HEALTH: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
PATHS: Final = frozenset((HEALTH, READY, METRICS))


def add_health(app: web.Application, ready: Handler, metrics: Handler, *, takes_head: bool = False) -> None:
    """Serve the three paths. `/healthz` says that the event loop lives and asks nobody; the others are the service's."""
    for path, handler in ((HEALTH, health), (READY, ready), (METRICS, metrics)):
        app.router.add_get(path, handler, allow_head=takes_head)


async def health(_request: web.Request) -> web.Response:
    """The process answers."""
    return report("alive")


def report(status: str, *, is_ready: bool = True, **more: object) -> web.Response:
    """200, or 503 where the service is not ready; `more` are numbers to look at."""
    response = web.json_response({"status": status, **more}, status=200 if is_ready else 503)
    response.headers["Cache-Control"] = "no-store"
    return response


def exposed(body: bytes, content_type: str) -> web.Response:
    """Metrics; the content type has parameters that aiohttp would take apart."""
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
