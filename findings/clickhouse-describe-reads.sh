#!/usr/bin/env bash
# Software: the ClickHouse 26.9 engine (chdb 4.4.0 with chdb-core 26.9.0, PyPI)
# Behaviour: DESCRIBE TABLE (SELECT ... FROM view) plans the query as if it were to run, and runs the scalar subqueries that stand in the view,
#   although the view's columns and their types are stored with it. So what only asks for names and types reads the tables behind it, and
#   costs as much planning as the query: for nested views that is most of the time that a query on little data takes.
# Seen: a view with one scalar subquery over 100,000 rows: DESCRIBE TABLE (SELECT * FROM view) reads these 100,000 rows, and so does EXPLAIN;
#   EXPLAIN QUERY TREE run_passes = 1, which names the same columns with the same types, reads none.
# Expected: types without a look at data.
# Known: that EXPLAIN runs scalar subqueries is reported (ClickHouse issue 34642, open); that DESCRIBE of a view's query does was not found.
# Touchline: the local server takes the types of a result from the query tree (docs/decisions/0010).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet chdb==4.4.0 chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - "$work/data" <<'PYTHON'
import sys

from chdb import session

ROWS = 100_000
engine = session.Session(sys.argv[1])


def ask(sql: str) -> str:
    return str(engine.query(sql, "TSV")).strip()


def rows_read_by(sql: str) -> int:
    """Rows that the engine selects for a statement; to ask for the counter costs some hundred."""
    counter = "SELECT sum(value) FROM system.events WHERE event = 'SelectedRows'"
    before = int(ask(counter))
    ask(sql)
    return int(ask(counter)) - before


ask("CREATE DATABASE shop ENGINE = Atomic")
ask("CREATE TABLE shop.sales (day Date, amount UInt64) ENGINE = MergeTree ORDER BY day")
ask(f"INSERT INTO shop.sales SELECT toDate('2026-01-01') + number % 365, number FROM numbers({ROWS})")
ask(
    "CREATE VIEW shop.shares AS SELECT day, sum(amount) / (SELECT sum(amount) FROM shop.sales WHERE amount > 1) AS share "
    "FROM shop.sales GROUP BY day"
)
query = "SELECT * FROM shop.shares"
found = {
    "describe": rows_read_by(f"DESCRIBE TABLE ({query})"),
    "explain": rows_read_by(f"EXPLAIN {query}"),
    "tree": rows_read_by(f"EXPLAIN QUERY TREE run_passes = 1 {query}"),
}
for name, count in found.items():
    print(f"{name}: {count} rows read")
sys.exit(0 if found["describe"] >= ROWS and found["explain"] >= ROWS and found["tree"] < ROWS // 100 else 1)
PYTHON
