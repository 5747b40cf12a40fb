"""Watch the clients whose query is running: who cancels or goes away has the query killed, again with each tick."""

import socket
import time

from touchline.local.clickhouse.engine import Engine, EngineClient

_TICK_SECONDS, _NATIVE_CANCEL = 0.05, b"\x03"


def watch(engine: Engine) -> None:
    """Watch for ever."""
    while True:
        time.sleep(_TICK_SECONDS)
        for client in list(engine.clients):
            if (connection := client.watched) is not None:
                _look(client, connection)


def _look(client: EngineClient, connection: socket.socket) -> None:
    try:
        sent = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return
    except OSError:
        sent = b""  # as when the client went away
    client.is_cancelled = sent == _NATIVE_CANCEL
    if client.is_cancelled or not sent:
        client.kill()


def end_queries(engine: Engine, grace_seconds: float) -> None:
    """Let running queries end by themselves for a while, then kill them and wait as long again."""
    started = time.monotonic()
    while running := [client for client in list(engine.clients) if client.watched is not None]:
        if (waited := time.monotonic() - started) > 2 * grace_seconds:
            return
        for client in running if waited > grace_seconds else ():
            client.kill()
        time.sleep(_TICK_SECONDS)
