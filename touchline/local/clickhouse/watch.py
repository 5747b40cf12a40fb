"""Watch the sockets of clients whose query is running: who cancels or goes away has their query killed."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator

from touchline.local.clickhouse.engine import EngineClient

_TICK_SECONDS = 0.05
_NATIVE_CANCEL = b"\x03"


class Watched:
    """A running query; `is_cancelled` and `is_gone` say what its client did meanwhile."""

    def __init__(self, connection: socket.socket, client: EngineClient, cancels: bool) -> None:
        self.connection = connection
        self.client = client
        self.cancels = cancels
        self.is_cancelled = False
        self.is_gone = False
        self.is_over = False
        self.lock = threading.Lock()

    def look(self) -> None:
        """Peek at what the client sent and kill the query if it asks for that; repeated until the query is over."""
        with self.lock:
            if self.is_over:
                return
            try:
                sent = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                sent = b""
            self.is_gone = not sent
            self.is_cancelled = self.cancels and sent == _NATIVE_CANCEL
            if self.is_gone or self.is_cancelled:
                self.client.kill()


class Watcher:
    """One thread for all running queries."""

    def __init__(self) -> None:
        self._running: set[Watched] = set()
        threading.Thread(target=self._loop, name="watcher", daemon=True).start()

    @contextlib.contextmanager
    def watching(self, connection: socket.socket, client: EngineClient, cancels: bool = False) -> Iterator[Watched]:
        """Watch `connection` while the body runs a query of `client`; `cancels`: the native Cancel packet counts."""
        watched = Watched(connection, client, cancels)
        self._running.add(watched)
        try:
            yield watched
        finally:
            with watched.lock:
                watched.is_over = True
            self._running.discard(watched)

    def drain(self, seconds: float) -> bool:
        """Wait up to `seconds` for the running queries to end; whether none is left."""
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS)
        return not self._running

    def kill_all(self) -> None:
        """Kill every running query."""
        for watched in list(self._running):
            watched.client.kill()

    def _loop(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            running = {watched.connection.fileno(): watched for watched in list(self._running)}
            poll = select.poll()
            for number in running:
                if number >= 0:
                    poll.register(number, select.POLLIN | select.POLLHUP | select.POLLERR)
            for number, _ in poll.poll(0):
                running[number].look()
