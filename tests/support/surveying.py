"""`touchline surveys serve` as a process of its own, and questions to it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.collectors import HOST, Answer
from tests.support.ports import free_port
from tests.support.workers import wait_for
from touchline.local.parts import settings_environment
from touchline.settings import Settings


class SurveysProcess:
    """One server of surveys on a free port."""

    def __init__(self, settings: Settings, folder: Path, **changes: object) -> None:
        self.settings = settings.with_changes(**{"surveys_port": free_port(), **changes})
        self.log_file = folder / "surveys.log"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, again where it has ended."""
        command = [sys.executable, "-m", "touchline", "surveys", "serve"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=settings_environment(self.settings), stdout=log, stderr=subprocess.STDOUT
            )
        return self.process

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def write_key(self) -> str:
        return self.settings.write_keys_file.read_text().split()[0]

    def wait_ready(self, seconds: float = 60.0) -> None:
        wait_for(self._is_ready, lambda: f"the surveys are not ready:\n{self.log}", seconds)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the surveys ended:\n{self.log}"
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            return False

    def answers(self) -> bool:
        """Whether it listens, ready or not."""
        assert self.process.poll() is None, f"the surveys ended:\n{self.log}"
        try:
            return self.request("GET", "/healthz").status == 200
        except OSError:
            return False

    def ask(self, **asked: str) -> dict[str, Any]:
        """What GET /v1/ask answers."""
        answer = self.request("GET", f"/v1/ask?{urlencode(asked)}", key=self.write_key)
        assert answer.status == 200, answer.body
        said: dict[str, Any] = answer.json()
        return said

    def request(self, method: str, path: str, document: object = None, key: str | None = None) -> Answer:
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        connection = http.client.HTTPConnection(HOST, self.settings.surveys_port, timeout=60)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


@contextmanager
def surveys(settings: Settings, folder: Path, **changes: object) -> Iterator[SurveysProcess]:
    """Surveys that are ready, ended with the block, whatever happens."""
    process = SurveysProcess(settings, folder, **changes)
    try:
        process.wait_ready()
        yield process
    finally:
        process.process.kill()
        process.process.wait()
