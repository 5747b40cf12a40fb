"""What the collector spends on an event, beside a bare aiohttp handler that only parses: `./run bench collector [--json] [--events N]
[--rounds N]`.

Each round has a Kafka of its own in a temporary folder, and the same requests go to two servers, in changing order, each in a
process of its own:

- bare: an aiohttp.web handler that reads the body, parses it with orjson and answers with the number of events: nothing is checked,
  authenticated, bounded, kept or sent;
- collector: `touchline collector` with an outbox and raw identifiers: write key, limits, person keys, checks, a durable write before the
  answer, and Kafka.

Two shapes of requests: one event each, and 100. Counted is the server's CPU time, user and system, from the first request until all is
answered and the outbox is empty; ratios are of events per CPU second, the spread is the lowest and highest of a round. Seconds to an
answer are reported beside it; on a busy machine they say more about the machine, and the client shares its cores.
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

from bench.events import make_events
from touchline.kafka.topic import ensure_topic
from touchline.local.parts import settings_environment
from touchline.local.ports import LOOPBACK, accepts, free_ports
from touchline.local.stack import LocalStack
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us
from touchline.settings import Settings

EVENTS = {1: 6_000, 100: 40_000}
"""Events a request -> events a run."""
WARM_UP_REQUESTS = 100
ROUNDS = 3
CONNECTIONS = 16
PARTITIONS = 4
SIDES = ("bare", "collector")
START_SECONDS = 30.0
DRAIN_SECONDS = 60.0


class Measured(NamedTuple):
    """One side's run over the requests of one shape."""

    cpu_us_per_event: float
    events_per_second: float
    p50_ms: float
    p99_ms: float


Round = dict[tuple[str, int], Measured]
"""By side and events a request."""


def main() -> None:
    """Run the benchmark, or as a child the bare server; the last line of --json is one object."""
    arguments = _arguments()
    if arguments.bare:
        serve_bare(arguments.bare)
        return
    share = arguments.events / EVENTS[100]
    counts = {size: max(size * 20, int(count * share)) for size, count in EVENTS.items()}
    rounds = []
    for number in range(arguments.rounds):
        rounds.append(run_round(counts, SIDES if number % 2 == 0 else SIDES[::-1]))
        shown = ", ".join(f"{side} x{size} {one.cpu_us_per_event:.0f}" for (side, size), one in rounds[-1].items())
        print(f"round {number + 1}: us of CPU an event: {shown}", file=sys.stderr)
    result = summarize(rounds, counts)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<40}{value}" for name, value in result.items()))


def summarize(rounds: Sequence[Round], counts: dict[int, int]) -> dict[str, object]:
    """Medians over the rounds."""
    result: dict[str, object] = {}
    for size in counts:
        ratios = [one["bare", size].cpu_us_per_event / one["collector", size].cpu_us_per_event for one in rounds]
        result |= {
            f"ratio_to_bare_x{size}": round(statistics.median(ratios), 3),
            f"ratio_min_x{size}": round(min(ratios), 3),
            f"ratio_max_x{size}": round(max(ratios), 3),
        }
        for side in SIDES:
            found = [one[side, size] for one in rounds]
            for name in Measured._fields:
                result[f"{side}_{name}_x{size}"] = round(statistics.median(getattr(one, name) for one in found), 1)
    return {**result, **{f"events_x{size}": count for size, count in counts.items()}, "rounds": len(rounds)}


def run_round(counts: dict[int, int], order: Sequence[str]) -> Round:
    """Both sides over both shapes; what the collector accepted must have arrived."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS, migrate=False) as stack,
    ):
        found: Round = {}
        (port,) = free_ports(1)
        settings = stack.settings.with_changes(
            topic="bench-collector", partitions=PARTITIONS, collector_port=port,
            outbox_dir=Path(folder) / "outbox", collector_events_per_second=1e9,
        )  # fmt: skip
        ensure_topic(settings, stack.cluster.replication)
        for side in order:
            with _serving(side, settings) as process:
                for size, count in counts.items():
                    found[side, size] = asyncio.run(_measure(side, settings, process, size, count))
        expected = sum(count // size * size + WARM_UP_REQUESTS * size for size, count in counts.items())
        arrived = _count(settings)
        if arrived != expected:
            raise SystemExit(f"{arrived} records arrived of {expected}")
        return found


@contextmanager
def _serving(side: str, settings: Settings) -> Iterator[psutil.Process]:
    words = (
        ["bench.collector", "--bare", str(settings.collector_port)] if side == "bare" else ["touchline", "collector"]
    )
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, env=settings_environment(settings), stderr=subprocess.DEVNULL) as process:
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


async def _measure(side: str, settings: Settings, server: psutil.Process, size: int, count: int) -> Measured:
    """One side over requests of `size` events, after a warm-up."""
    key = settings.write_keys_file.read_text(encoding="ascii").split()[0]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies = _bodies(count // size + WARM_UP_REQUESTS, size)
    url = f"http://{LOOPBACK}:{settings.collector_port}/v1/events"
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
    events = len(rest) * size
    p50, p99 = (seconds[int(len(seconds) * part)] * 1e3 for part in (0.5, 0.99))
    return Measured(cpu_s / events * 1e6, events / took_s, p50, p99)


async def _post_all(session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]) -> list[float]:
    """Seconds to each answer."""
    waiting, seconds = iter(bodies), list[float]()

    async def sender() -> None:
        for body in waiting:
            began_s = time.perf_counter()
            async with session.post(url, data=body) as answer:
                receipt = await answer.json(content_type=None)
                if answer.status != 202 or receipt.get("rejected"):
                    raise SystemExit(f"status {answer.status}: {receipt}")
            seconds.append(time.perf_counter() - began_s)

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return seconds


async def _drained(side: str, settings: Settings) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while side == "collector" and settings.outbox_dir is not None and look(settings.outbox_dir, now_us()).records:
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
                "source": "shell",
                "identifiers": [{"type": "loyalty", "value": person[-16:]}],
            }
        )
    groups = (events[start : start + size] for start in range(0, len(events), size))
    return [orjson.dumps(group if size > 1 else group[0]) for group in groups]


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
        accepted = len(document) if isinstance(document, list) else 1
        return web.Response(body=orjson.dumps({"accepted": accepted}), status=202, content_type="application/json")

    app = web.Application(client_max_size=16 << 20)
    app.router.add_post("/v1/events", handle)
    web.run_app(app, host=LOOPBACK, port=port, access_log=None, print=None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench collector", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument(
        "--events", type=int, default=EVENTS[100], help=f"events a run of 100 a request (default {EVENTS[100]:,})"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default {ROUNDS})")
    parser.add_argument("--bare", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
