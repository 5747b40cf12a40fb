"""Measures the ledger in the ClickHouse engine alone: inserts, KPI queries, lookups. `./run bench ledger [--events N] [--json]`.

The rows are generated, with the widths of real ones: person keys of 64 hex digits, 40 touchpoints, 400 places, one answer in
twenty. Every event is two rows, `received` and `attached`, as the worker writes them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import chdb
from clickhouse_migrations.migrator import Migrator

from touchline.sql.schema.migrate import expected_schema_version, migrations_dir
from touchline.sql.schema.view_files import read_views

EVENTS_PER_INSERT = 10_000
ROUNDS = 7
WITHOUT_PROJECTIONS = "SETTINGS optimize_use_projections = 0"

_EVENT = {
    "stream": "'customer-events/AAAAAAAAAAAAAAAAAAAAAA/0'",
    "kind": "if(is_attached, 'attached', 'received')",
    "offset": "n",
    "sign": "1",
    "row_id": "2 * n + is_attached",
    "stored_time": "now64(3)",
    "event_type": "if(is_answer, 'touchline.answer.v1', 'touchline.touchpoint.v1')",
    "source": "concat('source_', toString(n % 5))",
    "event_id": "lower(hex(sipHash128(n)))",
    "event_time": "fromUnixTimestamp64Micro(1700000000000000 + n * 1000000, 'UTC')",
    "local_date": "toDate(1700000000 + n, 'America/New_York')",
    "identifier": "person_key",
    "person": "person_key",
    "touchpoint": "concat('touchpoint_', toString(random % 40))",
    "action": "'view'",
    "channel": "concat('channel_', toString(random % 40 % 8))",
    "provenance": "'observed'",
    "brand": "concat('brand_', toString(p % 3))",
    "place": "concat('place_', toString(p % 400))",
    "persona": "concat('persona_', toString(p % 4))",
    "segment": "concat('segment_', toString(p % 5))",
    "kpi": "if(is_answer, 'nps', '')",
    "scope": "if(is_answer, 'transactional', '')",
    "scale_max": "if(is_answer, 10, 0)",
    "score": "if(is_answer, cityHash64(n, 1) % 11, 0)",
    "has_score": "is_answer",
    "disposition": "if(is_answer, 'complete', '')",
    "about_time": "fromUnixTimestamp64Micro(if(is_answer, 1700000000000000 + n * 1000000, 0), 'UTC')",
    "amount_minor": "if(is_order, random % 20000, 0)",
    "currency": "if(is_order, 'USD', '')",
    "currency_exponent": "if(is_order, 2, 0)",
    "order_id": "if(is_order, concat('order-', toString(n)), '')",
}
_RECEIVED = {
    "payload_hash": "sipHash64(n)",
    "received_time": "fromUnixTimestamp64Micro(1700000001000000 + n * 1000000, 'UTC')",
    "zone": "'America/New_York'",
    "identifier_type": "'loyalty_card'",
    "properties": "map('basket', toString(n))",
    "fate": "'stored'",
}
_ATTACHED = {
    "map": "'retail'",
    "map_version": "1",
    "stage": "concat('stage_', toString(1 + random % 40 % 5))",
    "stage_order": "1 + random % 40 % 5",
    "is_mapped": "1",
    "cycle": "1",
    "transition": "'advance'",
    "touchpoint_number": "1 + intDiv(n, 200000)",
    "wait_us": "random % 86400000000",
    "rule": "concat('rule_', toString(random % 40 % 5))",
    "evidence": "concat('touchpoint=touchpoint_', toString(random % 40))",
    "first_of": "cityHash64(n, 2) % 256",
    "stage_max_before": "random % 40 % 5",
    "stage_max": "1 + random % 40 % 5",
    "funnel_before": "random % 40 % 5",
    "funnel_depth": "1 + random % 40 % 5",
    "churn_due_at": "toDateTime(1707776000 + n)",
}
_EMPTY = {"'": "''", "map(": "map()", "toDateTime": "toDateTime(0)", "fromUnix": "fromUnixTimestamp64Micro(0, 'UTC')"}


def _only(kept: str, columns: dict[str, str]) -> dict[str, str]:
    """Columns of one kind of row: the other kind has what ClickHouse puts where an insert says nothing."""

    def empty(sql: str) -> str:
        return next(
            (value for start, value in _EMPTY.items() if sql.startswith(start)), "''" if "concat" in sql else "0"
        )

    return {name: f"if({kept}, {sql}, {empty(sql)})" for name, sql in columns.items()}


COLUMNS = _EVENT | _only("NOT is_attached", _RECEIVED) | _only("is_attached", _ATTACHED)
NAMES = ", ".join(("insert_number", *COLUMNS))


def rows_of_insert(number: int) -> str:
    """SELECT of the rows of the insert of that number (from 1)."""
    chosen = ", ".join(f"{sql} AS c{index}" for index, sql in enumerate((str(number), *COLUMNS.values())))
    return f"""
        WITH number AS n, n % 200000 AS p, n % 20 = 0 AS is_answer, n % 10 = 1 AS is_order, cityHash64(n) AS random,
            concat('k1:', lower(hex(SHA256(toString(p))))) AS person_key
        SELECT {chosen} FROM numbers({(number - 1) * EVENTS_PER_INSERT}, {EVENTS_PER_INSERT})
        ARRAY JOIN [0, 1] AS is_attached ORDER BY is_attached, n"""


QUERIES = {
    "funnel of all journeys": "SELECT * FROM journey.funnel_stage",
    "NPS by day of a week": """SELECT bucket, sum(numerator) / sum(denominator) FROM journey.kpi_survey_1d
        WHERE kpi = 'nps' AND bucket BETWEEN '2023-11-15' AND '2023-11-21' GROUP BY bucket""",
    "daily persons by stage": "SELECT bucket, stage, persons FROM journey.kpi_persons_stage_1d",
    "events by hour and touchpoint": """SELECT bucket, touchpoint, sum(events) FROM journey.kpi_volume_1h
        WHERE bucket BETWEEN '2023-11-15 00:00:00' AND '2023-11-22 00:00:00' GROUP BY bucket, touchpoint""",
    "events by day and place": "SELECT bucket, place, sum(events) FROM journey.kpi_volume_1d GROUP BY bucket, place",
    "page of touchpoints": "SELECT * FROM journey.touchpoints LIMIT 100",
    "count of touchpoints": "SELECT count() FROM journey.touchpoints",
    "account": "SELECT * FROM journey.account",
    "quarantine": "SELECT reason, count() FROM journey.quarantine GROUP BY reason",
}


class Engine:
    """The in-process engine on an empty folder, migrated."""

    def __init__(self, folder: Path, last_migration: int = 9999) -> None:
        self._connection = chdb.connect(str(folder))
        self.ask(f"SET max_query_size = {64 << 20}")
        for path in sorted(migrations_dir().glob("[0-9]*.sql")):
            if not path.name.endswith(".down.sql") and int(path.name[:4]) <= last_migration:
                for statement in Migrator.script_to_statements(path.read_text(), True):
                    self.ask(statement)
        if last_migration >= expected_schema_version():
            for view in read_views().values():
                self.ask(view)
        self.ask("INSERT INTO journey_raw.shown_maps VALUES ('retail', 1, 0, 1, now64(6))")

    def ask(self, sql: str) -> str:
        """The answer as text."""
        return str(self._connection.query(sql, "TSV"))

    def seconds(self, sql: str, rounds: int = ROUNDS) -> float:
        """Best time of the query: what else runs on the machine only ever adds."""
        return min(_timed(lambda: self.ask(sql)) for _ in range(rounds))


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure_insert(engine: Engine, folder: Path, rows: int) -> float:
    """Seconds of one insert of so many rows, handed over as the local stack does: a Native file."""
    path = folder / f"insert_{rows}.native"
    # Native columns are matched by name: under any other name they would be left out, and empty rows stored.
    named = ", ".join(f"c{index} AS {name}" for index, name in enumerate(NAMES.split(", ")))
    engine.ask(
        f"SELECT {named} FROM ({rows_of_insert(100_000)}) LIMIT {rows} INTO OUTFILE '{path}' TRUNCATE FORMAT Native"
    )
    return engine.seconds(f"INSERT INTO journey_raw.ledger ({NAMES}) FROM INFILE '{path}' FORMAT Native", rounds=11)


def measure_lookups(engine: Engine, events: int) -> dict[str, float]:
    """Seconds to find the rows of so many events or persons."""
    found = {}
    for count in (1, 20, 200, 5_000):
        numbers = [step * events // count for step in range(count)]
        ids = _listed(engine.ask(f"SELECT lower(hex(sipHash128(arrayJoin({numbers}::Array(UInt64)))))"))
        keys = _listed(engine.ask(f"SELECT concat('k1:', lower(hex(SHA256(toString(arrayJoin({numbers}) % 200000)))))"))
        pairs = ", ".join(f"('source_{number % 5}', {event_id})" for number, event_id in zip(numbers, ids, strict=True))
        found[f"{count} by (source, id)"] = engine.seconds(
            "SELECT source, event_id, revision, payload_hash, fate, offset, row_id FROM journey_raw.ledger "
            f"WHERE kind = 'received' AND sign = 1 AND event_id IN ({', '.join(ids)}) AND (source, event_id) IN ({pairs})",
            rounds=3,
        )
        found[f"{count} by identifier"] = engine.seconds(
            "SELECT offset, event_id, event_time, touchpoint, properties FROM journey_raw.ledger "
            f"WHERE kind = 'received' AND sign = 1 AND identifier IN ({', '.join(keys)})",
            rounds=3,
        )
    return found


def _listed(answer: str) -> Sequence[str]:
    return [f"'{line}'" for line in answer.split()]


def measure(events: int, folder: Path) -> dict[str, float]:
    """All figures, in seconds (sizes in bytes)."""
    figures: dict[str, float] = {}
    engine = Engine(folder / "data")
    for rows in (5_000, 20_000):
        figures[f"insert of {rows} rows"] = measure_insert(engine, folder, rows)
    engine.ask("TRUNCATE TABLE journey_raw.ledger")
    for number in range(1, events // EVENTS_PER_INSERT + 1):
        engine.ask(f"INSERT INTO journey_raw.ledger ({NAMES}) {rows_of_insert(number)}")
    for name, sql in QUERIES.items():
        figures[name] = engine.seconds(sql)
        figures[f"{name}, without projections"] = engine.seconds(f"{sql} {WITHOUT_PROJECTIONS}", rounds=3)
    figures |= measure_lookups(engine, events)
    parts = "FROM system.parts WHERE database = 'journey_raw' AND table = 'ledger' AND active"
    figures["active parts"] = float(engine.ask(f"SELECT count() {parts}"))
    figures["bytes an event"] = float(engine.ask(f"SELECT sum(bytes_on_disk) / {events} {parts}"))
    return figures


def main() -> None:
    """Print every figure; with --json one object on the last line."""
    parser = argparse.ArgumentParser(prog="./run bench ledger", description=__doc__)
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="events in the ledger, two rows each (default 1000000)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.events, Path(folder))
    for name, value in figures.items():
        unit = "" if name in ("active parts", "bytes an event") else " ms"
        print(f"{value * (1000 if unit else 1):10.1f}{unit:3}  {name}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
