"""The collector does what its OpenAPI document says, by schemathesis: no 500, no answer outside the document."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.collectors import collector
from tests.support.engines import fresh_topic

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

# A document cannot say which sources are declared, nor which times are credible.
NOT_SAYABLE = "positive_data_acceptance"


@pytest.mark.timeout(180)
def test_schemathesis_finds_no_fault(stack: LocalStack, tmp_path: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack), outbox_dir=tmp_path / "outbox")
    with collector(settings, tmp_path, collector_events_per_second=1e6, collector_items=5) as running:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{running.url}/openapi.json",
            "--header", f"Authorization: Bearer {running.write_key}", "--checks", "all", "--exclude-checks", NOT_SAYABLE,
            "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--warnings", "off", "--no-color",
        ]  # fmt: skip
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout[-4_000:]
        generated = re.search(r"(\d+) generated", found.stdout)
        assert generated
        assert int(generated[1]) > 100
        counts = running.get("/readyz").json()
        assert counts["status"] == "ready"
        assert counts["requests"] > 100
        assert running.process.poll() is None


def test_the_document_is_printed_as_it_is_served(stack: LocalStack, tmp_path: Path) -> None:
    with collector(stack.settings.with_changes(outbox_dir=tmp_path / "outbox"), tmp_path) as running:
        command = [sys.executable, "-m", "touchline", "collector", "--openapi"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert json.loads(printed) == running.get("/openapi.json").json()
