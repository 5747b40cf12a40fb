"""A restore, rehearsed: `./run check restore [--seed N] [--rounds N]`.

Events flow through a real worker. While they do, `touchline backup` takes a snapshot; more events come; then ClickHouse is killed, its
data folder destroyed, and `touchline restore` fills an empty engine. In every other round the worker is killed too and started
afterwards, in the others it runs through all of it. At the end `touchline reconcile` is clean, and every table equals that of a worker
that read the same topic undisturbed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from kafka import KafkaProducer

from bench.events import WireEvent, make_simulated_events
from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.ledger_tables import tables_of
from tests.support.ports import free_port
from tests.support.real_worker import POLL_SECONDS, real_worker, stored_count
from tests.support.rest import wait_until_at_rest
from touchline.local.parts import clickhouse_part, settings_environment
from touchline.local.process import Part
from touchline.local.stack import LocalStack, folder_settings
from touchline.settings import Settings

PARTITIONS = 4
ROUNDS = 8
EVENTS_PER_ROUND = 6_000
EVENTS_PER_SECOND = 400
CHUNK = 20
SENT_BEFORE = 0.6
"""Share of a round's events that may come before the backup is taken, so that on a slow machine some come after it."""
PATIENCE_SECONDS = 120.0
BATCH_ROWS = 500
"""Small batches: many parts, and a snapshot amid them."""


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("restore", __doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"disasters (default {ROUNDS})")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.rounds))


def check(seed: int, rounds: int) -> str:
    """What was found. Raises AssertionError when a table differs."""
    with tempfile.TemporaryDirectory(prefix="touchline-restore-") as folder:
        return Rehearsal(Path(folder), seed, rounds).run()


class Flow:
    """Sends events at a steady pace from a thread of its own, with a few that no contract knows; the last ones after the backup."""

    def __init__(self, settings: Settings, events: Sequence[WireEvent], seed: int) -> None:
        self._settings = settings
        self._events = events
        self._random = Random(seed)
        self._thread = threading.Thread(target=self._run, name="flow")
        self._backup_taken = threading.Event()
        self.sent = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def backup_taken(self) -> None:
        """All the rest may come."""
        self._backup_taken.set()

    def finish(self) -> int:
        """Wait until all is sent; returns how many records that were."""
        self._thread.join()
        return self.sent

    def _run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._settings.kafka_bootstrap, linger_ms=5)
        for number, event in enumerate(self._events):
            if number == int(len(self._events) * SENT_BEFORE):
                producer.flush()
                self._backup_taken.wait()
            producer.send(self._settings.topic, event.value, key=event.key, partition=event.partition)
            self.sent += 1
            if self._random.random() < 0.01:
                producer.send(self._settings.topic, event.value[:-9], key=event.key, partition=event.partition)
                self.sent += 1
            if number % CHUNK == CHUNK - 1:
                producer.flush()
                time.sleep(CHUNK / EVENTS_PER_SECOND)
        producer.close()


class Rehearsal:
    """One stack, some disasters, one comparison."""

    def __init__(self, folder: Path, seed: int, rounds: int, events_per_round: int = EVENTS_PER_ROUND) -> None:
        self._folder = folder
        self._random = Random(seed)
        self._seed = seed
        self._rounds = rounds
        self._per_round = events_per_round
        self._filled = 0
        self._began = time.monotonic()

    def run(self) -> str:
        """What was found."""
        events = list(make_simulated_events(self._per_round * self._rounds, PARTITIONS))
        settings = folder_settings(self._folder / "stack", "free", PARTITIONS).with_changes(batch_rows=BATCH_ROWS)
        with LocalStack(settings.local_dir, workers=1, settings=settings) as stack:
            self._say("a worker runs")
            sent = 0
            for number in range(self._rounds):
                part = events[number * self._per_round : (number + 1) * self._per_round]
                sent = self._round(stack, part, sent, number)
            wait_until_at_rest(stack.settings)
            restored = tables_of(stack.settings)
            undisturbed = self._undisturbed(stack, sent)
        differing = [name for name in undisturbed if restored[name] != undisturbed[name]]
        assert not differing, (
            f"{differing} differ from an undisturbed run: {[(restored[n], undisturbed[n]) for n in differing]}"
        )
        assert undisturbed["touchpoints"][0] > 0
        return (
            f"{self._rounds} disasters over {sent:,} records: reconcile is clean, {len(restored)} tables equal those of an undisturbed "
            f"run; Kafka filled {self._filled:,} records"
        )

    def _round(self, stack: LocalStack, events: Sequence[WireEvent], before: int, number: int) -> int:
        """Events, backup, events, disaster, restore; returns the records of the topic so far."""
        settings, backup = stack.settings, self._folder / f"backup-{number}"
        runs_on = number % 2 == 1
        flow = Flow(settings, events, self._seed + number)
        flow.start()
        try:
            self._wait_stored(settings, before + int(self._per_round * self._random.uniform(0.05, 0.3)))
            taken = touchline(settings, "backup", str(backup))
        finally:
            flow.backup_taken()
        self._say(f"backup of {taken['tables']['ledger']['rows']:,} rows taken")
        self._wait_stored(settings, before + int(self._per_round * self._random.uniform(0.7, 0.9)))
        if not runs_on:
            stack.workers[0].kill()
        stack.clickhouse.kill()
        shutil.rmtree(settings.local_dir / "clickhouse")
        self._say(f"ClickHouse {'' if runs_on else 'and worker '}killed, its data destroyed")
        stack.clickhouse.start()
        restored = touchline(settings, "restore", str(backup))
        assert restored["tables"]["ledger"]["rows"] == taken["tables"]["ledger"]["rows"]
        assert sum(one["lost"] for one in restored["behind_kafka"]) == 0
        waiting = sum(one["waiting"] for one in restored["behind_kafka"])
        assert waiting > 0
        self._filled += waiting
        self._say(f"restored, {waiting:,} records wait in Kafka")
        if not runs_on:
            stack.workers[0].start()
        total = before + flow.finish()
        self._wait_stored(settings, total)
        assert touchline(settings, "reconcile", "--wait", "30")["is_clean"]
        self._say(f"round {number + 1}: all {total:,} records are stored, reconcile is clean")
        return total

    def _undisturbed(self, stack: LocalStack, sent: int) -> dict[str, tuple[int, int]]:
        """The tables of another worker, which reads the same topic into another engine."""
        folder = self._folder / "calm"
        settings = stack.settings.with_changes(
            clickhouse_port=free_port(),
            clickhouse_http_port=free_port(),
            local_dir=folder,
            state_dir=folder / "state",
            consumer_group="undisturbed",
            batch_rows=10_000,
        )
        face = Part(clickhouse_part(settings, settings_environment(settings)), folder)
        face.on_start = stack.guard
        face.start()
        try:
            touchline(settings, "migrate")
            with real_worker(settings, folder) as worker:
                worker.wait_stored(sent, PATIENCE_SECONDS)
                wait_until_at_rest(settings)
                return tables_of(settings)
        finally:
            face.terminate()

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", file=sys.stderr, flush=True)

    def _wait_stored(self, settings: Settings, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (stored := stored_count(settings)) < count:
            assert time.monotonic() < deadline, f"{stored} of {count} stored"
            time.sleep(POLL_SECONDS)


def touchline(settings: Settings, *arguments: str) -> Any:
    """Run a command as an operator does; it must end with status 0. Returns its JSON."""
    command = [sys.executable, "-m", "touchline", *arguments, "--json"]
    outcome = subprocess.run(command, env=settings_environment(settings), capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, f"{arguments}: status {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}"
    return json.loads(outcome.stdout)


if __name__ == "__main__":
    main()
