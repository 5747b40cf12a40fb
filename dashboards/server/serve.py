"""The server's life: listen, answer, and on SIGTERM or SIGINT let go within seconds, whatever is still asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from touchline.dashboards.server.api import Api
from touchline.dashboards.server.app import Dashboard
from touchline.dashboards.server.asking.catalogue import catalogue
from touchline.dashboards.server.clickhouse import ClickHouse
from touchline.dashboards.server.health import Readiness
from touchline.dashboards.server.known_maps import KnownMaps
from touchline.dashboards.server.security import Names
from touchline.dashboards.server.static import PageFiles
from touchline.errors import WrongUsage
from touchline.metrics.declared import DASHBOARD
from touchline.metrics.meter import Meter
from touchline.service.runner import Limits, Service, on_stop_signal
from touchline.settings import Settings

if TYPE_CHECKING:
    from touchline.dashboards.server.comments import CommentsDesk

log = logging.getLogger("touchline.dashboard")

LIMITS: Final = Limits(
    keepalive_seconds=30.0,
    last_answers_seconds=1.0,
    line_bytes=16 << 10,  # a filter of 200 places fits, and so does the query that it becomes
    cancels=True,  # a reader who leaves ends the query
)


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


async def serve(
    settings: Settings, on_listening: Callable[[str], None] | None = None, now: Callable[[], datetime] = utc_now
) -> None:
    """Serve until SIGTERM or SIGINT; `on_listening` hears the address.

    Raises WrongUsage when the port is taken or ClickHouse's password file cannot be read. ClickHouse may be away: the server says so to
    whoever asks, until it is back.
    """
    stop = asyncio.Event()
    on_stop_signal(stop.set)
    meter = Meter(DASHBOARD)
    clickhouse = ClickHouse(settings, meter)
    service = Service(
        _application(settings, clickhouse, meter, now),
        settings.dashboard_host,
        settings.dashboard_port,
        LIMITS,
        "set dashboard_host or dashboard_port, or end what uses it",
    )
    try:
        await service.start()
        address = address_of(settings)
        clickhouse_at = f"{settings.clickhouse_host}:{settings.clickhouse_http_port}"
        log.info("listening", extra={"fields": {"at": address, "clickhouse": clickhouse_at}})
        if on_listening is not None:
            on_listening(address)
        await stop.wait()
        log.info("stopping")
    finally:
        await service.stop()
        await clickhouse.close()
        log.info("stopped")


def address_of(settings: Settings) -> str:
    """What to open in a browser here."""
    host = settings.dashboard_host
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.dashboard_port}/"


def _application(
    settings: Settings, clickhouse: ClickHouse, meter: Meter, now: Callable[[], datetime]
) -> web.Application:
    views = catalogue()
    api = Api(clickhouse, KnownMaps(clickhouse, now), views, now)
    readiness = Readiness(clickhouse, views.values())
    return Dashboard(api, readiness, meter, Names(settings), PageFiles(), _comments(settings)).app


def _comments(settings: Settings) -> CommentsDesk | None:
    """None where no keys are configured. Needs packages that a page without comments does without."""
    if settings.dashboard_comments_keys_file is None:
        return None
    try:
        from touchline.dashboards.server.comments import CommentsDesk
    except ModuleNotFoundError as error:
        raise WrongUsage(
            f"comments on the page need the Python package {error.name!r}, which is not installed",
            "pip install 'touchline[worker,dashboard]', or leave dashboard_comments_keys_file empty",
        ) from None
    return CommentsDesk.open(settings)
