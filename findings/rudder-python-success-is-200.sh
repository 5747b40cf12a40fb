#!/usr/bin/env bash
# Software: rudder-sdk-python 2.1.9 (PyPI)
# Behaviour: Only status 200 is success. A receiver that answers 202 (or 204) has stored the events and gets the same
#   batch again, with growing pauses; after the last try the SDK reports the events as lost.
# Seen: a receiver that answers 202, max_retries 3: the same messageId arrives 4 times, on_error is called with
#   KeyError('code'). With 200 it arrives once.
# Expected: any 2xx is success, as in segment-analytics-python, of which this is a fork.
# Known: no public issue found.
# Touchline: its own collector answers 202, so this SDK cannot be pointed at it; repeated ids would count once.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet rudder-sdk-python==2.1.9 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import gzip
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rudderstack.analytics.client import Client

logging.disable(logging.CRITICAL)
STATUS, ANSWER = 202, {"accepted": 1}


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


def deliver() -> tuple[list[str], list[str]]:
    """The ids that arrived, and what the SDK reported as failed."""
    failed: list[str] = []
    bodies.clear()
    address = f"http://127.0.0.1:{server.server_port}"
    client = Client("key", host=address, max_retries=3, on_error=lambda error, _: failed.append(repr(error)))
    client.track("u1", "visit", {"page": "home"})
    client.flush()
    client.join()
    return [item["messageId"] for body in bodies for item in body["batch"]], failed


tried = {}
for STATUS in (200, 202):
    ids, failed = tried[STATUS] = deliver()
    print(f"receiver answers {STATUS}: arrived {len(ids)} times, {len(set(ids))} distinct id; reported as failed: {failed}")
server.shutdown()
if [(len(ids), len(failed)) for ids, failed in tried.values()] != [(1, 0), (4, 1)]:
    sys.exit("changed: 202 is treated otherwise")
PYTHON
