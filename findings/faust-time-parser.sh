#!/usr/bin/env bash
# Software: faust-streaming 0.15.3 (PyPI)
# Behaviour: The parser for ISO 8601 times reads the digits after the point as a number of microseconds, however many
#   there are. A time with milliseconds, as JavaScript's toISOString writes it, loses its fraction; so does every
#   datetime field of a faust.Record.
# Seen: 10:00:00.246Z becomes 246 microseconds, 10:00:00.2Z becomes 2, 10:00:00.246000Z is right; the record's field
#   says 10:00:00.000246.
# Expected: 246 milliseconds, as datetime.fromisoformat reads it.
# Known: no public issue found.
# Touchline: events are read as raw bytes and Faust never parses a time.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet faust-streaming==0.15.3 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime

import faust
from faust.utils.iso8601 import parse


class Visit(faust.Record, coerce=True):
    at: datetime


texts = ["2026-03-01T10:00:00.2Z", "2026-03-01T10:00:00.246Z", "2026-03-01T10:00:00.246000Z"]
for text in texts:
    print(f"{text}: faust {parse(text).microsecond} us, standard library {datetime.fromisoformat(text).microsecond} us")
field = Visit.from_data({"at": texts[1]}).at
print(f"field of a record: {field.isoformat()}")

if [parse(text).microsecond for text in texts] != [2, 246, 246_000] or field.microsecond != 246:
    sys.exit("changed: fractions of a second are read otherwise")
PYTHON
