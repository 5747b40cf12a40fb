"""What `touchline care` says of itself over HTTP: whether it looks, and what its sinks have not taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.care import endpoint as endpoint_module
from touchline.care.endpoint import Endpoint
from touchline.metrics.declared import CARE
from touchline.metrics.meter import Meter
from touchline.settings import Settings

COUNTS = {("crm", "waits"): 3, ("crm", "done"): 9, ("desk", "dead"): 1}


class _Server:
    """The endpoint without a port; `is_ready` as a test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: int | None = 8791) -> None:
        self.is_ready = True
        self.apps: list[web.Application] = []
        monkeypatch.setattr(endpoint_module, "Service", lambda app, *_: self.apps.append(app))
        Endpoint(Settings(care_http_port=port), Meter(CARE), self._counts, lambda: self.is_ready)

    async def _counts(self) -> dict[tuple[str, str], int]:
        return COUNTS

    def ask(self, path: str, method: str = "GET") -> web.StreamResponse:
        app = self.apps[0]

        async def answered() -> web.StreamResponse:
            app.freeze()
            request = make_mocked_request(method, path, app=app)
            match = await app.router.resolve(request)
            match.add_app(app)
            request._match_info = match
            handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = match.handler
            middleware = app.middlewares[0]
            response: web.StreamResponse = await middleware(request, handler)
            return response

        return asyncio.run(answered())


def text_of(response: web.StreamResponse) -> str:
    assert isinstance(response, web.Response)
    body = response.body
    assert isinstance(body, bytes)
    return body.decode()


def test_it_is_ready_once_it_has_looked_and_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _Server(monkeypatch)
    assert server.ask("/readyz").status == 200
    server.is_ready = False
    waiting = server.ask("/readyz")
    assert (waiting.status, json.loads(text_of(waiting))["status"]) == (503, "waiting for ClickHouse")
    assert server.ask("/healthz").status == 200


def test_metrics_have_the_alerts_that_wait_and_the_dead_letters_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = text_of(_Server(monkeypatch).ask("/metrics")).splitlines()
    alerts = sorted(one for one in lines if one.startswith("touchline_care_alerts{"))
    assert alerts == [
        'touchline_care_alerts{sink="crm",state="waits"} 3.0',
        'touchline_care_alerts{sink="desk",state="dead"} 1.0',
    ]
    assert "touchline_ready 1.0" in lines


@pytest.mark.parametrize(("path", "method", "status"), [("/cases", "GET", 404), ("/readyz", "POST", 405)])
def test_another_path_or_method_is_a_problem_that_says_where_to_go(
    monkeypatch: pytest.MonkeyPatch, path: str, method: str, status: int
) -> None:
    refused = _Server(monkeypatch).ask(path, method)
    assert refused.status == status
    assert "/healthz, /readyz or /metrics" in text_of(refused)


def test_without_a_port_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _Server(monkeypatch, port=None).apps
