#!/usr/bin/env bash
# Software: segment-analytics-python 2.4.0 (PyPI)
# Behaviour: A timestamp without a zone is guessed by its age: what lies within a few seconds of the local clock, or
#   ahead of it, is taken as local time, what is older as UTC. So two naive local times an hour apart are sent with
#   different offsets, and datetime.utcnow() is sent hours ahead where the zone lies west of Greenwich.
# Seen: in America/New_York: now() gets the local offset and is right; now() minus one hour gets +00:00 and stands
#   hours too early; utcnow() gets the local offset and stands hours in the future.
# Expected: one rule for all naive times, or a refusal.
# Known: no public issue found.
# Touchline: requires an offset, or a zone that the source declares; an event more than 24 h ahead is quarantined, but
#   hours of error pass. Give this library aware datetimes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet segment-analytics-python==2.4.0 \
  || { echo "could not install" >&2; exit 2; }

TZ=America/New_York "$work/venv/bin/python" - <<'PYTHON'
import gzip
import json
import sys
import threading
import warnings
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import segment.analytics as analytics

warnings.simplefilter("ignore", DeprecationWarning)  # utcnow is what callers write
STATUS, ANSWER = 200, {"success": True}


class Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bodies.append(json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
        answer = json.dumps(ANSWER).encode()
        self.send_response(STATUS)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


bodies: list[dict] = []
server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()

analytics.write_key, analytics.host = "key", f"http://127.0.0.1:{server.server_port}"
hour = timedelta(hours=1)
true_times = {"now()": datetime.now(timezone.utc)}
true_times |= {"now() - 1 h": true_times["now()"] - hour, "utcnow()": true_times["now()"]}
analytics.track("u1", "now()", timestamp=datetime.now())
analytics.track("u1", "now() - 1 h", timestamp=datetime.now() - hour)
analytics.track("u1", "utcnow()", timestamp=datetime.utcnow())
analytics.flush()
server.shutdown()

wrong_by = {}
for item in (item for body in bodies for item in body["batch"]):
    sent = datetime.fromisoformat(item["timestamp"])
    wrong_by[item["event"]] = round((sent - true_times[item["event"]]) / hour)
    print(f"{item['event']}: sent as {item['timestamp']}, wrong by {wrong_by[item['event']]:+d} h")
west = round(-datetime.now().astimezone().utcoffset() / hour)
if wrong_by != {"now()": 0, "now() - 1 h": -west, "utcnow()": west}:
    sys.exit("changed: naive times are read otherwise")
PYTHON
