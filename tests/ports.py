"""Free TCP ports of 127.0.0.1 for the servers that tests start."""

from __future__ import annotations

import socket

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, never the same twice in one test run.

    The kernel picks it; between this call and the server's own bind another program could take it.
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
