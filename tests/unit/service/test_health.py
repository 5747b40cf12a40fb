"""How a service is, on three paths that are alike everywhere."""

from __future__ import annotations

import json

from aiohttp import web

from touchline.service.health import PATHS, add_health, exposed, report


async def nothing(_request: web.Request) -> web.Response:
    return web.Response()


def methods(*, takes_head: bool) -> set[tuple[str, str]]:
    app = web.Application()
    add_health(app, nothing, nothing, takes_head=takes_head)
    return {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}


def test_the_three_paths_are_read_only() -> None:
    assert methods(takes_head=False) == {("GET", path) for path in PATHS}
    assert methods(takes_head=True) == {(method, path) for path in PATHS for method in ("GET", "HEAD")}


def test_a_service_that_is_not_ready_says_so_by_status_and_word() -> None:
    ready, failing = report("ready"), report("failing", is_ready=False, waiting=3)
    assert (ready.status, json.loads(str(ready.text))) == (200, {"status": "ready"})
    assert (failing.status, json.loads(str(failing.text))) == (503, {"status": "failing", "waiting": 3})
    assert ready.headers["Cache-Control"] == "no-store"


def test_metrics_keep_the_parameters_of_their_content_type() -> None:
    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert exposed(b"# EOF\n", kind).headers["Content-Type"] == kind
