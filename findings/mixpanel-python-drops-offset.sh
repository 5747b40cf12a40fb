#!/usr/bin/env bash
# Software: mixpanel 5.4.1 (PyPI)
# Behaviour: An aware datetime in properties is sent as its wall clock alone, without offset and without fraction. One moment
#   in two zones becomes two texts, and two moments hours apart become one.
# Seen: 10:15+02:00 and 08:15Z, the same moment, are sent as 2026-03-01T10:15:00 and 2026-03-01T08:15:00; 10:15:00.9Z and
#   10:15+02:00, two hours apart, as the same text 2026-03-01T10:15:00. track and people_set alike.
# Expected: the offset, or UTC. A naive datetime may stay naive.
# Known: mixpanel/mixpanel-ruby#49 was the same fault of the library for Ruby, mended in 2014; for Python no issue was found.
# Touchline: the offset was never sent; such values are kept as texts, not as times. docs/senders/analytics-others.md tells senders to
#   give text with an offset.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mixpanel==5.4.1 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from mixpanel import Consumer, Mixpanel


class Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        received[self.path] = json.loads(form["data"][0])
        answer = b'{"status": 1, "error": null}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


received: dict[str, dict] = {}
server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
client = Mixpanel("token", consumer=Consumer(events_url=f"{address}/track", people_url=f"{address}/engage"))

given = ["2026-03-01T10:15:00+02:00", "2026-03-01T08:15:00+00:00", "2026-03-01T10:15:00.900000+00:00"]
collected = {f"slot {number}": datetime.fromisoformat(text) for number, text in enumerate(given)}
client.track("customer-1", "collected", collected)
client.people_set("customer-1", collected)
server.shutdown()

sent = [received["/track"]["properties"][name] for name in collected]
for text, arrived in zip(given, sent):
    print(f"{text} is sent as {arrived}")
of_person = [received["/engage"]["$set"][name] for name in collected]
print("people_set:", "the same" if of_person == sent else of_person)
if sent != ["2026-03-01T10:15:00", "2026-03-01T08:15:00", "2026-03-01T10:15:00"] or of_person != sent:
    sys.exit("changed: datetimes are sent otherwise")
PYTHON
