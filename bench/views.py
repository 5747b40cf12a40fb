"""Measures every view that the journey map page asks for, on a ledger of plausible journeys. `./run bench views [--events N] [--json]`.

Each question is asked as a reader asks it, through ClickHouse's port: everything, one persona, one place, a period of 28 days. Told are
the median of some rounds by the clock with the quickest and the slowest, the least CPU time of the engine's process, all in milliseconds,
and how long the ledger took to fill. On a machine that others use the clock says more of them: compare CPU time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
from clickhouse_driver import Client

from bench.journeys import MAP, load_journeys
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack
from touchline.sql.all_views import API_VIEWS
from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.views import quoted

ROUNDS = 5
TIMEOUT_SECONDS = 600
PLAIN = ("kpi_volume_1d", "kpi_persons_1d", "kpi_persons_1w", "kpi_dwell", "path_edges", "freshness")
CHOICES = {
    "grain": ("hour", "week"),
    "by": ("touchpoint", "stage"),
    "mode": ("in_order",),
    "answers": ("all", "bad"),
    "grouped": ("all", "stage"),
}
"""Values that are tried of an argument that takes one of a few words; for `by` of a view that splits, its own."""
SPLIT = ("survey_split", "survey_response", "survey_weighted")
SPLIT_BY = ("persona",)


class Question(NamedTuple):
    """One question: its name, what is selected, and the query."""

    name: str
    selection: str
    sql: str


class Figure(NamedTuple):
    """Milliseconds: by the clock, and of CPU."""

    median: float
    quickest: float
    slowest: float
    cpu: float


def questions(client: Client) -> Iterator[Question]:
    """What is asked of the ledger that stands there."""
    ((version, first, last),) = client.execute(
        f"SELECT max(map_version), min(bucket), max(bucket) FROM journey.kpi_volume_1d WHERE map = {quoted(MAP)}"
    )
    ((person, cycle),) = client.execute("SELECT person, cycle FROM journey.attachments WHERE cycle = 2 LIMIT 1")
    ((persona, place),) = client.execute(
        "SELECT topKIf(1)(assumeNotNull(persona), persona IS NOT NULL)[1], topKIf(1)(assumeNotNull(place), place IS NOT NULL)[1] "
        "FROM journey.kpi_volume_1d"
    )
    ((kpi, variant, scope),) = client.execute(
        "SELECT kpi, variant, scope FROM journey.kpi_survey_1d GROUP BY kpi, variant, scope ORDER BY sum(n) DESC LIMIT 1"
    )
    days = f"(toDate('{first}') + intDiv(toDate('{last}') - toDate('{first}'), 2))"
    given = {
        "map": quoted(MAP), "map_version": str(version), "date_from": f"'{first}'", "date_to": f"'{last}'", "filter": "map()",
        "as_of": f"toDateTime('{last} 00:00:00', 'UTC')", "before_from": f"{days} - 28", "before_to": f"{days} - 1", "steps": "5",
        "top": "6", "days": "60",
        "person": quoted(person), "cycle": str(cycle), "kpi": quoted(kpi), "variant": quoted(variant), "scope": quoted(scope),
    }  # fmt: skip
    selections: dict[str, dict[str, str]] = {
        "everything": {},
        f"persona {persona}": {"filter": f"map('persona', [{quoted(persona)}])"},
        f"place {place}": {"filter": f"map('place', [{quoted(place)}])"},
        "28 days": {"date_from": days, "date_to": f"{days} + 27"},
    }
    for view in API_VIEWS:
        for name, own in _variants(view):
            for selection, changed in selections.items() if "filter" in view.parameters else [("", {})]:
                arguments = given | own | changed
                source = view.called(**{one: arguments[one] for one in view.parameters})
                yield Question(name, selection, f"SELECT * FROM {source}{_ending(view)}")
    for mart in PLAIN:
        yield Question(mart, "", f"SELECT * FROM journey.{mart}")


def _variants(view: ParameterizedView) -> Iterator[tuple[str, dict[str, str]]]:
    """The view with each of the words that its arguments take."""
    names = [name for name in CHOICES if name in view.parameters]
    if not names:
        yield view.name, {}
    for name in names:
        for word in SPLIT_BY if view.name in SPLIT else CHOICES[name]:
            yield f"{view.name} ({word})", {name: quoted(word)}


def _ending(view: ParameterizedView) -> str:
    """A page of a list."""
    return " ORDER BY last_at DESC LIMIT 50" if view.name in ("journeys", "journeys_of_answers") else ""


def measure(client: Client, engine: psutil.Process, question: Question, rounds: int) -> Figure:
    """Time of the whole answer, planning and transfer included."""
    times, spent = [], []
    for _ in range(rounds):
        start, before = time.perf_counter(), _cpu_seconds(engine)
        client.execute(question.sql)
        times.append(1000 * (time.perf_counter() - start))
        spent.append(1000 * (_cpu_seconds(engine) - before))
    return Figure(statistics.median(times), min(times), max(times), min(spent))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run(events: int, rounds: int) -> dict[str, object]:
    """Fill a ledger, ask everything, print a line a question."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder,
        LocalStack(Path(folder), partitions=1) as stack,
    ):
        start = time.perf_counter()
        load_journeys(stack.settings, events)
        loaded = time.perf_counter() - start
        client = connect(stack.settings, timeout_seconds=TIMEOUT_SECONDS)
        try:
            figures: dict[str, object] = {"loading, seconds": round(loaded, 1)} | _size(client)
            for name, value in figures.items():
                print(f"{value:>12}  {name}", flush=True)
            engine = psutil.Process(stack.clickhouse.pid)
            for question in questions(client):
                figure = measure(client, engine, question, rounds)
                name = ", ".join(part for part in (question.name, question.selection) if part)
                figures[name] = figure._asdict()
                spread = f"{figure.quickest:.0f} to {figure.slowest:.0f}"
                print(f"{figure.median:9.0f} ms ({spread}), CPU {figure.cpu:.0f}: {name}", flush=True)
        finally:
            client.disconnect()
    return figures


def _size(client: Client) -> dict[str, object]:
    ((events, journeys, persons),) = client.execute(
        "SELECT count(), uniqExactIf((person, cycle), cycle IS NOT NULL), uniqExact(person) FROM journey.attachments"
    )
    ((answers,),) = client.execute("SELECT count() FROM journey.answers")
    ((size, parts),) = client.execute(
        "SELECT sum(bytes_on_disk), count() FROM system.parts WHERE database = 'journey_raw' AND table = 'ledger' AND active"
    )
    return {
        "touchpoint events": events,
        "answers": answers,
        "journeys": journeys,
        "persons": persons,
        "bytes an event": round(size / (events + answers)),
        "active parts": parts,
    }


def main() -> None:
    """Print every figure; with --json one object on the last line."""
    arguments = _arguments()
    figures = run(arguments.events, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench views", description=__doc__)
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="events in the ledger, answers included (default 1000000)"
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"times that each question is asked (default {ROUNDS})"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
