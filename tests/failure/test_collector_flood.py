"""What no honest sender does: bombs, endless bodies, slow clients, hundreds of connections. Memory stays bounded, answers are clear, and
honest senders are served during it and after."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import aiohttp
import psutil
import pytest

from tests.support.collectors import HOST, JSON, CollectorProcess, collector, event, events
from tests.support.engines import fresh_topic
from tests.support.workers import wait_for

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

MIB = 1 << 20
IN_FLIGHT_BYTES = 16 * MIB
MEMORY_BOUND_BYTES = 100 * MIB
"""What a flood may add to a collector at rest: bytes in flight, buffers of 500 connections, what malloc keeps."""
READ_SECONDS = 2.0


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    folder = tmp_path_factory.mktemp("collector")
    settings = stack.settings.with_changes(
        topic=fresh_topic(stack),
        outbox_dir=folder / "outbox",
        collector_in_flight_bytes=IN_FLIGHT_BYTES,
        collector_read_seconds=READ_SECONDS,
        collector_events_per_second=1e6,
        collector_wait_seconds=60.0,  # here the bytes in flight are the bound; test_collector_overload.py has the other one
    )
    with collector(settings, folder) as process:
        assert process.post_json(events(range(500))).status == 202  # everything is imported, every cache is there
        yield process


@pytest.fixture
def bounded(running: CollectorProcess) -> Iterator[Callable[[], None]]:
    """A look at the memory for the midst of a flood; after it the collector must serve an honest sender, and hold nothing back."""
    at_rest = running.memory_bytes

    def look() -> None:
        grown = running.memory_bytes - at_rest
        assert grown < MEMORY_BOUND_BYTES, f"{grown / MIB:.0f} MiB more than at rest"

    yield look
    look()
    began = time.monotonic()
    while (ready := running.get("/readyz").json())["in_flight_bytes"]:
        assert time.monotonic() < began + READ_SECONDS + 5, ready
        time.sleep(0.05)
    assert running.post_json(event(time.time_ns())).status == 202


def bomb(unzipped_bytes: int) -> bytes:
    """A thousandth of the size that it has unzipped; valid JSON to its end."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        file.write(b'{"a":"')
        for _ in range(unzipped_bytes // MIB):
            file.write(b"0" * MIB)
        file.write(b'"}')
    return out.getvalue()


def test_a_zip_bomb_is_unzipped_up_to_the_limit_and_refused(
    running: CollectorProcess, bounded: Callable[[], None]
) -> None:
    body = bomb(512 * MIB)
    assert len(body) < MIB
    answers = [running.post(body, {**JSON, "Content-Encoding": "gzip"}) for _ in range(5)]
    bounded()
    assert {answer.status for answer in answers} == {413}
    assert answers[0].json()["hint"] == "send fewer events in a request"


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"no zip at all", 400),
        ("gzip", gzip.compress(b"[]")[:-3], 400),
        ("gzip", gzip.compress(b"") * 5_000, 400),
        ("gzip", gzip.compress(gzip.compress(b"[]")), 400),
        ("deflate", zlib.compress(b"[]"), 202),
        ("GZIP", gzip.compress(b"[") + gzip.compress(b"]"), 202),
        ("br", b"[]", 415),
        ("gzip, gzip", b"[]", 415),
    ],
    ids=["no-zip", "cut", "many", "twice", "deflate", "two-members", "brotli", "two-encodings"],
)
def test_a_damaged_or_unknown_encoding_is_a_clear_4xx(
    running: CollectorProcess, encoding: str, body: bytes, status: int
) -> None:
    answer = running.post(body, {**JSON, "Content-Encoding": encoding})
    assert answer.status == status
    if status != 202:
        assert answer.json()["title"]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_ten_megabytes_are_refused_whether_announced_or_not(
    running: CollectorProcess, bounded: Callable[[], None], is_chunked: bool
) -> None:
    async def post_all() -> list[int]:
        headers = {"Authorization": f"Bearer {running.write_key}", **JSON}
        timeout = aiohttp.ClientTimeout(30)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            statuses = await asyncio.gather(*(one(session) for _ in range(20)))
        await asyncio.sleep(0.25)  # aiohttp's client closes its connections later
        return statuses

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"0" * MIB

    async def one(session: aiohttp.ClientSession) -> int:
        body = chunks() if is_chunked else io.BytesIO(b"0" * (10 * MIB))
        try:
            async with session.post(f"{running.url}/v1/events", data=body) as answer:
                return answer.status
        except (aiohttp.ClientError, ConnectionError):
            return 413  # refused, and the connection closed, while the client was still sending

    statuses = asyncio.run(post_all())
    bounded()
    assert set(statuses) <= {413, 503}
    assert 413 in statuses


def test_five_hundred_connections_at_once_are_served(running: CollectorProcess, bounded: Callable[[], None]) -> None:
    async def flood() -> list[int]:
        headers = {"Authorization": f"Bearer {running.write_key}", **JSON}
        connector = aiohttp.TCPConnector(limit=500)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            statuses = await asyncio.gather(*(one(session, number) for number in range(1_500)))
        await asyncio.sleep(0.25)  # aiohttp's client closes its connections later
        return statuses

    async def one(session: aiohttp.ClientSession, number: int) -> int:
        body = json.dumps([event(f"{number}-{part}") for part in range(10)])
        async with session.post(f"{running.url}/v1/events", data=body) as answer:
            await answer.read()
            return answer.status

    statuses = asyncio.run(flood())
    bounded()
    assert set(statuses) <= {202, 503}
    assert statuses.count(202) > 1_000


def test_values_that_cost_more_in_memory_than_in_json_are_counted(
    running: CollectorProcess, bounded: Callable[[], None]
) -> None:
    def body(lists: int) -> bytes:
        return json.dumps({**event(f"lists-{lists}"), "x": 0})[:-2].encode() + b"[" + b",".join([b"[]"] * lists) + b"]}"

    too_many = running.post(body(250_000))
    assert (too_many.status, too_many.json()["title"]) == (413, "the body has too many values")

    async def flood() -> list[int]:
        headers = {"Authorization": f"Bearer {running.write_key}", **JSON}
        async with aiohttp.ClientSession(headers=headers) as session:
            statuses = await asyncio.gather(*(one(session, 100_000 + number) for number in range(60)))
        await asyncio.sleep(0.25)
        return statuses

    async def one(session: aiohttp.ClientSession, lists: int) -> int:
        async with session.post(f"{running.url}/v1/events", data=io.BytesIO(body(lists))) as answer:
            return answer.status

    statuses = asyncio.run(flood())
    bounded()
    assert set(statuses) <= {202, 503}
    assert 202 in statuses


def opened(running: CollectorProcess, head: bytes) -> socket.socket:
    connection = socket.create_connection((HOST, running.port), timeout=60)
    connection.sendall(head)
    return connection


def head_of(running: CollectorProcess, length: int) -> bytes:
    return (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.write_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_slow_clients_are_timed_out_and_hold_up_nobody(running: CollectorProcess, bounded: Callable[[], None]) -> None:
    slow = [opened(running, head_of(running, MIB) + b"[" + b" " * 60_000) for _ in range(500)]
    try:
        bounded()
        served = [running.post_json(event(f"beside-{number}")).status for number in range(20)]
        assert set(served) <= {202, 503}
        began = time.monotonic()
        answers = [connection.recv(65536) for connection in slow]
        assert time.monotonic() - began < READ_SECONDS + 5
    finally:
        for connection in slow:
            connection.close()
    statuses = {answer.split(b" ", 2)[1] for answer in answers if answer}
    assert statuses <= {b"408", b"503"}
    assert b"408" in statuses


def test_clients_that_never_read_their_answers_lose_the_connection(
    running: CollectorProcess, bounded: Callable[[], None]
) -> None:
    body = b"[" + b",".join([b"1"] * 5_000) + b"]"
    deaf = []
    for _ in range(3):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, running.port))
        connection.sendall((head_of(running, len(body)) + body) * 20)  # the kernel takes some megabytes of answers
        deaf.append(connection)
    try:
        wait_for(
            lambda: open_connections(running) == 0, lambda: "the deaf clients are still connected", READ_SECONDS + 10
        )
        bounded()
    finally:
        for connection in deaf:
            connection.close()


def open_connections(running: CollectorProcess) -> int:
    return len(
        [
            one
            for one in psutil.Process(running.process.pid).net_connections()
            if one.status == "ESTABLISHED" and one.laddr.port == running.port
        ]
    )


def test_items_without_end_are_refused(running: CollectorProcess, bounded: Callable[[], None]) -> None:
    for body, kind in (
        (b"[" + b"1," * 100_000 + b"1]", JSON),
        (b"1\n" * 100_000, {"Content-Type": "application/x-ndjson"}),
    ):
        answer = running.post(body, kind)
        assert (answer.status, answer.json()["hint"]) == (400, "send fewer events in a request")
    blank = running.post(b"\n" * 100_000, {"Content-Type": "application/x-ndjson"})
    assert blank.status == 400
    deep = running.post(b"[" * 100_000)
    assert (deep.status, deep.json()["title"]) == (400, "the body nests deeper than 32 levels")
