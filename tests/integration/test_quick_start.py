"""docs/quick-start.md typed as it stands, on a stack of its own. The demo's year of data is left to `./run check quick_start`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.documents import ROOT, blocks_of
from tests.support.walking import DEFAULT_BROKER, Walk
from touchline.local.java import ensure_jars
from touchline.settings import load_settings

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

QUICK_START = ROOT / "docs" / "quick-start.md"
INSTEAD_OF_THE_DEMO = {"./run demo": r"printf 'events 155,848\npersons 2,469\nplaces 457\n'"}


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    jars = load_settings().local_dir / "kafka" / "jars"
    ensure_jars(jars)
    walk = Walk(tmp_path, jars, INSTEAD_OF_THE_DEMO)
    yield walk
    walk.type("./run down")


@pytest.mark.timeout(300)
def test_the_quick_start_works_as_it_is_written(walk: Walk) -> None:
    assert walk.document(QUICK_START) > 12


def test_every_example_that_sends_works_on_a_running_kafka(stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "secrets").symlink_to(stack.settings.local_dir / "secrets")
    senders = [
        block
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
        for block in blocks_of(path)
        if block.language == "python" and "TouchpointProducer(" in block.text and path != QUICK_START
    ]
    assert senders
    for block in senders:
        program = block.text.replace(DEFAULT_BROKER, stack.settings.kafka_bootstrap)
        outcome = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, f"{block.name}:\n{outcome.stderr}"
