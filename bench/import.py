# ruff: noqa: N999 - the name of the command `./run bench import`
"""What importing a file costs a row: `./run bench import [--json] [--rows N] [--rounds N]`.

Each round has a Kafka of its own in a temporary folder, and three runs over the same rows, in changing order, each in a process of its own:

- bare: Python's csv module, `json.dumps` of each row, and kafka-python's `send` with the receipt as key: nothing is checked, no time,
zone, money
  or person key is made, no row could be refused;
- csv: `touchline import` of the same file by a mapping, with its journal;
- parquet: the same rows as Parquet.

Each side's rows arrive in Kafka. Counted is the whole process from opening the file to the
last acknowledgement: CPU time, user and system. Ratios are of rows per CPU second; the spread is the lowest and highest of a round.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow.csv
import pyarrow.parquet
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench.rounds import rounds_within
from touchline.kafka.topic import ensure_topic
from touchline.local.stack import LocalStack
from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.journal import ImportJournal, content_hash
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.send import send_rows
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys

ROWS = 40_000
ROUNDS = 3
PARTITIONS = 4
BUDGET_SECONDS = 300.0
SIDES = ("bare", "csv", "parquet")
PERSONS = 5_000
COLUMNS = ("store", "receipt", "sold_at", "card", "total", "items")
LINGER_MS = 20
BATCH_BYTES = 256 << 10
MAPPING = """\
mapping: bench
source: retail-pos
id: [store, receipt]
time: {column: sold_at, format: "%d.%m.%Y %H:%M:%S"}
zone: Europe/Berlin
identifiers: {loyalty: card}
amount: {column: total, currency: EUR, decimal: ","}
fields:
  touchpoint: {constant: store_purchase}
  action: {constant: purchase}
  place: store
  order.id: receipt
properties:
  items: {column: items, as: integer}
"""


class Measured(NamedTuple):
    """One side's run over the rows."""

    cpu_us_per_row: float
    rows_per_second: float


def main() -> None:
    """Run the benchmark, or as a child one side of it; the last line of --json is one object."""
    arguments = _arguments()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.kafka, arguments.topic, Path(arguments.folder))))
        return
    rounds: list[dict[str, Measured]] = []
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        rounds.append(run_round(arguments.rows, [*SIDES[number % 3 :], *SIDES[: number % 3]]))
        shown = ", ".join(f"{side} {rounds[-1][side].cpu_us_per_row:.1f}" for side in SIDES)
        print(f"round {number + 1}: us of CPU a row: {shown}", file=sys.stderr)
    result = summarize(rounds, arguments.rows)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def summarize(rounds: Sequence[dict[str, Measured]], rows: int) -> dict[str, object]:
    """Medians over the rounds."""
    result: dict[str, object] = {}
    for side in SIDES:
        result[f"{side}_cpu_us_per_row"] = round(statistics.median(one[side].cpu_us_per_row for one in rounds), 1)
        result[f"{side}_rows_per_second"] = round(statistics.median(one[side].rows_per_second for one in rounds))
    for side in SIDES[1:]:
        ratios = [one["bare"].cpu_us_per_row / one[side].cpu_us_per_row for one in rounds]
        result |= {
            f"{side}_ratio_to_bare": round(statistics.median(ratios), 2),
            f"{side}_ratio_min": round(min(ratios), 2),
            f"{side}_ratio_max": round(max(ratios), 2),
        }
    return {**result, "rows": rows, "rounds": len(rounds)}


def run_round(rows: int, order: Sequence[str]) -> dict[str, Measured]:
    """All sides on one broker, each with a topic of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder) / "stack", partitions=PARTITIONS, migrate=False) as stack,
    ):
        write_files(Path(folder), rows)
        found = {}
        for side in order:
            settings = stack.settings.with_changes(topic=f"bench-{side}", partitions=PARTITIONS)
            ensure_topic(settings, stack.cluster.replication)
            command = [sys.executable, "-m", "bench.import", "--side", side, "--kafka", settings.kafka_bootstrap]
            command += ["--topic", settings.topic, "--folder", folder]
            outcome = subprocess.run(command, capture_output=True, text=True, check=False)
            if outcome.returncode:
                raise SystemExit(outcome.stderr)
            found[side] = Measured(*json.loads(outcome.stdout.splitlines()[-1]))
            arrived = _count(settings.kafka_bootstrap, settings.topic)
            if arrived != rows:
                raise SystemExit(f"{side}: {arrived} records arrived of {rows}")
        return found


def write_files(folder: Path, rows: int) -> None:
    """The same rows each time: receipts of a year, as a till exports them."""
    chance, begin = Random(7), datetime(2025, 1, 1, 8)
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            at = (begin + timedelta(seconds=700 * number % 31_000_000)).strftime("%d.%m.%Y %H:%M:%S")
            total = f"{chance.randrange(200)},{chance.randrange(100):02}"
            writer.writerow(
                (chance.randrange(400), number, at, f"{chance.randrange(PERSONS):09}", total, chance.randrange(1, 40))
            )
    as_text = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pyarrow.string()))
    pyarrow.parquet.write_table(
        pyarrow.csv.read_csv(folder / "rows.csv", convert_options=as_text), folder / "rows.parquet"
    )


def measure(side: str, bootstrap: str, topic: str, folder: Path) -> Measured:
    """One side, in this process."""
    run = _bare if side == "bare" else _ours
    began_s, cpu_s = time.perf_counter(), time.process_time()
    rows = run(bootstrap, topic, folder / ("rows.parquet" if side == "parquet" else "rows.csv"))
    cpu_s, seconds = time.process_time() - cpu_s, time.perf_counter() - began_s
    return Measured(cpu_s / rows * 1e6, rows / seconds)


def _bare(bootstrap: str, topic: str, path: Path) -> int:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=LINGER_MS, batch_size=BATCH_BYTES
    )
    rows = 0
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            producer.send(topic, json.dumps(row).encode(), key=row["receipt"].encode())
            rows += 1
    producer.flush()
    producer.close()
    return rows


def _ours(bootstrap: str, topic: str, path: Path) -> int:
    mapping = parse_mapping(MAPPING)
    with (
        TouchpointProducer(bootstrap, topic, person_keys=PersonKeys("bench", bytes(32))) as producer,
        ImportJournal(path.with_suffix(".sqlite3"), topic) as journal,
        ContestedIds() as contested,
    ):
        rows = open_rows(path, mapping)
        work = journal.work(content_hash(path))
        verdicts = send_rows(rows, Mapper(mapping), producer, journal, work, contested=contested)
        rows.close()
    if verdicts.rejected:
        raise SystemExit(str(verdicts.rejections[0]))
    return verdicts.accepted


def _count(bootstrap: str, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        return sum(consumer.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)]).values())
    finally:
        consumer.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench import", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows a run (default {ROWS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default {ROUNDS})")
    for name in ("side", "kafka", "topic", "folder"):
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
