"""`touchline care` as a process of its own, and the other sides of its sinks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from tests.support.workers import wait_for
from touchline.local.parts import settings_environment
from touchline.settings import Settings


class Told(NamedTuple):
    """One request to a webhook."""

    headers: dict[str, str]
    body: bytes

    @property
    def alert(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


class Hook:
    """A webhook's other side: takes what it is told, with the status and the Retry-After that it is set to."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.status = 200
        self.retry_after = ""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append(Told(dict(self.headers), body))
                self.send_response(hook.status)
                self.send_header("Retry-After", hook.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/alerts"


@contextmanager
def hook() -> Iterator[Hook]:
    """Until the block ends."""
    one = Hook()
    threading.Thread(target=one.server.serve_forever, daemon=True).start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()


class CareProcess:
    """One `touchline care`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.log_file = folder / "care.log"
        self.begun_before = self.log.count("care_started") if self.log_file.exists() else 0
        self.begin()

    def begin(self) -> None:
        """Once more."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "touchline", "care"],
                env=settings_environment(self.settings), stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait_log(self, part: str) -> None:
        wait_for(lambda: part in self.log, lambda: f"{part!r} not in the log:\n{self.log}")

    def wait_begun(self, times: int) -> None:
        """Until it runs for the n-th time."""
        wait_for(lambda: self.log.count("care_started") >= self.begun_before + times, lambda: self.log)

    def end(self, patience: float = 15.0) -> int:
        self.process.terminate()
        return self.process.wait(patience)


@contextmanager
def care(settings: Settings, folder: Path) -> Iterator[CareProcess]:
    """Ended with the block, whatever happens."""
    process = CareProcess(settings, folder)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.kill()


def alerts_in(settings: Settings, topic: str) -> list[dict[str, Any]]:
    """All alerts of a topic with one partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, consumer_timeout_ms=200)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    found: list[dict[str, Any]] = []
    while consumer.position(place) < end:
        for records in consumer.poll(500).values():
            found += [json.loads(one.value) for one in records]
    consumer.close()
    return found
