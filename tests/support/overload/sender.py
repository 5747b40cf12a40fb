"""A process that sends at a fixed pace, whatever the collector answers: `python -m tests.support.overload.sender ORDER RESULT`.

The pace is open-loop: a request is due when its time has come, not when another one was answered. A connection carries one request at a
time, as those of SDKs do, so a request that finds all connections waiting cannot be sent: it is counted as crowded out. What is refused is
due again, unchanged, after Retry-After.

It says `connected`, `sent` when the time is over and nothing is on its way, and ends when its input ends.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.support.overload.connection import ACCEPTED, Answered, Connection
from tests.support.overload.shapes import Shapes
from touchline.service.open_files import raise_open_files

HOST = "127.0.0.1"
OPENING_TOGETHER = 100
TICK_SECONDS = 0.005
LAST_ANSWERS_SECONDS = 60.0


class Order(NamedTuple):
    """What a process is to do. `requests_per_second` of 0 is as fast as answers come. A request has `events`."""

    port: int
    write_key: str
    prefix: str
    connections: int
    requests_per_second: float
    seconds: float
    events: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """As `write` left it."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """For another process."""
        path.write_text(json.dumps(self._asdict()))


class Sender:
    """All connections of one process, and what became of each request."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._shapes = Shapes(order.prefix, order.write_key, order.events)
        self._idle: deque[Connection] = deque()
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._again: list[tuple[float, int]] = []
        """When a refused request is due again, and its number."""
        self._next = 0
        self._on_their_way = 0
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.accepted: list[tuple[int, float]] = []
        """Number of the request, seconds to its answer."""
        self.refused_seconds: list[float] = []
        self.due = 0
        self.crowded_out = 0
        self.sent = 0

    async def connect(self) -> None:
        """Open all connections."""
        gate = asyncio.Semaphore(OPENING_TOGETHER)

        async def one() -> None:
            async with gate:
                await self._open()

        await asyncio.gather(*(one() for _ in range(self._order.connections)))

    async def run(self) -> float:
        """Send for the time ordered, then wait for the last answers. Returns the seconds of sending."""
        began_s = time.monotonic()
        end_s = began_s + self._order.seconds
        while (now_s := time.monotonic()) < end_s:
            due = int((now_s - began_s) * self._order.requests_per_second) - self.due
            self._send(due if self._order.requests_per_second else len(self._idle), now_s)
            await asyncio.sleep(TICK_SECONDS)
        took_s = time.monotonic() - began_s
        while self._on_their_way and time.monotonic() < end_s + LAST_ANSWERS_SECONDS:
            await asyncio.sleep(TICK_SECONDS)
        if self._on_their_way:
            self.wrong.append(f"{self._on_their_way} requests without an answer")
        return took_s

    def close(self) -> None:
        """End all connections."""
        for one in self._connections:
            one.close()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, one = await loop.create_connection(lambda: Connection(self._answered, self._ended), HOST, self._order.port)
        self._connections.add(one)
        self._idle.append(one)

    def _send(self, due: int, now_s: float) -> None:
        self.due += due
        for number in range(due):
            if not self._idle:
                self.crowded_out += due - number
                return
            one = self._idle.popleft()
            if not one.is_open:
                continue
            which = self._which(now_s)
            one.send(which, self._shapes.request(which), now_s)
            self.sent += 1
            self._on_their_way += 1

    def _which(self, now_s: float) -> int:
        if self._again and self._again[0][0] <= now_s:
            return heapq.heappop(self._again)[1]
        self._next += 1
        return self._next

    def _answered(self, one: Connection, answer: Answered | None) -> None:
        number, one.number = one.number, None
        assert number is not None
        self._on_their_way -= 1
        now_s = time.monotonic()
        if answer is None:
            self._note_wrong("connection ended amid a request")
            self._reopen(one)
            return
        self._idle.append(one)
        self.statuses[str(answer.status)] += 1
        if answer.status in ACCEPTED:
            self.accepted.append((number, now_s - one.sent_s))
            self._require_whole(answer)
        elif answer.status in (429, 503) and answer.retry_after is not None:
            self.refused_seconds.append(now_s - one.sent_s)
            heapq.heappush(self._again, (now_s + float(answer.retry_after), number))
        else:
            self._note_wrong(f"{answer.status}, Retry-After {answer.retry_after}: {answer.body[:200]!r}")

    def _require_whole(self, answer: Answered) -> None:
        if json.loads(answer.body).get("accepted") != self._order.events:
            self._note_wrong(f"accepted in part: {answer.body[:200]!r}")

    def _note_wrong(self, what: str) -> None:
        self.statuses["wrong"] += 1
        if len(self.wrong) < 5:
            self.wrong.append(what)

    def _ended(self, one: Connection) -> None:
        """An idle connection that the collector ended, as a server may after a while."""
        self.statuses["idle connection ended"] += 1
        self._reopen(one)

    def _reopen(self, one: Connection) -> None:
        self._connections.discard(one)
        task = asyncio.create_task(self._open())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _main(order: Order, result: Path) -> None:
    sender = Sender(order)
    await sender.connect()
    print("connected", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    seconds = await sender.run()
    found: dict[str, Any] = {
        "seconds": seconds,
        "due": sender.due,
        "sent": sender.sent,
        "crowded_out": sender.crowded_out,
        "statuses": sender.statuses,
        "wrong": sender.wrong,
        "accepted": sender.accepted,
        "refused_seconds": sender.refused_seconds,
    }
    result.write_text(json.dumps(found))
    print("sent", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    sender.close()
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    raise_open_files()
    asyncio.run(_main(Order.read(Path(sys.argv[1])), Path(sys.argv[2])))
