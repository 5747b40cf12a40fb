"""A webhook's other side as a process of its own, which can be killed: it notes each body before it answers.

`python -m tests.support.receiver PORT FILE`
"""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]


class Receiver:
    """One such process, on the same port however often it begins."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._file = folder / "received"
        self._file.touch()
        self.begin()

    def begin(self) -> None:
        """Once more."""
        command = [sys.executable, "-m", "tests.support.receiver", str(self.port), str(self._file)]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def kill(self) -> None:
        """Whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def told(self) -> list[dict[str, Any]]:
        """The bodies that it has noted, in their order; one that it was killed over is none."""
        return [json.loads(line) for line in self._file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def main(port: int, file: Path) -> None:
    """Until it is killed."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with file.open("ab", buffering=0) as notes:
                notes.write(body + b"\n")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
