"""docs/senders/http.md and cloudevents.md: their commands and programs, typed as they stand, on a real collector and Kafka."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.collectors import CollectorProcess, collector
from tests.support.documents import ROOT, Block, blocks_of, matches, steps_of
from tests.support.engines import fresh_topic

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PAGES = [ROOT / "docs" / "senders" / name for name in ("http.md", "cloudevents.md")]
PORT_IN_DOCUMENTS = "127.0.0.1:8787"


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    settings = stack.settings.with_changes(topic=fresh_topic(stack))
    with collector(settings, tmp_path_factory.mktemp("collector")) as process:
        yield process


@pytest.fixture
def folder(running: CollectorProcess, tmp_path: Path) -> Path:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "secrets").symlink_to(running.settings.write_keys_file.parent)
    lines = next(block for block in blocks_of(PAGES[0]) if block.language == "json")  # the file; others are examples
    (tmp_path / "events.ndjson").write_text(lines.text, encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "no_proxy": "*"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_answers_as_shown(running: CollectorProcess, folder: Path, page: Path) -> None:
    steps = [step for block in blocks_of(page) if block.language == "console" for step in steps_of(block)]
    assert len(steps) >= 3
    for step in steps:
        printed = run(["bash", "-c", step.command.replace(PORT_IN_DOCUMENTS, f"127.0.0.1:{running.port}")], folder)
        assert matches(step.expected or "", printed), f"{step.command}\nprinted:\n{printed}"


def programs() -> list[tuple[Block, str]]:
    """Each program with what it prints, by the block that follows."""
    blocks = [block for page in PAGES for block in blocks_of(page)]
    return [(block, following.text) for block, following in pairwise(blocks) if block.language == "python"]


def test_every_program_prints_what_is_shown(running: CollectorProcess, folder: Path) -> None:
    found = programs()
    assert found
    for block, expected in found:
        program = block.text.replace(PORT_IN_DOCUMENTS, f"127.0.0.1:{running.port}")
        assert matches(expected, run([sys.executable, "-c", program], folder)), block.name
