"""A TCP proxy that misbehaves at a word: slow, silent, deaf on one side, resetting, cutting off in mid-insert."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from enum import StrEnum
from typing import Final, NamedTuple

from touchline.local.ports import LOOPBACK

CHUNK_BYTES: Final = 64 << 10
INSERT: Final = b"INSERT INTO journey_raw.ledger"
ROWS_BYTES: Final = 512
"""What follows an insert's words and is at least that long is rows."""
START_SECONDS: Final = 10.0


class Mode(StrEnum):
    """What the proxy does with what it is given."""

    PASS = "pass"
    LATENCY = "latency"
    """Each piece comes later."""
    BLACK_HOLE = "black hole"
    """Nothing passes in either direction, and nobody is told. What was held passes afterwards, as TCP would send it again."""
    HALF_OPEN = "half-open"
    """What the client says arrives, no answer ever does. Afterwards the client is told by a reset."""
    RESET = "reset"
    """All connections are reset, and every new one."""
    CUT = "cut"
    """An insert is cut off in the midst of its rows: both sides are reset."""
    CUT_ANSWER = "cut answer"
    """An insert arrives whole; its connection is reset when its answer comes."""


class Seen(NamedTuple):
    """What a mode did since it was set: connections it met, pieces it delayed or withheld, connections it cut or reset."""

    connections: int
    pieces: int
    cuts: int

    def text(self) -> str:
        """For people."""
        return f"{self.connections} connections, {self.pieces} pieces delayed or withheld, {self.cuts} resets"

    @property
    def had_effect(self) -> bool:
        return self.pieces + self.cuts > 0


class Link:
    """One connection of a client, and ours to the server. `inserts` and `has_rows` say how far an insert on it is."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.inserts = False
        self.has_rows = False
        self.is_deaf = False

    def note(self, data: bytes, *, is_up: bool) -> None:
        """Follow what passes: words of an insert, then its rows, then an answer."""
        if is_up and INSERT in data:
            self.inserts, self.has_rows = True, len(data) > 4 * ROWS_BYTES
        elif is_up and self.inserts:
            self.has_rows = self.has_rows or len(data) >= ROWS_BYTES
        elif self.has_rows:
            self.inserts = self.has_rows = False

    def reset(self) -> None:
        """End both sides by RST, without what still waits to be sent."""
        for writer in (self.client, self.server):
            reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """End one side by RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """Listens on a port of its own and leads to another one of this machine, from a thread of its own. To be used in a `with`."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.port = port
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy to {target_port}")
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: Counter[str] = Counter()
        self._mode = Mode.PASS
        self._seconds = 0.0
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Proxy:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def open_links(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    @property
    def seen(self) -> Seen:
        """What was done since the mode was set."""
        return Seen(self._counts["connections"], self._counts["pieces"], self._counts["cuts"])

    def set(self, mode: Mode, seconds: float = 0.0) -> None:
        """Misbehave from now on; `seconds` is the latency of a piece."""
        asyncio.run_coroutine_threadsafe(self._set(mode, seconds), self._loop).result(START_SECONDS)

    def clear(self) -> Seen:
        """Pass everything again; returns what was done."""
        return asyncio.run_coroutine_threadsafe(self._clear(), self._loop).result(START_SECONDS)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port, limit=CHUNK_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _set(self, mode: Mode, seconds: float) -> None:
        self._counts.clear()
        self._counts["connections"] = len(self._links)
        self._change(mode, seconds)
        if mode is Mode.RESET:
            self._reset(list(self._links))

    async def _clear(self) -> Seen:
        was, deaf = self._mode, [link for link in self._links if link.is_deaf]
        seen = self.seen
        self._change(Mode.PASS, 0.0)
        if was is Mode.HALF_OPEN:
            self._reset(deaf)
        return seen

    def _change(self, mode: Mode, seconds: float) -> None:
        self._mode, self._seconds = mode, seconds
        self._changed.set()
        self._changed = asyncio.Event()

    def _reset(self, links: list[Link]) -> None:
        for link in links:
            self._counts["cuts"] += 1
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # whoever is on the other side sees it as it is
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._counts["connections"] += 1
        if self._mode is Mode.RESET:
            self._counts["cuts"] += 1
            reset(writer)
            return
        from_server, to_server = await asyncio.open_connection(LOOPBACK, self._target_port, limit=CHUNK_BYTES)
        link = Link(writer, to_server)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(link, reader, to_server, is_up=True))
                both.create_task(self._pump(link, from_server, writer, is_up=False))
        except* OSError:
            pass
        finally:
            self._links.discard(link)
            to_server.transport.abort()

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            passed = await self._passed(link, data, is_up=is_up)
            if passed is None:
                continue
            writer.write(passed)
            await writer.drain()
            if len(passed) < len(data):
                await asyncio.sleep(0.01)  # the piece that was let through is to be on its way
                self._reset([link])
                return
        await self._through()
        # One side has ended: the other is told, once what it was sent has left.
        writer.close()

    async def _passed(self, link: Link, data: bytes, *, is_up: bool) -> bytes | None:
        """What of a piece passes: all, a part (then comes a reset), or nothing."""
        had_rows = link.has_rows
        link.note(data, is_up=is_up)
        if self._mode is Mode.CUT and is_up and link.has_rows:
            return data[: len(data) // 2]
        if self._mode is Mode.CUT_ANSWER and not is_up and had_rows:
            self._reset([link])
            return None
        if self._mode is Mode.LATENCY:
            self._counts["pieces"] += 1
            await asyncio.sleep(self._seconds)
        if self._mode is Mode.BLACK_HOLE:
            self._counts["pieces"] += 1
            await self._through()
        if link.is_deaf or self._mode is Mode.HALF_OPEN:
            if is_up:
                return data
            link.is_deaf = True
            self._counts["pieces"] += 1
            return None
        return data

    async def _through(self) -> None:
        """Until there is no black hole."""
        while self._mode is Mode.BLACK_HOLE:
            await self._changed.wait()
