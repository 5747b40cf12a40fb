#!/usr/bin/env bash
# Software: chdb 4.4.0 with chdb-core 26.9.0 (PyPI; the ClickHouse 26.9 engine in-process)
# Behaviour: A streaming insert (send_insert, append, finish) whose rows were read well but could not be stored
#   reports success: finish() raises nothing and rows_written counts all rows. The table stays empty. The same data by
#   query() raise an error.
# Seen: 150 days into a table partitioned by day (ClickHouse allows 100 partitions in a block): finish() says
#   rows_written=150, the table has 0 rows; query() raises code 252. The same with a CHECK constraint that the rows
#   violate, where query() raises code 469.
# Expected: an exception from finish(), as for data that cannot be parsed.
# Known: no public issue found; the interface came with chdb-io/chdb-core#98.
# Touchline: the local ClickHouse buffers an insert and runs it as INSERT ... FROM INFILE, where an error is an error.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet chdb==4.4.0 chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys
from datetime import date, timedelta

import chdb

connection = chdb.connect(f"{sys.argv[1]}/data")
tables = {
    "visits": "(day Date) ENGINE = MergeTree PARTITION BY day ORDER BY day",
    "prices": "(cents Int64, CONSTRAINT positive CHECK cents > 0) ENGINE = MergeTree ORDER BY cents",
}
rows = {"visits": [date(2026, 1, 1) + timedelta(days=one) for one in range(150)], "prices": [1999, -1]}
seen = []
for table, definition in tables.items():
    connection.query(f"CREATE TABLE {table} {definition}")
    data = "".join(f"{row}\n" for row in rows[table])
    inserter = connection.send_insert(f"INSERT INTO {table}", "TSV")
    inserter.append(data)
    written = inserter.finish().rows_written
    stored = int(str(connection.query(f"SELECT count() FROM {table}")))
    try:
        connection.query(f"INSERT INTO {table} FORMAT TSV\n{data}")
        by_query = "no error"
    except Exception as error:
        by_query = str(error)[:10]
    print(f"{table}: finish() says rows_written={written}, the table has {stored} rows; the same by query(): {by_query}")
    seen.append((written, stored, by_query))
if seen != [(150, 0, "Code: 252."), (2, 0, "Code: 469.")]:
    sys.exit("changed: finish() reports otherwise")
PYTHON
