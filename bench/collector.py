"""What the collector spends on an event, beside a bare aiohttp handler that only parses: `./run bench collector [--json] [--events N]
[--rounds N] [--against COMMIT]`.

Each round has a Kafka of its own in a temporary folder, and the same requests go to two servers, in changing order, each in a
process of its own:

- bare: an aiohttp.web handler that reads the body, parses it with orjson and answers with the number of events: nothing is checked,
  authenticated, bounded, kept or sent;
- collector: `touchline collector` with an outbox and raw identifiers: write key, limits, person keys, checks, a durable write before the
  answer, and Kafka;
- with --against before: that of another commit, in turn with it.

Three shapes of requests: one event each, 100, and 100 calls as Segment's libraries send them (Basic authentication, an adapter). Counted
is the server's CPU time, user and system, from the first request until all is answered and the outbox is empty; ratios are of events per
CPU second, the spread is the lowest and highest of a round. Seconds to an answer are reported beside it; on a busy machine they say more
about the machine, and the client shares its cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import orjson
import psutil
from aiohttp import web
from kafka import KafkaConsumer, TopicPartition

from bench.against import Version, add_argument, environment_for, in_turn, versions
from bench.events import make_events
from touchline.kafka.topic import ensure_topic
from touchline.local.ports import LOOPBACK, accepts, free_ports
from touchline.local.stack import LocalStack
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us
from touchline.schemas.times import format_time
from touchline.settings import Settings

EVENTS = 40_000
"""Events a run of 100 a request."""
EVENTS_PATH = "/v1/events"
SOURCE = "shell"
KEY = "bench." + "5" * 40
PERSONS = 5_000
WARM_UP_REQUESTS = 100
ROUNDS = 3
CONNECTIONS = 16
PARTITIONS = 4
BARE, HERE, BEFORE = "bare", "collector", "before"
START_SECONDS = 30.0
DRAIN_SECONDS = 60.0


class Shape(NamedTuple):
    """A kind of requests."""

    name: str
    path: str
    size: int
    """Events a request."""
    part: float
    """Of `--events`, so many are sent."""

    def requests(self, events: int) -> int:
        """Of a run, after the warm-up."""
        return max(20, int(events * self.part) // self.size)


SHAPES = (
    Shape("x1", EVENTS_PATH, 1, 0.15),
    Shape("x100", EVENTS_PATH, 100, 1.0),
    Shape("segment_x100", "/v1/batch", 100, 0.5),
)


class Measured(NamedTuple):
    """One side's run over the requests of one shape."""

    cpu_us_per_event: float
    events_per_second: float
    p50_ms: float
    p99_ms: float


Round = dict[tuple[str, str], Measured]
"""By side and shape."""


def main() -> None:
    """Run the benchmark, or as a child the bare server; the last line of --json is one object."""
    arguments = _arguments()
    if arguments.bare:
        serve_bare(arguments.bare)
        return
    rounds = []
    with versions(arguments.against) as found:
        sides = {BARE: found[0], **dict(zip((HERE, BEFORE), found, strict=False))}
        for number in range(arguments.rounds):
            rounds.append(run_round(arguments.events, in_turn(list(sides.items()), number)))
            shown = ", ".join(f"{side} {shape} {one.cpu_us_per_event:.0f}" for (side, shape), one in rounds[-1].items())
            print(f"round {number + 1}: us of CPU an event: {shown}", file=sys.stderr)
    result = summarize(rounds, list(sides), arguments.events)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<40}{value}" for name, value in result.items()))


def summarize(rounds: Sequence[Round], sides: Sequence[str], events: int) -> dict[str, object]:
    """Medians over the rounds; ratios are of events per CPU second, of the collector to the others."""
    result: dict[str, object] = {}
    for shape in SHAPES:
        for other in sides:
            if other != HERE:
                costs = [(one[other, shape.name], one[HERE, shape.name]) for one in rounds]
                ratios = [theirs.cpu_us_per_event / ours.cpu_us_per_event for theirs, ours in costs]
                result |= {
                    f"ratio_to_{other}_{shape.name}": round(statistics.median(ratios), 3),
                    f"ratio_to_{other}_min_{shape.name}": round(min(ratios), 3),
                    f"ratio_to_{other}_max_{shape.name}": round(max(ratios), 3),
                }
        for side in sides:
            found = [one[side, shape.name] for one in rounds]
            for name in Measured._fields:
                value = statistics.median(getattr(one, name) for one in found)
                result[f"{side}_{name}_{shape.name}"] = round(value, 1)
        result[f"events_{shape.name}"] = shape.requests(events) * shape.size
    return {**result, "rounds": len(rounds)}


def run_round(events: int, order: Sequence[tuple[str, Version]]) -> Round:
    """All sides over all shapes; what the collectors accepted must have arrived."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS, migrate=False) as stack,
    ):
        found: Round = {}
        (port,) = free_ports(1)
        settings = stack.settings.with_changes(
            topic="bench-collector", partitions=PARTITIONS, collector_port=port, write_keys_file=Path(folder) / "keys",
            outbox_dir=Path(folder) / "outbox", collector_events_per_second=1e9,
            collector_wait_seconds=DRAIN_SECONDS,
        )  # fmt: skip
        settings.write_keys_file.write_text(f"{KEY} {SOURCE}\n", encoding="ascii")
        ensure_topic(settings, stack.cluster.replication)
        for side, version in order:
            with _serving(side, version, settings) as process:
                for shape in SHAPES:
                    found[side, shape.name] = asyncio.run(_measure(side, settings, process, shape, events))
        collectors = sum(side != BARE for side, _ in order)
        sent = sum((shape.requests(events) + WARM_UP_REQUESTS) * shape.size for shape in SHAPES)
        if (arrived := _count(settings)) != collectors * sent:
            raise SystemExit(f"{arrived} records arrived of {collectors * sent}")
        return found


@contextmanager
def _serving(side: str, version: Version, settings: Settings) -> Iterator[psutil.Process]:
    words = ["bench.collector", "--bare", str(settings.collector_port)] if side == BARE else ["touchline", "collector"]
    command, environment = [version.python, "-m", *words], environment_for(version, settings)
    with subprocess.Popen(command, cwd=version.root, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not accepts(settings.collector_port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the server {side} did not start")
                time.sleep(0.05)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


async def _measure(side: str, settings: Settings, server: psutil.Process, shape: Shape, events: int) -> Measured:
    """One side over requests of one shape, after a warm-up."""
    size, requests = shape.size, shape.requests(events) + WARM_UP_REQUESTS
    is_segment = shape.path != EVENTS_PATH
    authorization = aiohttp.BasicAuth(KEY).encode() if is_segment else f"Bearer {KEY}"
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    bodies = _segment_bodies(requests, size) if is_segment else _bodies(requests, size)
    url = f"http://{LOOPBACK}:{settings.collector_port}{shape.path}"
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        await _post_all(session, url, bodies[:WARM_UP_REQUESTS])
        await _drained(side, settings)
        rest = bodies[WARM_UP_REQUESTS:]
        began_s, cpu_s = time.perf_counter(), _cpu_s(server)
        seconds = sorted(await _post_all(session, url, rest))
        took_s = time.perf_counter() - began_s
        await _drained(side, settings)
        cpu_s = _cpu_s(server) - cpu_s
    count = len(rest) * size
    p50, p99 = (seconds[int(len(seconds) * part)] * 1e3 for part in (0.5, 0.99))
    return Measured(cpu_s / count * 1e6, count / took_s, p50, p99)


async def _post_all(session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]) -> list[float]:
    """Seconds to each answer."""
    waiting, seconds = iter(bodies), list[float]()

    async def sender() -> None:
        for body in waiting:
            began_s = time.perf_counter()
            async with session.post(url, data=body) as answer:
                receipt = await answer.json(content_type=None)
                if answer.status not in (200, 202) or receipt.get("rejected"):
                    raise SystemExit(f"status {answer.status}: {receipt}")
            seconds.append(time.perf_counter() - began_s)

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return seconds


async def _drained(side: str, settings: Settings) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while side != BARE and settings.outbox_dir is not None and look(settings.outbox_dir, now_us()).records:
        if time.monotonic() > deadline:
            raise SystemExit("the outbox did not drain")
        await asyncio.sleep(0.05)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _bodies(requests: int, size: int) -> list[bytes]:
    """Bodies with raw identifiers, as a sender has them."""
    events = []
    for number, wire in enumerate(make_events(requests * size, PARTITIONS)):
        event = orjson.loads(wire.value)
        person = event.pop("persons")[0]["key"]
        del event["received_at"]
        events.append(
            {
                **event,
                "id": f"{size}-{number}",
                "source": SOURCE,
                "identifiers": [{"type": "loyalty", "value": person[-16:]}],
            }
        )
    groups = (events[start : start + size] for start in range(0, len(events), size))
    return [orjson.dumps(group if size > 1 else group[0]) for group in groups]


def _segment_bodies(requests: int, size: int) -> list[bytes]:
    """Batches of calls, as analytics libraries of servers send them. They say that they are sent now: of older ones the clock is corrected,
    and that is dearer."""
    happened, sent = (f"{format_time(now_us() + ago_us)[:-4]}Z" for ago_us in (-1_000_000, 0))
    calls = [
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"s{size}-{number}",
            "userId": f"customer-{number % PERSONS}",
            "anonymousId": f"browser-{number % PERSONS}",
            "timestamp": happened,
            "properties": {"product_id": f"p{number % 97}", "category": "shoes", "price": 59.9, "currency": "EUR"},
            "context": {"library": {"name": "analytics-python", "version": "2.3.3"}, "page": {"path": "/shoes"}},
        }
        for number in range(requests * size)
    ]
    groups = (calls[start : start + size] for start in range(0, len(calls), size))
    return [orjson.dumps({"batch": group, "sentAt": sent}) for group in groups]


def _count(settings: Settings) -> int:
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap)
    try:
        ends = consumer.end_offsets([TopicPartition(settings.topic, number) for number in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        consumer.close()


def serve_bare(port: int) -> None:
    """The bare server: parses and counts."""

    async def handle(request: web.Request) -> web.Response:
        document = orjson.loads(await request.read())
        members = document.get("batch", [document]) if isinstance(document, dict) else document
        return web.Response(body=orjson.dumps({"accepted": len(members)}), status=202, content_type="application/json")

    app = web.Application(client_max_size=16 << 20)
    for shape in SHAPES:
        if shape.size > 1:
            app.router.add_post(shape.path, handle)
    web.run_app(app, host=LOOPBACK, port=port, access_log=None, print=None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench collector", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument(
        "--events", type=int, default=EVENTS, help=f"events a run of 100 a request (default {EVENTS:,})"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default {ROUNDS})")
    add_argument(parser)
    parser.add_argument("--bare", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
