"""A whole stack whose files all lie below one folder: what is sent lies outside of it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from tests.support.collectors import CollectorProcess, collector
from tests.support.dashboards import DashboardProcess, dashboard
from tests.support.planted.values import CONTROL, TOPIC
from tests.support.scraping import get
from touchline.cli.main import run
from touchline.local.parts import settings_environment
from touchline.local.ports import free_ports
from touchline.local.stack import LocalStack, folder_settings
from touchline.settings import Settings

SOURCES = """\
sources:
  retail-pos: {legal_basis: contract, personal: &named [customer_name, date_of_birth]}
  survey-tool: {legal_basis: legitimate_interests, personal: *named}
  shell: {legal_basis: contract, personal: *named}
  web-clicks: {legal_basis: contract, zone: UTC, personal: *named}
  simulator: {legal_basis: contract}
  care: {legal_basis: legitimate_interests}
  surveys: {legal_basis: legitimate_interests, personal: *named}
  strict: {legal_basis: contract, personal: *named, personal_values: refuse}
"""
PARTITIONS = 2


class World:
    """`root` holds all that the stack writes, `given` what senders have. What commands say is kept below `root/said`."""

    def __init__(self, root: Path, given: Path, stack: LocalStack) -> None:
        self.root, self.given, self.stack = root, given, stack
        self.settings: Settings = stack.settings
        self.said = root / "said"
        self.said.mkdir()

    def run(self, *words: str, status: int | None = 0, kept: bool = True) -> str:
        """A command as typed, in this process; `kept` unless it is to show what it is asked for."""
        out = io.TextIOWrapper(buffer := io.BytesIO(), encoding="utf-8", write_through=True)
        environment = mock.patch.dict(os.environ, settings_environment(self.settings))
        with environment, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            ended = run(words)
        said = buffer.getvalue().decode()
        assert status is None or ended == status, (words, ended, said)
        if kept:
            self.keep(said)
        return said

    def keep(self, said: str) -> None:
        """For the search."""
        (self.said / f"{len(list(self.said.iterdir())):03}").write_text(said)

    def give(self, name: str, text: str) -> str:
        """A file of a sender; returns its path."""
        path = self.given / name
        path.write_text(text)
        return str(path)

    @contextmanager
    def collector(self) -> Iterator[CollectorProcess]:
        """With an outbox."""
        outbox = self.root / "outbox-of-collector"
        with collector(self.settings, self.root / "log", outbox_dir=outbox) as running:
            yield running
            self.keep_metrics("collector", running.port)
            running.end()
        self.run("outbox", "drain", "--outbox", str(outbox))

    @contextmanager
    def dashboard(self) -> Iterator[DashboardProcess]:
        """With its comments open to one key."""
        keys = self.given / "comments_keys"
        keys.write_text(f"care.{'c' * 64}\n")
        with dashboard(self.settings, self.root / "log", dashboard_comments_keys_file=keys) as running:
            running.wait_ready()
            yield running
            self.keep_metrics("dashboard", running.port)
            running.end()

    def keep_metrics(self, name: str, port: int) -> None:
        """What a process counts."""
        status, text = get(port, "/metrics")
        assert status == 200
        folder = self.root / "metrics"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    def copy(self, name: str, to: str) -> None:
        """A folder as it is now, for the search."""
        shutil.copytree(self.root / name, self.root / to)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Kafka, the engine and a worker."""
    root, given = folder / "root", folder / "given"
    for one in (root, given, root / "tmp", root / "log"):
        one.mkdir(parents=True)
    (given / "sources.yaml").write_text(SOURCES)
    (given / "write_keys").write_text(f"{CONTROL}.{'a' * 64} *\n")
    settings = folder_settings(root / "local", "free", PARTITIONS).with_changes(
        sources_file=given / "sources.yaml",
        write_keys_file=given / "write_keys",
        topic=TOPIC,
        state_dir=root / "state",
        worker_http_port=free_ports(1)[0],
        maps=["retail"],
    )
    with ExitStack() as closing:
        closing.enter_context(mock.patch.dict(os.environ, {"TMPDIR": str(root / "tmp")}))
        stack = closing.enter_context(LocalStack(root / "local", workers=1, partitions=PARTITIONS, settings=settings))
        yield World(root, given, stack)


def wait_for_files_to_rest(folder: Path, seconds: float = 10.0) -> None:
    """Until no file comes or goes."""
    deadline = time.monotonic() + seconds
    seen: set[Path] = set()
    while (now := set(folder.rglob("*"))) != seen and time.monotonic() < deadline:
        seen = now
        time.sleep(0.3)
