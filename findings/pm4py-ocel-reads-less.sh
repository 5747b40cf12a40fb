#!/usr/bin/env bash
# Software: pm4py 2.7.23.11 with pandas 3.1.1 (PyPI)
# Behaviour: read_ocel2_json reads less than the file has, without a warning: events that name no object, objects that
#   no event names, and of two relations of one event to one object, which differ in their qualifier, all but the last.
#   Written by write_ocel2_json and read again, a log has lost the fractions of its seconds as well.
# Seen: of 3 events, 2 objects and 3 relations 2 events, 1 object and 2 relations are read (qualifier "pays" stays,
#   "places" is gone), silently. 10:20:00.123456 is 10:20:00 after writing and reading.
# Expected: what the file has, or a warning. In OCEL 2.0 (arXiv:2403.01975) a relation is an event, a qualifier and an
#   object; that an event or an object has one is not asked for.
# Known: no public issue found.
# Touchline: reads logs itself (docs/senders/stores.md): an event without a case is an event of nobody, times keep their
#   fraction. Counts after an import are higher than pm4py's of the same file.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pm4py==2.7.23.11 pandas==3.1.1 \
  || { echo "could not install" >&2; exit 2; }

cat > "$work/log.json" <<'JSON'
{
  "objectTypes": [{"name": "order", "attributes": []}],
  "eventTypes": [{"name": "visit", "attributes": []}, {"name": "pay", "attributes": []}],
  "objects": [
    {"id": "o1", "type": "order", "attributes": [], "relationships": []},
    {"id": "o2", "type": "order", "attributes": [], "relationships": []}
  ],
  "events": [
    {"id": "e1", "type": "visit", "time": "2026-03-01T10:00:00Z", "attributes": [], "relationships": []},
    {"id": "e2", "type": "pay", "time": "2026-03-01T10:20:00.123456Z", "attributes": [], "relationships": [
      {"objectId": "o1", "qualifier": "places"}, {"objectId": "o1", "qualifier": "pays"}
    ]},
    {"id": "e3", "type": "visit", "time": "2026-03-01T10:30:00Z", "attributes": [], "relationships": [
      {"objectId": "o1", "qualifier": "about"}
    ]}
  ]
}
JSON
(cd "$work" && venv/bin/python - <<'PYTHON'
import json
import sys
import warnings

import pm4py


def content(log: pm4py.objects.ocel.obj.OCEL) -> tuple[list[str], list[str], list[tuple[str, ...]], str]:
    pay = log.events[log.events["ocel:eid"] == "e2"]["ocel:timestamp"].iloc[0]
    relations = log.relations[["ocel:eid", "ocel:oid", "ocel:qualifier"]].itertuples(index=False, name=None)
    return sorted(log.events["ocel:eid"]), sorted(log.objects["ocel:oid"]), sorted(relations), pay.isoformat()


with open("log.json") as file:
    written = json.load(file)
print("the file: events {}, objects {}, relations {}".format(
    [event["id"] for event in written["events"]],
    [one["id"] for one in written["objects"]],
    [(event["id"], to["objectId"], to["qualifier"]) for event in written["events"] for to in event["relationships"]],
))
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    log = pm4py.read_ocel2_json("log.json")
warned = [str(one.message) for one in heard if any(word in str(one.message) for word in ("e1", "o2", "relation", "object", "event"))]
read = content(log)
print("read: events {}, objects {}, relations {}, e2 at {}".format(*read), "- warnings:", warned or "none")
warnings.simplefilter("ignore")
pm4py.write_ocel2_json(log, "again.json")
again = content(pm4py.read_ocel2_json("again.json"))
print(f"written and read again: e2 at {again[-1]}")

relations = [("e2", "o1", "pays"), ("e3", "o1", "about")]
expected = (["e2", "e3"], ["o1"], relations, "2026-03-01T10:20:00.123456+00:00")
if warned or read != expected or again != (*expected[:3], "2026-03-01T10:20:00+00:00"):
    sys.exit("changed: logs are read or written otherwise")
PYTHON
)
