"""The collector is killed while unchanged SDKs of other tools send: what they take for delivered is in the ledger, once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.collectors import CollectorProcess, collector
from tests.support.engines import own_face_with_worker
from tests.support.real_worker import ask
from tests.support.sdks import sdk_command
from tests.support.workers import wait_for

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PROGRAMS = Path(__file__).parent / "senders"
SOURCES = {"segment_load.py": "shell", "segment_load.mjs": "web-clicks"}
KILLS = 3
ACCEPTED_BETWEEN_KILLS = 300
LAST_RETRIES_SECONDS = 90.0
STORED = "SELECT source, event_id, count() FROM journey.touchpoints GROUP BY 1, 2"


def start(program: str, running: CollectorProcess) -> subprocess.Popen[str]:
    """It sends until its input ends."""
    source = SOURCES[program]
    command = [*sdk_command(PROGRAMS / program), running.url, f"{source}.{'a' * 64}", source]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_again_and_again(running: CollectorProcess) -> None:
    for _ in range(KILLS):
        wait_for(
            lambda: running.get("/readyz").json()["accepted"] >= ACCEPTED_BETWEEN_KILLS,
            lambda: f"the SDKs do not send:\n{running.log}",
            60,
        )
        running.process.kill()
        running.restart()
        running.wait_ready()


def promised(programs: Sequence[tuple[str, subprocess.Popen[str]]]) -> set[tuple[str, str]]:
    """Source and id of what the SDKs take for delivered, after their last retries."""
    found = set()
    for program, process in programs:
        said, errors = process.communicate(timeout=LAST_RETRIES_SECONDS)
        assert process.returncode == 0, errors[-2_000:]
        told, source = json.loads(said.splitlines()[-1]), SOURCES[program]
        delivered = {f"{source}-{number}" for number in range(told["sent"])} - {*told["failed"]}
        assert len(delivered) >= KILLS * ACCEPTED_BETWEEN_KILLS / 4, told["failed"][:5]
        found |= {(source, one) for one in delivered}
    return found


@pytest.mark.timeout(300)
def test_what_sdks_take_for_delivered_is_in_the_ledger_once_although_the_collector_is_killed(
    stack: LocalStack, tmp_path: Path
) -> None:
    keys = tmp_path / "write_keys"
    keys.write_text("".join(f"{source}.{'a' * 64} {source}\n" for source in SOURCES.values()))
    with (
        own_face_with_worker(stack, tmp_path, write_keys_file=keys) as ledger,
        collector(ledger.settings.with_changes(outbox_dir=tmp_path / "outbox"), tmp_path) as running,
    ):
        programs = [(program, start(program, running)) for program in SOURCES]
        try:
            kill_again_and_again(running)
            expected = promised(programs)
        finally:
            for _, process in programs:
                process.kill()
                process.wait()
        stored: dict[tuple[str, str], int] = {}

        def all_stored() -> bool:
            stored.update({(source, one): count for source, one, count in ask(ledger.settings, STORED)})
            return expected <= stored.keys()

        wait_for(
            all_stored, lambda: f"{len(expected - stored.keys())} of {len(expected)} promised events are missing", 90
        )
    assert {*stored.values()} == {1}
