"""The life of a service: what is said where its port is taken, in which order it ends, and what a signal does."""

from __future__ import annotations

import asyncio
import errno
import os
import signal

import pytest
from aiohttp import web

from touchline.errors import WrongUsage
from touchline.service.runner import Limits, Service, on_stop_signal

LIMITS = Limits(keepalive_seconds=1.0, last_answers_seconds=0.1)


class Site:
    """Takes the place of a listening socket."""

    listening: list[str]
    is_taken = False

    def __init__(self, runner: web.AppRunner, host: str, port: int, *, backlog: int) -> None:
        self.name = f"{host}:{port}/{backlog}"
        self._runner = runner

    async def start(self) -> None:
        if self.is_taken:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        self._runner._reg_site(self)  # type: ignore[arg-type]  # stands for a site
        self.listening.append(self.name)

    async def stop(self) -> None:
        self.listening.remove(self.name)
        self._runner._unreg_site(self)  # type: ignore[arg-type]  # stands for a site


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> type[Site]:
    monkeypatch.setattr(Site, "listening", [], raising=False)
    monkeypatch.setattr(web, "TCPSite", Site)
    return Site


def test_nobody_listens_any_more_while_the_last_are_answered(sites: type[Site]) -> None:
    seen: list[list[str]] = []

    async def last() -> None:
        seen.append(list(sites.listening))

    async def run() -> None:
        service = Service(web.Application(), "here", 1, LIMITS._replace(backlog=7), "another")
        await service.start()
        seen.append(list(sites.listening))
        await service.stop(last)

    asyncio.run(run())
    assert seen == [["here:1/7"], []]


def test_a_port_that_is_taken_is_wrong_usage_with_the_setting(
    sites: type[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "is_taken", True)

    async def run() -> None:
        service = Service(web.Application(), "here", 1, LIMITS, "set my_port")
        with pytest.raises(WrongUsage) as caught:
            await service.start()
        assert caught.value.what == f"cannot listen on here:1 ({os.strerror(errno.EADDRINUSE)})"
        assert caught.value.hint == "set my_port"
        await service.stop()  # as a `finally` does

    asyncio.run(run())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_stop(number: signal.Signals) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        on_stop_signal(stop.set)
        signal.raise_signal(number)
        await asyncio.wait_for(stop.wait(), 5.0)

    asyncio.run(run())
