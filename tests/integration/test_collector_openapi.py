"""The collector does what its OpenAPI document says, by schemathesis: no 500, no answer outside the document."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.collectors import CollectorProcess, collector
from tests.support.engines import fresh_topic

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

# A document cannot say which sources are declared, nor which times are credible.
NOT_SAYABLE = "positive_data_acceptance"
CALLS = r"^/v1/(batch|track|page|screen|identify|group|alias)$"
ONE_SOURCE = f"shell.{'c' * 64}"
"""SDKs are let in by a key of one source only."""


@pytest.mark.timeout(180)
def test_schemathesis_finds_no_fault(stack: LocalStack, tmp_path: Path) -> None:
    every_source = stack.settings.write_keys_file.read_text()
    (tmp_path / "write_keys").write_text(f"{every_source}\n{ONE_SOURCE} shell\n")
    settings = stack.settings.with_changes(
        topic=fresh_topic(stack), outbox_dir=tmp_path / "outbox", write_keys_file=tmp_path / "write_keys"
    )
    with collector(settings, tmp_path, collector_events_per_second=1e6, collector_items=5) as running:
        assert _generated(running, tmp_path, running.write_key, 14, "--exclude-path-regex", CALLS) > 100
        assert _generated(running, tmp_path, ONE_SOURCE, 4, "--include-path-regex", CALLS) > 100
        counts = running.get("/readyz").json()
        assert counts["status"] == "ready"
        assert counts["requests"] > 100
        assert counts["rejected"] > 0  # they got past the key
        assert running.process.poll() is None


def _generated(running: CollectorProcess, folder: Path, write_key: str, examples: int, *which: str) -> int:
    """How many requests found no fault."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{running.url}/openapi.json", *which,
        "--header", f"Authorization: Bearer {write_key}", "--checks", "all", "--exclude-checks", NOT_SAYABLE,
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-4_000:]
    generated = re.search(r"(\d+) generated", found.stdout)
    assert generated
    return int(generated[1])


def test_the_document_is_printed_as_it_is_served(stack: LocalStack, tmp_path: Path) -> None:
    with collector(stack.settings.with_changes(outbox_dir=tmp_path / "outbox"), tmp_path) as running:
        command = [sys.executable, "-m", "touchline", "collector", "--openapi"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert json.loads(printed) == running.get("/openapi.json").json()
