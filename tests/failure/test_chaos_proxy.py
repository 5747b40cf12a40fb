"""The proxy of the chaos: each of its modes does to a connection what its name says, and nothing when it passes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.chaos.proxy import INSERT, Mode, Proxy

SECONDS = 2.0
ROWS = b"r" * 4_000


class Echo:
    """Answers what it is told; knows all that it was told."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard = bytearray()
        self.ends: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65_536):
                    self.heard += data
                    connection.sendall(data)
                self.ends.append("closed")
            except ConnectionResetError:
                self.ends.append("reset")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with connected(proxy) as made:
        yield made


def connected(proxy: Proxy) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", proxy.port), SECONDS)
    made.settimeout(SECONDS)
    return made


def told(client: socket.socket, data: bytes) -> bytes:
    """What comes back."""
    client.sendall(data)
    answer = b""
    while len(answer) < len(data):
        got = client.recv(65_536)
        if not got:
            break
        answer += got
    return answer


def told_anew(proxy: Proxy, data: bytes) -> bytes:
    """The same over a connection of its own."""
    with connected(proxy) as made:
        return told(made, data)


def rest_of(client: socket.socket) -> bytes:
    """All that still comes."""
    found = b""
    while got := client.recv(65_536):
        found += got
    return found


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_passes_everything_both_ways_and_closes_when_the_client_does(
    proxy: Proxy, echo: Echo, client: socket.socket
) -> None:
    assert told(client, ROWS * 100) == ROWS * 100
    assert proxy.open_links == 1
    client.close()
    wait_until(lambda: proxy.open_links == 0)
    wait_until(lambda: echo.ends == ["closed"])


def test_latency_delays_each_piece(proxy: Proxy, client: socket.socket) -> None:
    told(client, b"first")
    proxy.set(Mode.LATENCY, 0.2)
    began = time.monotonic()
    assert told(client, b"slow") == b"slow"
    assert time.monotonic() - began >= 0.4
    assert proxy.clear().pieces == 2


def test_a_black_hole_swallows_both_ways_and_what_it_held_comes_afterwards(
    proxy: Proxy, echo: Echo, client: socket.socket
) -> None:
    told(client, b"first")
    proxy.set(Mode.BLACK_HOLE)
    client.sendall(b"held")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(10)
    assert bytes(echo.heard) == b"first"
    assert proxy.clear().had_effect
    client.settimeout(SECONDS)
    assert client.recv(10) == b"held"


def test_half_open_carries_words_and_no_answer_and_ends_by_a_reset(
    proxy: Proxy, echo: Echo, client: socket.socket
) -> None:
    told(client, b"first")
    proxy.set(Mode.HALF_OPEN)
    client.sendall(b"insert")
    wait_until(lambda: bytes(echo.heard) == b"firstinsert")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(10)
    assert proxy.clear().pieces == 1
    with pytest.raises(ConnectionResetError):
        client.recv(10)


def test_reset_ends_what_is_open_and_what_is_opened(proxy: Proxy, client: socket.socket) -> None:
    told(client, b"first")
    proxy.set(Mode.RESET)
    with pytest.raises(ConnectionResetError):
        client.recv(10)
    with pytest.raises(ConnectionError):  # while it connects, when it is told, or as a broken pipe
        told_anew(proxy, b"second")
    assert proxy.clear().cuts == 2
    assert told_anew(proxy, b"third") == b"third"


def test_a_cut_ends_an_insert_amid_its_rows_and_nothing_else(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    proxy.set(Mode.CUT)
    assert told(client, b"SELECT 1" + ROWS) == b"SELECT 1" + ROWS
    words = INSERT + b" (x) VALUES"
    assert told(client, words) == words
    before = len(echo.heard)
    client.sendall(ROWS)
    with pytest.raises(ConnectionResetError):
        rest_of(client)
    wait_until(lambda: echo.ends == ["reset"])
    assert 0 < len(echo.heard) - before < len(ROWS)
    assert proxy.clear().cuts == 1


def test_a_cut_answer_lets_the_insert_arrive_whole(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    proxy.set(Mode.CUT_ANSWER)
    words = INSERT + b" (x) VALUES"
    assert told(client, words) == words
    client.sendall(ROWS)
    with pytest.raises(ConnectionResetError):
        client.recv(10)
    assert bytes(echo.heard) == words + ROWS
    assert proxy.clear().cuts == 1


def test_a_fault_that_met_nobody_had_no_effect(proxy: Proxy) -> None:
    proxy.set(Mode.CUT)
    assert not proxy.clear().had_effect
