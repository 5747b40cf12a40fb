"""`touchline dashboard`: the journey map page, served here."""

from __future__ import annotations

import asyncio
import webbrowser
from typing import Annotated

import typer

from touchline.settings import load_settings


def dashboard(
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser of this machine.")] = False,
) -> None:
    """Serve the journey map page and its API until SIGTERM or Ctrl-C.

    Prints its address; listens on dashboard_host and dashboard_port, on this machine only by default: it has no login of its
    own. Reads ClickHouse by clickhouse_host and clickhouse_http_port. Logs `key=value` lines to stderr.

    Examples:

        touchline dashboard

        touchline dashboard --open

        touchline dashboard --set dashboard_port=9200 --set clickhouse_user=reader
    """
    from touchline.dashboards.server.serve import serve
    from touchline.log import configure_log

    def tell(address: str) -> None:
        print(address, flush=True)
        if open_browser:
            webbrowser.open(address)

    settings = load_settings()
    configure_log()
    asyncio.run(serve(settings, tell))
