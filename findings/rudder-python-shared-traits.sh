#!/usr/bin/env bash
# Software: rudder-sdk-python 2.1.9 (PyPI)
# Behaviour: identify() writes the traits into the context that the caller gave. Whoever keeps one context for all calls
#   (application, version, locale) sends the traits of the person identified last with the events of everybody after.
# Seen: one context {"locale": "de-AT"} for identify of u1 with an e-mail and track of u2: the event of u2 has u1's e-mail
#   in context.traits, and the caller's own dictionary has it, too. With a copy for each call the event of u2 has no traits.
# Expected: the caller's dictionary is left alone; segment-analytics-python, of which this is a fork, sends traits beside it.
# Known: no public issue found.
# Touchline: reads mail and telephone of traits from identify only (docs/decisions/0195), else two customers became one.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet rudder-sdk-python==2.1.9 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rudderstack.analytics.client import Client


class Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        items.extend(json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)["batch"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_: object) -> None:
        pass


items: list[dict] = []
server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()


def traits_of_u2(context: dict, *, is_copied: bool) -> object:
    """What arrives in context.traits of the event of u2, after u1 was identified."""
    items.clear()
    client = Client("key", host=f"http://127.0.0.1:{server.server_port}")
    client.identify("u1", {"email": "u1@example.com"}, context=dict(context) if is_copied else context)
    client.track("u2", "visit", {"page": "home"}, context=dict(context) if is_copied else context)
    client.flush()
    client.join()
    [event] = [item for item in items if item["type"] == "track"]
    return event["context"].get("traits")


shared = {"locale": "de-AT"}
found = {
    "a copy for each call": traits_of_u2({"locale": "de-AT"}, is_copied=True),
    "one context": traits_of_u2(shared, is_copied=False),
}
server.shutdown()
for said, traits in found.items():
    print(f"{said}: the event of u2 has the traits {traits}")
print("the caller's context by now:", shared)
of_u1 = {"email": "u1@example.com"}
if found != {"a copy for each call": None, "one context": of_u1} or shared.get("traits") != of_u1:
    sys.exit("changed: the context of the caller is treated otherwise")
PYTHON
