"""The two listening sockets, taken before the engine starts, so that a taken port is told at once."""

from __future__ import annotations

import hmac
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from touchline.errors import WrongUsage
from touchline.local.clickhouse.engine import Engine
from touchline.local.clickhouse.native import serve_native
from touchline.local.clickhouse.watch import Watcher


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises WrongUsage when the port is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise WrongUsage(
            f"can't listen on {host}:{port}: {error.strerror}", "choose another port, or end what uses it"
        ) from None
    listener.listen(128)
    return listener


class Listeners:
    """Both ports; leaving the context stops accepting clients."""

    def __init__(self, host: str, port: int, http_port: int) -> None:
        self._native = listen(host, port)
        try:
            self._http = listen(host, http_port)
        except WrongUsage:
            self._native.close()
            raise

    def __enter__(self) -> Listeners:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for listener in (self._native, self._http):
            listener.close()

    def serve(self, engine: Engine, watcher: Watcher, user: str, password: str) -> None:
        """Accept clients on both ports, each in a thread of its own; returns at once."""

        def is_allowed(name: str, word: str) -> bool:
            same = hmac.compare_digest(word.encode(), password.encode())
            return hmac.compare_digest(name.encode(), user.encode()) and same

        _accept(self._native, lambda connection: serve_native(connection, engine, watcher, is_allowed))


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    def loop() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the process is ending
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
