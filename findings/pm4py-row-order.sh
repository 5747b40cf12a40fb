#!/usr/bin/env bash
# Software: pm4py 2.7.23.11 with pandas 3.1.1 (PyPI)
# Behaviour: discover_dfg sorts by time to find the edges of a process graph, but takes start and end activities from
#   the order of rows. On a table that is not sorted one call gives edges of one process and the start of another;
#   case durations become negative.
# Seen: two cases enter, pay, leave with rows in another order: edges enter-pay and pay-leave, 2 each, but start
#   activities pay and leave, and durations -300 and 300 s. Sorted by time: the same edges, start enter, end leave,
#   600 s each.
# Expected: one order for all parts of one answer. The column names can be given to the call, so nothing suggests that
#   a table must be sorted or go through format_dataframe first.
# Known: process-intelligence-solutions/pm4py#500 and #546 for start activities and variants, both closed; the
#   contradiction within discover_dfg was not found reported.
# Touchline: sorts by (event time, source, id) itself. Who exports events to pm4py should sort them or call
#   format_dataframe.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pm4py==2.7.23.11 pandas==3.1.1 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import pandas
import pm4py

warnings.simplefilter("ignore")
rows = [
    ("r1", "pay", "2026-03-01T10:05:00Z"), ("r1", "enter", "2026-03-01T10:00:00Z"), ("r1", "leave", "2026-03-01T10:10:00Z"),
    ("r2", "leave", "2026-03-02T10:10:00Z"), ("r2", "enter", "2026-03-02T10:00:00Z"), ("r2", "pay", "2026-03-02T10:05:00Z"),
]
table = pandas.DataFrame(rows, columns=["receipt", "step", "at"])
table["at"] = pandas.to_datetime(table["at"])
names = {"activity_key": "step", "case_id_key": "receipt", "timestamp_key": "at"}


def measured(log: pandas.DataFrame, **columns: str) -> tuple[object, ...]:
    edges, start, end = pm4py.discover_dfg(log, **columns)
    return dict(edges), dict(start), dict(end), sorted(pm4py.get_all_case_durations(log, **columns))


as_given = measured(table, **names)
by_time = measured(table.sort_values("at"), **names)
for said, found in (("as given", as_given), ("sorted", by_time)):
    print("{}: edges {}, start {}, end {}, durations {}".format(said, *found))

edges = {("enter", "pay"): 2, ("pay", "leave"): 2}
unsorted = (edges, {"pay": 1, "leave": 1}, {"leave": 1, "pay": 1}, [-300.0, 300.0])
if as_given != unsorted or by_time != (edges, {"enter": 2}, {"leave": 2}, [600.0, 600.0]):
    sys.exit("changed: the order of rows counts otherwise")
PYTHON
