"""Collector, surveys and care, each a process of its own, as a company runs them; and requests to the first two."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from touchline.errors import EngineUnreachable, NotClean
from touchline.local.commands import touchline_command
from touchline.local.identity import ProcessIdentity
from touchline.local.parts import settings_environment
from touchline.local.ports import LOOPBACK, free_ports
from touchline.local.process import ListeningPort, Part, PartSpec
from touchline.settings import Settings

READY_SECONDS: Final = 90.0
PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.3
_FORM: Final = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    """Status and body of an HTTP answer."""

    status: int
    body: bytes


class Services:
    """Ways in of a stack: events by the collector, questions and answers by the surveys."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._key = settings.write_keys_file.read_text(encoding="utf-8").split()[0]

    def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Events to the collector; all must be taken."""
        said = json.loads(self._post(self.settings.collector_port, "/v1/events", list(events)).body)
        if said.get("accepted") != len(events):
            raise NotClean(f"the collector took {said.get('accepted')} of {len(events)} events of the stories")

    def ask(self, identifier: dict[str, str], source: str, event_id: str) -> str:
        """Whether somebody may be asked about an event now: the link to the question, empty where not."""
        asked = {"identifier": identifier, "source": source, "event_id": event_id}
        said = json.loads(self._post(self.settings.surveys_port, "/v1/ask", asked).body)
        return urlsplit(str(said.get("link", ""))).path

    def answer(self, link: str, answer: str) -> None:
        """Answer the question of a link as its page does, without a comment."""
        status = self._request(
            self.settings.surveys_port, link, urlencode({"answer": answer}).encode(), _FORM, ""
        ).status
        if status != 303:
            raise NotClean(f"the surveys did not take an answer of the stories: HTTP {status}")

    def _post(self, port: int, path: str, document: object) -> Answer:
        return self._request(port, path, json.dumps(document).encode(), "application/json", self._key)

    def _request(self, port: int, path: str, body: bytes, kind: str, key: str) -> Answer:
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {key}"} if key else {})
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


@contextmanager
def services(settings: Settings, on_start: Callable[[ProcessIdentity], None]) -> Iterator[Services]:
    """All three, ready, and ended with the block. `on_start` hears of each process: that of a stack ends it whatever happens."""
    ports = dict(
        zip(
            ("collector", "surveys", "care"),
            (settings.collector_port, settings.surveys_port, *free_ports(1)),
            strict=True,
        )
    )
    settings = settings.with_changes(care_http_port=ports["care"])
    commands = {"collector": ("collector",), "surveys": ("surveys", "serve"), "care": ("care", "run")}
    parts = [_part(settings, name, words, ports[name]) for name, words in commands.items()]
    try:
        for part in parts:
            part.on_start = on_start
            part.start(wait=False)
        for part in parts:
            part.wait_ready()
        yield Services(settings)
    finally:
        for part in parts:
            part.terminate()


def wait_until(is_there: Callable[[], object], what: str) -> None:
    """Raises EngineUnreachable after four minutes in which it was not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise EngineUnreachable(
                f"{what} did not come within {PATIENCE_SECONDS:.0f} s", "see the logs in the folder of the stories"
            )
        time.sleep(_POLL_SECONDS)


def _part(settings: Settings, name: str, words: Sequence[str], port: int) -> Part:
    spec = PartSpec(
        name=name,
        command=lambda: touchline_command(*words),
        environment=settings_environment(settings),
        ports=(ListeningPort(port, "HTTP", f"{name}_port" if name != "care" else "care_http_port"),),
        is_ready=lambda: _is_ready(port),
        ready_seconds=READY_SECONDS,
    )
    return Part(spec, settings.local_dir)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
