"""Receivers that mean ill cannot hold up the sinks beside them, nor cost more than a try: alerts and invitations over real connections."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.sinks import NOW_US, Alerts, Invitations, until
from touchline.sinks.again import LONGEST_WAIT_US
from touchline.sinks.sender import Sender
from touchline.sinks.webhook import WebhookSender

SECONDS = 0.4
"""How long a try may take with a receiver that means ill."""
PATIENT = 30.0
"""With one that answers, however slow the machine."""
COUNT = 40
"""More than are on their way to one sink at once."""
QUICK = "quick"
HUGE = "9" * 400
Receiver = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _silent(said: asyncio.StreamReader, _to: asyncio.StreamWriter) -> None:
    await said.read()


async def _drips(_said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        to.write(b"x")
        await to.drain()
        await asyncio.sleep(0.02)


async def _endless_head(_said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        to.write(b"X-More: " + b"x" * 1_000 + b"\r\n")
        await to.drain()
        await asyncio.sleep(0.001)


async def _endless_body(_said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\n\r\n")
    while True:
        to.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        await to.drain()
        await asyncio.sleep(0.001)  # it shares the loop with the senders


async def _always_first(_said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while True:
        to.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await to.drain()
        await asyncio.sleep(0.001)


def _answers(status: str, *headers: str) -> Receiver:
    async def answer(_said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        to.write("\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]).encode())
        await to.drain()

    return answer


MEAN: Mapping[str, Receiver] = {
    "silent": _silent,
    "drips": _drips,
    "head": _endless_head,
    "first": _always_first,
    "redirects": _answers("307 Temporary Redirect", "Location: /redirects"),
    "busy": _answers("429 Too Many Requests", f"Retry-After: {HUGE}"),
    "strange": _answers("429 Too Many Requests", "Retry-After: ²"),
    "garbage": _answers("200 OK\x00", "no header"),
}
TAKEN = {"body": _endless_body, QUICK: _answers("204 No Content")}
"""They answer 2xx: what comes behind is nobody's business."""


class Receivers:
    """All of them behind one port; each by its path."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.cookies = 0
        self.talking: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None] | None] = set()

    async def answer(self, said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        """One connection, as long as the other side keeps it."""
        self.tasks.add(asyncio.current_task())
        name = ""
        try:
            while True:
                head = await said.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                await said.readexactly(length)
                name = head.split(b" ")[1].decode().strip("/")
                self.requests[name] += 1
                self.cookies += b"cookie:" in head.lower()
                self.talking[name] += 1
                await {**MEAN, **TAKEN}[name](said, to)
                self.talking[name] -= 1
        except OSError:  # the other side has hung up
            self.talking[name] -= 1
        except asyncio.IncompleteReadError:
            pass
        finally:
            to.close()


@asynccontextmanager
async def receivers() -> AsyncIterator[tuple[Receivers, dict[str, Sender]]]:
    """Until the block ends; with a sender to each."""
    them = Receivers()
    server = await asyncio.start_server(them.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    senders: dict[str, Sender] = {
        name: WebhookSender(f"{url}/{name}", b"sesame", PATIENT if name in TAKEN else SECONDS, time.time)
        for name in (*MEAN, *TAKEN)
    }
    try:
        yield them, senders
    finally:
        for one in senders.values():
            await one.close()
        server.close()
        await asyncio.gather(*filter(None, them.tasks))


@pytest.mark.parametrize("name", MEAN)
def test_a_receiver_that_means_ill_costs_each_alert_a_try_and_holds_up_no_other_sink(tmp_path: Path, name: str) -> None:
    async def go() -> Alerts:
        async with receivers() as (them, senders):
            alerts = Alerts(tmp_path, {name: senders[name], QUICK: senders[QUICK]}, COUNT)
            tasks = alerts.run()
            await until(lambda: alerts.store.counts() == {(name, "waits"): COUNT, (QUICK, "done"): COUNT})
            await until(lambda: not alerts.store.waiting(name, NOW_US, 1))
            assert not any(one.done() for one in tasks)
            assert alerts.queues[QUICK].failures == 0
            assert them.requests[name] <= COUNT, "no redirect is followed, and nothing tried sooner than it may be"
            await until(lambda: not them.talking[name] or name == "silent")
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return alerts

    alerts = asyncio.run(go())
    later = alerts.store.waiting(name, NOW_US + LONGEST_WAIT_US, COUNT)
    assert [one.attempts for one in later] == [1] * COUNT
    alerts.store.close()


def test_an_answer_without_end_is_hung_up_on_and_taken_for_what_its_status_says(tmp_path: Path) -> None:
    async def go() -> None:
        async with receivers() as (them, senders):
            alerts = Alerts(tmp_path, {"body": senders["body"]}, COUNT)
            tasks = alerts.run()
            await until(lambda: alerts.store.counts() == {("body", "done"): COUNT})
            await until(lambda: not them.talking["body"])
            assert them.cookies == 0
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            alerts.store.close()

    asyncio.run(go())


@pytest.mark.parametrize("name", [*MEAN, "body"])
def test_a_receiver_that_means_ill_holds_up_no_invitation_of_another_sink(name: str) -> None:
    async def go() -> None:
        async with receivers() as (them, senders):
            invitations = Invitations({"webhook": senders[name], "topic": senders[QUICK]}, COUNT)
            sending = asyncio.create_task(invitations.keep_sending())
            await until(lambda: them.requests[QUICK] == COUNT)
            if name in TAKEN:
                await until(lambda: len(invitations.desk.written) == COUNT)
            sending.cancel()
            await invitations.outgoing.close()
            assert name in TAKEN or invitations.desk.written == []

    asyncio.run(go())
