"""What erasing many persons costs while events go on: `./run bench erase_live [--events N] [--persons N] [--json]`.

A stack of its own stores the events by a real worker. Then `touchline erase FILE` erases some of the persons, while events of others are
sent at an even pace. Told are seconds by the clock of the whole command and when it said what, CPU of worker and engine meanwhile beside
that of as long a time without it, and how long the events that were sent meanwhile took until readers saw them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
from clickhouse_driver import Client
from kafka import KafkaProducer

from bench.events import BEGIN, STEP, WireEvent, make_events, person_keys
from bench.pipeline import PARTITIONS, process_of_worker
from touchline.clickhouse.connect import connect
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.settings import Settings

PACE: Final = 200
"""Events a second that are sent meanwhile."""
FURTHER_SECONDS: Final = 600
TIMEOUT_SECONDS: Final = 900
_POLL_SECONDS: Final = 0.5
_WARM_SECONDS: Final = 5
_ALONE_SECONDS: Final = 60
_STORED: Final = """
SELECT toUInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received' AND event_time >= %(after)s"""
_SAID: Final = re.compile(r"\s*([\d.]+) s  (.*)")


class Load(NamedTuple):
    """Events that are stored before, the keys of those who are erased, and events of others that are sent meanwhile."""

    before: Iterator[WireEvent]
    chosen: Sequence[str]
    meanwhile: Iterator[WireEvent]


def main() -> None:
    """Run it and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder:
        found = run(Path(folder), arguments.events, arguments.persons)
    if arguments.json:
        print(json.dumps(found))
        return
    said = found.pop("said")
    print("\n".join(f"{name.replace('_', ' '):44} {value:>12,}" for name, value in found.items()))
    print("\n".join(f"{seconds:7.1f} s  {sentence}" for seconds, sentence in said))


def load_of(count: int, persons: int) -> Load:
    """The same each time. What is sent before is to be taken first."""
    total = count + PACE * FURTHER_SECONDS
    keys = person_keys(total)
    chosen = keys[:: max(1, len(keys) // persons)][:persons]
    erased = {one.encode() for one in chosen}
    events = make_events(total, PARTITIONS)
    return Load(islice(events, count), chosen, (one for one in events if one.key not in erased))


def run(folder: Path, count: int, persons: int) -> dict[str, Any]:
    """The figures by name."""
    load = load_of(count, persons)
    (file := folder / "left.txt").write_text("\n".join(load.chosen) + "\n")
    with LocalStack(folder, partitions=PARTITIONS) as stack, process_of_worker(stack.settings) as worker_pid:
        processes = [psutil.Process(worker_pid), psutil.Process(stack.clickhouse.pid)]
        producer = KafkaProducer(bootstrap_servers=stack.settings.kafka_bootstrap, linger_ms=20, batch_size=256 << 10)
        for event in load.before:
            _send(producer, stack.settings.topic, event)
        producer.flush()
        client = connect(stack.settings, timeout_seconds=TIMEOUT_SECONDS)
        _wait_stored(client, BEGIN, count)
        print(f"{count:,} events are stored", file=sys.stderr)
        sender = _Sender(producer, stack.settings, load.meanwhile, BEGIN + STEP * count)
        sender.start()
        try:
            time.sleep(_WARM_SECONDS)
            before, began = _cpu(processes), time.monotonic()
            said = _erase(stack.settings, file)
            after, ended = _cpu(processes), time.monotonic()
            time.sleep(min(ended - began, _ALONE_SECONDS))  # the same without it
            alone, over = _cpu(processes), time.monotonic()
        finally:
            sender.stop()
        _wait_stored(client, BEGIN + STEP * count, len(sender.sent_at))
        producer.close()
        ((records,),) = client.execute("SELECT count() FROM journey_raw.ledger WHERE fate = 'erased' AND sign = 1")
        client.disconnect()
    share = (ended - began) / (over - ended)
    return {
        "events": count,
        "persons": len(load.chosen),
        "records": records,
        "seconds": round(ended - began, 1),
        "worker_cpu_seconds": round(after[0] - before[0], 1),
        "engine_cpu_seconds": round(after[1] - before[1], 1),
        "worker_cpu_seconds_without": round((alone[0] - after[0]) * share, 1),
        "engine_cpu_seconds_without": round((alone[1] - after[1]) * share, 1),
        "events_sent_meanwhile": sum(began <= at < ended for at in sender.sent_at),
        "longest_until_seen_seconds": round(sender.longest_until_seen(began, ended), 1),
        "longest_until_seen_seconds_without": round(sender.longest_until_seen(ended, over), 1),
        "said": said,
    }


def phases_of(lines: Iterable[str]) -> list[tuple[float, str]]:
    """When the command said what: the lines with seconds in front."""
    return [(float(found[1]), found[2]) for line in lines if (found := _SAID.fullmatch(line.rstrip("\n")))]


def _erase(settings: Settings, file: Path) -> list[tuple[float, str]]:
    """Run the command; when it said what."""
    command = touchline_command("erase", str(file), "--yes", "--json", "--timeout", str(TIMEOUT_SECONDS))
    done = subprocess.run(
        command,
        env=settings_environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise SystemExit(f"the command ended with status {done.returncode}")
    return phases_of(done.stderr.splitlines())


class _Sender(threading.Thread):
    """Sends events at an even pace until it is stopped, and watches how many of them readers see."""

    def __init__(
        self, producer: KafkaProducer, settings: Settings, events: Iterator[WireEvent], after: datetime
    ) -> None:
        super().__init__()
        self._producer, self._settings, self._events, self._after = producer, settings, events, after
        self._ends = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self.sent_at: list[float] = []
        self._behind: list[tuple[float, float]] = []

    def run(self) -> None:
        self._watcher.start()
        began = time.monotonic()
        for number, event in enumerate(self._events):
            if self._ends.wait(max(0.0, began + number / PACE - time.monotonic())):
                return
            _send(self._producer, self._settings.topic, event)
            self.sent_at.append(time.monotonic())

    def _watch(self) -> None:
        """At each moment since when the first event waits that readers do not see yet."""
        client = connect(self._settings, timeout_seconds=TIMEOUT_SECONDS)
        while not self._ends.wait(_POLL_SECONDS):
            asked_at, sent = time.monotonic(), len(self.sent_at)
            seen = _stored(client, self._after)
            self._behind.append((asked_at, asked_at - self.sent_at[seen] if seen < sent else 0.0))
        client.disconnect()

    def longest_until_seen(self, begin: float, end: float) -> float:
        """Seconds that an event waited at most until readers saw it, of those that waited in that time."""
        return max((seconds for at, seconds in self._behind if begin <= at < end), default=0.0)

    def stop(self) -> None:
        """No further event is sent."""
        self._ends.set()
        self.join()
        self._watcher.join()
        self._producer.flush()


def _send(producer: KafkaProducer, topic: str, event: WireEvent) -> None:
    producer.send(topic, event.value, key=event.key, headers=event.headers, partition=event.partition)


def _stored(client: Client, after: datetime) -> int:
    """Events from that time on that were stored, those that were erased since included."""
    return int(client.execute(_STORED, {"after": after})[0][0])


def _wait_stored(client: Client, after: datetime, count: int) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (stored := _stored(client, after)) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {stored:,} of {count:,} events were stored within {TIMEOUT_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _cpu(processes: Sequence[psutil.Process]) -> tuple[float, ...]:
    return tuple(times.user + times.system for times in (one.cpu_times() for one in processes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench erase_live", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="events that are stored before (default 1,000,000)"
    )
    parser.add_argument("--persons", type=int, default=1_000, help="persons that are erased (default 1,000)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
