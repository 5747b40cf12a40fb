"""Ports on the loopback interface: which are free, and who has one that is not."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

import psutil

from touchline.errors import WrongUsage

LOOPBACK = "127.0.0.1"
STACK_MARK = "LOCAL_TOUCHLINE_STACK"
# Below the range from which the kernel takes ports for outgoing connections (32768 and up): a client that keeps trying
# a closed port of that range may one day connect to itself, and the server that comes back finds its port taken.
FREE_PORT_RANGE = range(20_000, 32_000)
FREE_PORT_TRIES = 500


def is_free(port: int) -> bool:
    """A server could listen there now; connections left over from an earlier one do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def accepts(port: int, host: str = LOOPBACK) -> bool:
    """Something listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """The first of `count` neighbouring free ports, all of them.

    Raises:
        WrongUsage: none was found.
    """
    for _ in range(FREE_PORT_TRIES):
        first = random.randrange(FREE_PORT_RANGE.start, FREE_PORT_RANGE.stop - count)
        ports = list(range(first, first + count))
        if all(is_free(port) for port in ports):
            return ports
    raise WrongUsage(f"no {count} neighbouring free ports on {LOOPBACK}", "end what holds them (`ss -ltn` lists them)")


def require_free(port: int, purpose: str, setting: str) -> None:
    """Say who has the port and what to do, before a server dies of it with a stack trace.

    Raises:
        WrongUsage: the port is taken.
    """
    if is_free(port):
        return
    owner, hint = _owner(port)
    raise WrongUsage(f"port {port} for {purpose} is taken by {owner}", f"{hint}, or set `{setting}` to another port")


def _owner(port: int) -> tuple[str, str]:
    """Who listens on the port as far as this user may know, and how to end it."""
    pid = next((pid for pid in _listeners(port)), None)
    if pid is None:
        return "a process of another user", f"find it with `sudo ss -ltnp 'sport = :{port}'` and end it"
    try:
        name = " ".join(psutil.Process(pid).cmdline()[:4])[:80] or psutil.Process(pid).name()
    except psutil.Error:
        return f"process {pid}", "end it"
    if stack := stack_of(pid):
        return f"the local stack in {stack} (process {pid})", "end that one with `touchline down` in its folder"
    return f"process {pid} ({name})", "end it"


def _listeners(port: int) -> list[int]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return []
    return [
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port == port
        and connection.pid
    ]


def stack_of(pid: int) -> str:
    """The local folder of the stack to which a process belongs; empty when it belongs to none or may not be asked."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    mark = f"{STACK_MARK}=".encode()
    return next((item[len(mark) :].decode() for item in environment.split(b"\0") if item.startswith(mark)), "")
