"""What it costs to blank erased persons: `./run bench erase [--events N] [--persons N] [--json]`.

A ledger of plausible journeys (bench/journeys.py) is filled, and the rows of some persons are retracted as the workers' ticks retract them.
Told are seconds by the clock and of the engine's CPU, for asking what waits, for blanking it, and for the longest time that a question
of a reader took meanwhile; and the engine's memory at its highest.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from clickhouse_driver import Client

from bench.journeys import load_journeys
from touchline.clickhouse.connect import connect
from touchline.erasure.blank import blank
from touchline.erasure.due import due
from touchline.local.stack import LocalStack
from touchline.schemas.erasure import ErasureSecret
from touchline.settings import Settings

TIMEOUT_SECONDS = 900
_QUESTION = "SELECT map, count(), sum(touchpoints) FROM journey.journeys GROUP BY map"
_EVERY_SECONDS = 0.2
# Rows of copies lie in other partitions than their records, which no worker writes: persons are chosen among the first.
_CHOSEN = """
SELECT identifier FROM journey_raw.ledger WHERE kind = 'received' AND identifier != '' AND bitShiftRight(row_id, 52) = 0
GROUP BY identifier ORDER BY cityHash64(identifier) LIMIT {persons}"""
_STANDING = """
SELECT * FROM (
    SELECT * FROM journey_raw.ledger WHERE kind IN ('received', 'attached', 'link', 'unlink') AND identifier IN ({chosen})
        AND bitShiftRight(row_id, 52) = 0 ORDER BY sign LIMIT 1 BY row_id)
WHERE sign = 1"""


def erase_all(client: Client, persons: int) -> None:
    """Retract what stands of so many persons, and assert their records as erased, in one insert."""
    standing = _STANDING.format(chosen=_CHOSEN.format(persons=persons))
    newest = "(SELECT max(insert_number) + 1 FROM journey_raw.ledger)"
    names = ["properties", "comment", "order_id", "consent_id", "payload"]
    blank_text = ", ".join(
        f"CAST(defaultValueOfTypeName(toTypeName({name})), toTypeName({name})) AS {name}" for name in names
    )
    client.execute(
        f"""
        INSERT INTO journey_raw.ledger
        SELECT * REPLACE (-1 AS sign, {newest} AS insert_number) FROM ({standing})
        UNION ALL
        SELECT * REPLACE (
            'erased' AS fate, {newest} AS insert_number, row_id + bitShiftLeft(toUInt64(1), 51) AS row_id, {blank_text})
        FROM ({standing}) WHERE kind = 'received'
        UNION ALL
        SELECT * REPLACE (insert_number + 1 AS insert_number) FROM journey_raw.ledger WHERE kind = 'mark'
        ORDER BY insert_number DESC LIMIT 1"""
    )


@contextmanager
def asking(settings: Settings, longest: list[float], answers: list[object]) -> Iterator[None]:
    """A reader who asks again and again while the block runs."""
    is_over = threading.Event()

    def ask() -> None:
        client = connect(settings, timeout_seconds=TIMEOUT_SECONDS)
        while not is_over.wait(_EVERY_SECONDS):
            began = time.perf_counter()
            answers.append(sorted(client.execute(_QUESTION)))
            longest.append(time.perf_counter() - began)
        client.disconnect()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def run(events: int, persons: int) -> dict[str, Any]:
    """Fill, retract, blank; a line for each figure."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder,
        LocalStack(Path(folder), partitions=1) as stack,
    ):
        load_journeys(stack.settings, events, with_marks=True)
        client = connect(stack.settings, timeout_seconds=TIMEOUT_SECONDS)
        engine = psutil.Process(stack.clickhouse.pid)
        rows = client.execute("SELECT count() FROM journey_raw.ledger")[0][0]
        erase_all(client, persons)
        figures: dict[str, Any] = {"events": events, "persons": persons, "rows": rows}
        waits = _measured(engine, "asking what waits", lambda: due(client), figures)
        longest, answers = [0.0], list[object]()
        with asking(stack.settings, longest, answers):
            _measured(engine, "blanking", lambda: blank(client, ErasureSecret(bytes(32)), print), figures)
        figures |= {"records": waits.records, "rows of these records": sum(waits.rows.values())}
        figures |= {
            "a reader's longest question, seconds": round(max(longest), 2),
            "a reader's answers all alike": all(one == answers[0] for one in answers),
            "highest memory of the engine, MB": _highest_mb(engine),
        }
        client.disconnect()
        return figures


def _measured(engine: psutil.Process, name: str, work: Callable[[], Any], into: dict[str, Any]) -> Any:
    start, before = time.perf_counter(), engine.cpu_times()
    result = work()
    after = engine.cpu_times()
    into[f"{name}, seconds"] = round(time.perf_counter() - start, 2)
    into[f"{name}, seconds of the engine's CPU"] = round(after.user + after.system - before.user - before.system, 2)
    return result


def _highest_mb(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    """Run the benchmark and print what it found."""
    parser = argparse.ArgumentParser(
        "./run bench erase", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the ledger (default: %(default)s)")
    parser.add_argument("--persons", type=int, default=1_000, help="persons to be erased (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one object as the last line")
    arguments = parser.parse_args()
    figures = run(arguments.events, arguments.persons)
    print(
        json.dumps(figures)
        if arguments.json
        else "\n".join(f"{value!s:>12}  {name}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
