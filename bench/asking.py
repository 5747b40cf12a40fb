"""How long it takes to hear whether somebody may be asked: `./run bench asking [--json] [--per-second N] [--seconds N] [--history N]`.

`GET /v1/ask` at a steady rate, each time about another customer who has just bought: half of them may be asked as far as consent goes, so
decisions are written, and half may not. `touchline worker` and `touchline surveys serve` run as processes of their own, Kafka without an
outbox: a yes is told when its event is safe. The latency is told from the moment at which the question was to be asked by the schedule, so
that a stall does not hide what waited. Beside it the same rate of `GET /healthz`: what asking costs that asks nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import psutil
from kafka import KafkaProducer

from bench.against import HERE, OURS, stack_for
from bench.cpu import Reading, read, wait_stored
from bench.events import WireEvent, make_events, person_key, wire_event
from bench.latency import cores, summarize
from bench.pipeline import process_of_worker, running
from touchline.clickhouse.connect import connect
from touchline.kafka.partitioning import partition_of
from touchline.local.parts import settings_environment
from touchline.local.ports import free_ports
from touchline.schemas.times import US_PER_HOUR, US_PER_SECOND, format_time
from touchline.settings import Settings

RATES: Final = (20, 100)
SECONDS: Final = 60
HISTORY: Final = 50_000
PARTITIONS: Final = 4
PATIENCE_SECONDS: Final = 180.0
WARM: Final = 20
"""Questions before those that count: connections are there, and code is loaded."""
_FIRST_PERSON: Final = 1_000_000
"""Number of the first who is asked about: the history has others."""
_SOURCES: Final = """
sources:
  retail-pos: {legal_basis: contract}
  surveys: {legal_basis: legitimate_interests}
"""
Send = Callable[[aiohttp.ClientSession, int], Any]


class Heard(NamedTuple):
    """An answer: what it says, and seconds since it was to be asked."""

    reason: str
    seconds: float


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    rates = [arguments.per_second] if arguments.per_second else RATES
    result: dict[str, object] = {"seconds": arguments.seconds, "history": arguments.history}
    result |= measure(rates, arguments.seconds, arguments.history)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<48}{value}" for name, value in result.items()))


def measure(rates: Sequence[int], seconds: int, history: int) -> dict[str, object]:
    """All rates on one stack: seconds of latency, what was answered, and cores of surveys and engine."""
    persons = WARM + sum(rate * seconds for rate in rates)
    result: dict[str, object] = {}
    with ExitStack() as within:
        folder = Path(within.enter_context(tempfile.TemporaryDirectory(prefix="touchline-asking-")))
        stack = within.enter_context(stack_for(HERE, PARTITIONS))
        (folder / "sources.yaml").write_text(_SOURCES)
        settings = stack.settings.with_changes(
            sources_file=folder / "sources.yaml",
            survey_policy="recommendation",
            surveys_asks_per_second=10_000.0,
            surveys_port=free_ports(1)[0],
        )
        worker = within.enter_context(process_of_worker(settings))
        _store(settings, [psutil.Process(worker), psutil.Process(stack.clickhouse.pid)], persons, history)
        command = [sys.executable, "-m", "touchline", "surveys", "serve"]
        log = folder / "surveys.log"
        served = within.enter_context(running(command, settings_environment(settings), log))
        processes = [psutil.Process(served), psutil.Process(stack.clickhouse.pid)]
        url = f"http://127.0.0.1:{settings.surveys_port}"
        asyncio.run(_wait_ready(url))
        ask = _asking(url, settings.write_keys_file.read_text().split()[0])
        asyncio.run(on_schedule(ask, range(WARM), 5))
        first = WARM
        for rate in rates:
            before = read(0, processes)
            heard = asyncio.run(on_schedule(ask, range(first, first + rate * seconds), rate))
            after = read(0, processes)
            idle = asyncio.run(on_schedule(_healthy(url), range(rate * min(seconds, 10)), rate))
            first += rate * seconds
            figures = {
                **summarize("asked", [one.seconds for one in heard]),
                **summarize("nothing_asked", [one.seconds for one in idle]),
                "surveys_cores": cores(before, after)[0],
                "engine_cores": cores(before, after)[1],
                "engine_ms_an_ask": round(1_000 * _engine_seconds(before, after) / len(heard)),
                "reasons": dict(Counter(one.reason for one in heard)),
            }
            print(f"{rate} a second: {figures}", file=sys.stderr)
            result |= {f"{rate}_a_second_{name}": value for name, value in figures.items()}
    return result


def _engine_seconds(before: Reading, after: Reading) -> float:
    return after.cpu_seconds[1] - before.cpu_seconds[1]


async def on_schedule(send: Send, numbers: range, rate: float) -> list[Heard]:
    """Send each when it is due, however many wait; returns when all are answered."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begin = time.monotonic()

        async def one(position: int, number: int) -> Heard:
            due = begin + position / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            reason = await send(session, number)
            return Heard(reason, time.monotonic() - due)

        return list(await asyncio.gather(*(one(position, number) for position, number in enumerate(numbers))))


def _asking(url: str, key: str) -> Send:
    headers = {"Authorization": f"Bearer {key}"}

    async def send(session: aiohttp.ClientSession, number: int) -> str:
        query = {"person": person_key(_FIRST_PERSON + number), "touchpoint": "store_purchase"}
        async with session.get(f"{url}/v1/ask", params=query, headers=headers) as answer:
            return str((await answer.json())["reason"]) if answer.status == 200 else str(answer.status)

    return send


def _healthy(url: str) -> Send:
    async def send(session: aiohttp.ClientSession, _number: int) -> str:
        async with session.get(f"{url}/healthz") as answer:
            return str(answer.status)

    return send


async def _wait_ready(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise SystemExit(f"the surveys are not ready after {PATIENCE_SECONDS:.0f} s")


def _store(settings: Settings, processes: list[psutil.Process], persons: int, history: int) -> None:
    """A purchase of an hour ago of each who is asked about, the consent of every other one, and events of other persons."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, enable_idempotence=True)
    events = [*make_events(history, PARTITIONS), *events_about(range(persons), time.time_ns() // 1_000)]
    for one in events:
        producer.send(settings.topic, one.value, key=one.key, headers=one.headers, partition=one.partition)
    producer.flush()
    producer.close()
    client = connect(settings)
    wait_stored(client, processes, OURS, len(events), len(events))
    client.disconnect()


def events_about(numbers: range, now_us: int) -> list[WireEvent]:
    """What is known of those who are asked about."""
    bought = format_time(now_us - US_PER_HOUR)
    events = []
    for number in numbers:
        said: dict[str, Any] = {"touchpoint": "store_purchase", "action": "purchase"}
        events.append(_wire(number, "touchpoint", f"r{number}", bought, said))
        if number % 2 == 0:
            granted = format_time(now_us - 2 * US_PER_HOUR - US_PER_SECOND)
            said = {"consent_id": f"g{number}", "purposes": ["contact_me"], "state": "granted", "effective_at": granted}
            events.append(_wire(number, "consent", f"c{number}", granted, said))
    return events


def _wire(number: int, kind: str, event_id: str, at: str, said: dict[str, Any]) -> WireEvent:
    key = person_key(_FIRST_PERSON + number)
    event = {
        "type": f"touchline.{kind}.v1",
        "id": event_id,
        "source": "retail-pos",
        "time": at,
        "received_at": at,
        "persons": [{"type": "loyalty", "key": key}],
        "simulated": True,
        **said,
    }
    return wire_event(event, key, partition_of(key.encode(), PARTITIONS))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench asking", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--per-second", type=int, help="questions a second (default: each of 20 and 100)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long they are asked (default {SECONDS})")
    parser.add_argument(
        "--history", type=int, default=HISTORY, help=f"events of others in the ledger (default {HISTORY})"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
