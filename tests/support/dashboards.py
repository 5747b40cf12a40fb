"""`touchline dashboard` as a process of its own, and requests to it."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.collectors import Answer
from tests.support.ports import free_port
from tests.support.workers import wait_for
from touchline.local.parts import settings_environment
from touchline.settings import Settings

HOST = "127.0.0.1"


class DashboardProcess:
    """One dashboard on a free port."""

    def __init__(self, settings: Settings, folder: Path, **changes: object) -> None:
        self.settings = settings.with_changes(**{"dashboard_port": free_port(), **changes})
        self.port = self.settings.dashboard_port
        self.log_file = folder / f"dashboard-{self.port}.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "touchline", "dashboard"],
                env=settings_environment(self.settings),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_alive(self, seconds: float = 30.0) -> None:
        """It answers; ClickHouse may be away."""
        wait_for(lambda: self._says_200("/healthz"), lambda: f"the dashboard does not answer:\n{self.log}", seconds)

    def wait_ready(self, seconds: float = 30.0) -> None:
        """It can answer questions."""
        wait_for(lambda: self._says_200("/readyz"), lambda: f"the dashboard is not ready:\n{self.log}", seconds)

    def _says_200(self, path: str) -> bool:
        assert self.process.poll() is None, f"the dashboard ended:\n{self.log}"
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def ask(self, name: str, **parameters: object) -> Any:
        """The answer of a query as JSON, which must be one; a list is a repeated parameter, `from_` is `from`."""
        answer = self.get(f"/api/q/{name}?{query_string(parameters)}")
        assert answer.status == 200, (name, parameters, answer.body)
        return answer.json()

    def rows(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        """Its rows by the names of the columns."""
        found = self.ask(name, **parameters)
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    def end(self, patience: float = 30.0) -> tuple[int, float]:
        """SIGTERM; returns exit status and seconds until the end."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(patience), time.monotonic() - began


def query_string(parameters: Mapping[str, object]) -> str:
    return urlencode({name.rstrip("_"): value for name, value in parameters.items()}, doseq=True)


@contextmanager
def dashboard(settings: Settings, folder: Path, **changes: object) -> Iterator[DashboardProcess]:
    """A dashboard that answers, ended with the block, whatever happens."""
    process = DashboardProcess(settings, folder, **changes)
    try:
        process.wait_alive()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.process.wait()
