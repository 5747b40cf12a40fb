"""The worker beside other programs for the same stream: `./run bench peers [--json] [--events N] [--rounds N] [--against COMMIT]`.

Stock Faust at its leanest, Quix Streams, Bytewax, a loop by hand over aiokafka and one over confluent-kafka (a file each in bench/peer/)
read the same events as the worker, in turn and in changing order, and write them to a table each. They do less: bench/peer/job.py says
what. What is stored is compared with the events that were sent, by touchpoint: their number, and a sum of checksums over their fields.

Worker CPU is user and system of the program's process from its start until the last event stands in ClickHouse; engine CPU is that of the
ClickHouse server until the program has ended and no parts merge any more. Of both the same of a run over `FEW` events is taken off: some
programs prepare many events before they insert the first, so the first insert is no place to begin. Reported are medians of microseconds an
event, and the worker's ratio to each peer of the same round with its spread: below 1 the worker is cheaper.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zlib import crc32

import psutil
from clickhouse_driver import Client

from bench.against import HERE, OURS, ROOT, Version, stack_for, versions
from bench.cpu import parsed, read, wait_stored
from bench.events import make_events, send_events
from bench.peer import job
from bench.pipeline import PARTITIONS, PATIENCE_SECONDS, POLL_SECONDS, process_of_worker, running
from bench.rounds import rounds_within, spread
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack

EVENTS = 200_000
FEW = 40
ROUNDS = 3
BUDGET_SECONDS = 1_200.0
PYTHON: Final = ROOT / ".local" / "peers" / "venv" / "bin" / "python"
"""Made by `./run bench peers` from scripts/peers.lock."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
OURSELVES: Final = "touchline"
AGAINST: Final = "against"
MERGED_SECONDS: Final = 1.0
"""No parts merge: seen for so long."""
_MERGES: Final = "SELECT count() FROM system.merges"
_CHECKSUM: Final = (
    "CRC32(concat(event_id, '|', {person}, '|', toString(toUnixTimestamp64Micro(event_time)), '|', place, '|', "
    "toString(amount_minor), '|', currency, '|', order_id, '|', kpi, '|', toString(toInt64(score))))"
)


class Spent(NamedTuple):
    """A whole run: events, CPU seconds of the program until it had stored the last one, CPU seconds of the engine until its rest."""

    events: int
    worker_seconds: float
    engine_seconds: float


class Each(NamedTuple):
    """Microseconds of CPU an event."""

    worker_us: float
    engine_us: float

    @property
    def sum_us(self) -> float:
        """Both."""
        return self.worker_us + self.engine_us


Content = dict[str, tuple[int, int]]
"""Per touchpoint: number of events, sum of their checksums."""


class Peer(NamedTuple):
    """A program beside the worker: how Python runs it, and the package it needs of the peers' environment; empty: ours has it."""

    arguments: tuple[str, ...]
    package: str


PEERS: Final = {
    "lean_faust": Peer(("-m", "bench.peer.lean_faust"), ""),
    "quix": Peer(("-m", "bench.peer.quix"), "quixstreams"),
    "bytewax": Peer(("-m", "bytewax.run", "bench.peer.bytewax_flow:made_flow()"), "bytewax"),
    "aiokafka": Peer(("-m", "bench.peer.aiokafka_loop"), ""),
    "confluent": Peer(("-m", "bench.peer.confluent_loop"), ""),
}


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = parsed("peers", __doc__, EVENTS, ROUNDS)
    names = [OURSELVES, *(name for name, peer in PEERS.items() if is_there(peer))]
    names += [AGAINST] if arguments.against else []
    left_out = [name for name in PEERS if name not in names]
    if left_out:
        print(f"left out, their packages are not to be had here: {', '.join(left_out)}", file=sys.stderr)
    rounds: list[dict[str, Each]] = []
    with versions(arguments.against) as found:
        for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
            turn = number % len(names)
            rounds.append(run_round([*names[turn:], *names[:turn]], arguments.events, found[-1]))
            shown = ", ".join(
                f"{one} {rounds[-1][one].worker_us:.1f} + {rounds[-1][one].engine_us:.1f}" for one in names
            )
            print(f"round {number + 1}: us of CPU an event, program + engine: {shown}", file=sys.stderr)
    result = summarize([{name: one[name] for name in names} for one in rounds])
    result |= {"left_out": left_out, "events": arguments.events, "rounds": len(rounds)}
    result |= {"against": found[-1].name} if arguments.against else {}
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def is_there(peer: Peer) -> bool:
    """Whether the package that it needs can be imported where it will run."""
    if not peer.package:
        return True
    return (
        PYTHON.exists() and not subprocess.run([PYTHON, "-c", f"import {peer.package}"], capture_output=True).returncode
    )


def run_round(names: Sequence[str], events: int, other: Version) -> dict[str, Each]:
    """Each program over few events and over all. `other` is the version that `AGAINST` stands for."""
    few, all_of_them = _run_all(names, FEW, other), _run_all(names, events, other)
    return {name: beyond(few[name], all_of_them[name]) for name in names}


def _run_all(names: Sequence[str], events: int, other: Version) -> dict[str, Spent]:
    """Each program over the same topic, on one stack; another version of the worker on one with its own schema."""
    wanted = content_of_events(events)
    spent: dict[str, Spent] = {}
    with _filled_stack(HERE, events) as (stack, client):
        client.execute(f"CREATE DATABASE {job.DATABASE}")
        for name in names:
            if name == AGAINST:
                with _filled_stack(other, events) as (other_stack, other_client):
                    worker = process_of_worker(other_stack.settings, other)
                    # How its ledger is asked for contents is not known here, only how it counts.
                    spent[name] = _spent(other_stack, other_client, worker, other.counted, events)
                continue
            program, counted, held = _program(stack, client, name)
            spent[name] = _spent(stack, client, program, counted, events)
            content = {touchpoint: (count, checksum) for touchpoint, count, checksum in client.execute(held)}
            if content != wanted:
                raise SystemExit(f"{name} did not store what was sent: {content} instead of {wanted}")
    return spent


@contextmanager
def _filled_stack(version: Version, events: int) -> Iterator[tuple[LocalStack, Client]]:
    with stack_for(version, PARTITIONS) as stack:
        send_events(stack.settings.kafka_bootstrap, stack.settings.topic, events, PARTITIONS)
        client = connect(stack.settings)
        try:
            yield stack, client
        finally:
            client.disconnect()


def _program(stack: LocalStack, client: Client, name: str) -> tuple[AbstractContextManager[int], str, str]:
    """A program that can be started, the query for how much it has stored and that for what."""
    if name == OURSELVES:
        held = content_query("journey_raw.ledger", "sign", "identifier", "kind = 'received'")
        return process_of_worker(stack.settings), OURS, held
    table = f"{job.DATABASE}.{name}"
    columns = ", ".join(job.COLUMNS)
    client.execute(f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY (touchpoint, event_time)")
    program = running(_command(stack, name), _environment(stack, name), stack.settings.local_dir / f"{name}.log")
    return program, f"SELECT count() FROM {table}", content_query(table, "1", "person", "true")


def _spent(stack: LocalStack, client: Client, program: AbstractContextManager[int], counted: str, events: int) -> Spent:
    """From the program's start to its last event and the engine's rest."""
    engine = psutil.Process(stack.clickhouse.pid)
    before = read(0, [engine, engine])
    with program as pid:
        last = wait_stored(client, [psutil.Process(pid), engine], counted, events, events)
    _wait_merged(client)
    rest = read(events, [engine, engine])
    return Spent(events, last.cpu_seconds[0], rest.cpu_seconds[1] - before.cpu_seconds[1])


def beyond(few: Spent, all_of_them: Spent) -> Each:
    """What each event cost that one run had more than the other: so the start, which both have, is not counted."""
    events, worker, engine = (more - less for less, more in zip(few, all_of_them, strict=True))
    if worker <= 0 or engine <= 0:
        raise SystemExit("too few events to measure: they cost no more than the start")
    return Each(worker / events * 1e6, engine / events * 1e6)


def content_of_events(count: int) -> Content:
    """What the sent events are, told from the events alone."""
    content: Content = {}
    for wire in make_events(count, PARTITIONS):
        event = json.loads(wire.value)
        amount = event.get("amount", {"amount_minor": 0, "currency": ""})
        touchpoint = event.get("touchpoint") or event["about"]["touchpoint"]
        microseconds = (datetime.fromisoformat(event["time"]) - EPOCH) // MICROSECOND
        fields = [event["id"], event["persons"][0]["key"], microseconds, event.get("place", ""), *amount.values()]
        fields += [event.get("order", {}).get("id", ""), event.get("kpi", ""), event.get("score", 0)]
        number, checksum = content.get(touchpoint, (0, 0))
        content[touchpoint] = (number + 1, checksum + crc32("|".join(map(str, fields)).encode()))
    return content


def content_query(table: str, sign: str, person: str, where: str) -> str:
    """The query for what a table holds, as `Content`."""
    checksum = _CHECKSUM.format(person=person)
    return (
        f"SELECT toString(touchpoint), toInt64(sum({sign})), toInt64(sum(toInt64({sign}) * {checksum})) FROM {table} "
        f"WHERE {where} GROUP BY touchpoint"
    )


def _wait_merged(client: Client) -> None:
    """Until no parts have merged for a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < MERGED_SECONDS:
        if int(client.execute(_MERGES)[0][0]):
            quiet_since = time.monotonic()
        if time.monotonic() > deadline:
            raise SystemExit(f"parts merge after {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS * 5)


def _command(stack: LocalStack, name: str) -> list[str]:
    peer = PEERS[name]
    python = str(PYTHON) if peer.package else sys.executable
    command = [python, *peer.arguments]
    if name == "lean_faust":
        command += ["--datadir", str(stack.settings.local_dir / name), "worker", "--loglevel", "warn", "--without-web"]
    return command


def _environment(stack: LocalStack, name: str) -> dict[str, str]:
    settings = stack.settings
    return {
        **settings_environment(settings),
        "PYTHONPATH": str(ROOT),
        "BENCH_KAFKA": settings.kafka_bootstrap,
        "BENCH_TOPIC": settings.topic,
        "BENCH_PEER": name,
        "BENCH_FOLDER": str(settings.local_dir / name),
        "BENCH_CLICKHOUSE_PORT": str(settings.clickhouse_port),
        "BENCH_PASSWORD_FILE": str(settings.clickhouse_password_file),
    }


def summarize(rounds: Sequence[Mapping[str, Each]]) -> dict[str, object]:
    """Medians over the rounds; of each peer the worker's ratio to it, for the program's CPU and for the sum with the engine's."""
    result: dict[str, object] = {}
    for name in rounds[0]:
        for field in (*Each._fields, "sum_us"):
            result[f"{name}_{field}"] = round(statistics.median(getattr(one[name], field) for one in rounds), 1)
    for name in [one for one in rounds[0] if one != OURSELVES]:
        workers = [one[OURSELVES].worker_us / one[name].worker_us for one in rounds]
        sums = [one[OURSELVES].sum_us / one[name].sum_us for one in rounds]
        result |= spread(f"worker_ratio_to_{name}", workers) | spread(f"sum_ratio_to_{name}", sums)
    return result


if __name__ == "__main__":
    main()
