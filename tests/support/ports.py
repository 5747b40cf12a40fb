"""Free TCP ports of 127.0.0.1 for the servers that tests start."""

from __future__ import annotations

from touchline.local.ports import free_ports

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, never the same twice in one test process.

    Between this call and the server's own bind another program could take it; picked at random from a wide range, that is rare.
    """
    while True:
        (port,) = free_ports(1)
        if port not in _given:
            _given.add(port)
            return port
