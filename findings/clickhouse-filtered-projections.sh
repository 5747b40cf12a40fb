#!/usr/bin/env bash
# Software: the ClickHouse 26.9 engine (chdb 4.4.0 with chdb-core 26.9.0, PyPI)
# Behaviour: A table with a projection that has a WHERE stops merging as soon as inserts come of which some have rows for it and some
#   have none: a projection without rows is not written, and parts with different sets of projections are never merged. Nothing tells of it
#   but the number of parts. `materialize_projections_on_merge` does not change it.
# Seen: 40 inserts, every other one with a row for the projection: 40 parts, `OPTIMIZE` fails with code 388 (different projection sets). The
#   same inserts where the WHERE also takes one row that each of them has: one part after OPTIMIZE FINAL.
# Expected: an empty projection counts as present, or is built by the merge.
# Known: the condition is in the engine's merge predicate and in the text of the setting; that a filtered projection runs into it in daily
#   use was not found reported.
# Touchline: each projection keeps the mark that every insert has (docs/decisions/0052), and a test inserts nothing but a mark.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet chdb==4.4.0 chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - "$work/data" <<'PYTHON'
import sys

from chdb import session

engine = session.Session(sys.argv[1])


def ask(sql: str) -> str:
    return str(engine.query(sql, "TSV")).strip()


def parts_of(table: str, condition: str, settings: str = "") -> tuple[str, str]:
    """How many parts 40 inserts end up in, and what OPTIMIZE said."""
    ask(
        f"CREATE TABLE shop.{table} (kind String, id UInt64, PROJECTION returns (SELECT id WHERE {condition} ORDER BY id)) "
        f"ENGINE = MergeTree ORDER BY id {settings}"
    )
    for number in range(40):
        kind = "return" if number % 2 else "sale"
        ask(f"INSERT INTO shop.{table} VALUES ('{kind}', {number}), ('end', {number})")
    said = "merged"
    try:
        ask(f"OPTIMIZE TABLE shop.{table} FINAL SETTINGS optimize_throw_if_noop = 1")
        # Where only neighbours of one kind are merged, FINAL says nothing: the first two parts tell why.
        ask(f"OPTIMIZE TABLE shop.{table} SETTINGS optimize_throw_if_noop = 1")
    except Exception as error:
        said = "different projection sets" if "different projection sets" in str(error) else "nothing left to merge"
    return ask(f"SELECT count() FROM system.parts WHERE active AND table = '{table}'"), said


ask("CREATE DATABASE shop ENGINE = Atomic")
found = {
    "filtered": parts_of("filtered", "kind = 'return'"),
    "on_merge": parts_of("on_merge", "kind = 'return'", "SETTINGS materialize_projections_on_merge = 1"),
    "each": parts_of("each", "kind = 'return' OR kind = 'end'"),
}
for name, (parts, said) in found.items():
    print(f"{name}: {parts} parts, {said}")
sys.exit(0 if found["filtered"][0] == found["on_merge"][0] == "40" and found["each"][0] == "1" else 1)
PYTHON
