"""`touchline collector` as a process of its own, and requests to it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.support.ports import free_port
from tests.support.workers import wait_for
from touchline.local.parts import settings_environment
from touchline.settings import Settings

JSON = {"Content-Type": "application/json"}
HOST = "127.0.0.1"


class Answer(NamedTuple):
    """Status, headers and body of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class CollectorProcess:
    """One collector on a free port."""

    def __init__(self, settings: Settings, folder: Path, name: str = "collector", **changes: object) -> None:
        self.settings = settings.with_changes(**{"collector_port": free_port(), **changes})
        self.port = self.settings.collector_port
        self.log_file = folder / f"{name}.log"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "touchline", "collector"]
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command, env=settings_environment(self.settings), stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def write_key(self) -> str:
        return self.settings.write_keys_file.read_text().split()[0]

    @property
    def memory_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def wait_ready(self, seconds: float = 90.0) -> None:
        wait_for(self._is_ready, lambda: f"the collector is not ready:\n{self.log}", seconds)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the collector ended:\n{self.log}"
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def restart(self) -> None:
        """After its end, on the same port."""
        self.process.wait()
        self.process = self._start()

    def get(self, path: str) -> Answer:
        return self.request("GET", path, b"", {})

    def post(self, body: bytes, headers: Mapping[str, str] = JSON, key: str | None = None) -> Answer:
        """POST /v1/events with a write key that may send for every source, unless another one is given."""
        given = {"Authorization": f"Bearer {self.write_key if key is None else key}", **headers}
        return self.request("POST", "/v1/events", body, given)

    def post_json(self, document: object) -> Answer:
        return self.post(json.dumps(document).encode())

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def end(self, patience: float = 30.0) -> tuple[int, float]:
        """SIGTERM; returns exit status and seconds until the end."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(patience), time.monotonic() - began


@contextmanager
def collector(
    settings: Settings, folder: Path, name: str = "collector", **changes: object
) -> Iterator[CollectorProcess]:
    """A collector that answers, ended with the block, whatever happens."""
    process = CollectorProcess(settings, folder, name, **changes)
    try:
        process.wait_ready()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.process.wait()


def event(number: int | str, **fields: object) -> dict[str, Any]:
    """A touchpoint event that every contract takes."""
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"e{number}",
        "source": "shell",
        "time": "2026-03-01T11:00:00Z",
        "touchpoint": "store_visit",
        "identifiers": [{"type": "loyalty", "value": f"47{number}"}],
        **fields,
    }


def events(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [event(number) for number in numbers]
