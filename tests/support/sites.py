"""A shop's web site for tests of the browser tag: pages as text, on an origin of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

HOST = "localhost"
"""Another one than the collector's: what a page sends there is of another origin."""


class Served(NamedTuple):
    """What stands at a path."""

    html: str
    headers: Mapping[str, str] = {}


class Site:
    """Pages by path, to be added at any time; a query does not count."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://{HOST}:{port}"
        self.pages: dict[str, Served] = {}

    def put(self, path: str, html: str, headers: Mapping[str, str] | None = None) -> str:
        """Serve this page; returns its address."""
        self.pages[path] = Served(html, headers or {})
        return self.origin + path


@contextmanager
def site() -> Iterator[Site]:
    """A site that is served by a thread until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = running.pages.get(self.path.partition("?")[0])
            self.send_response(404 if page is None else 200)
            body = b"" if page is None else page.html.encode()
            fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
            for name, value in {**fields, **(page.headers if page else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    running = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
