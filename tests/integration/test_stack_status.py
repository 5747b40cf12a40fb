"""What `status` and `doctor` say of a worker that runs and does not do all of its work."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from touchline.erasure.under_way import OpenRequests
from touchline.local.doctor import Grade, examine
from touchline.local.identity import ProcessIdentity
from touchline.local.page import print_status
from touchline.local.process import write_record
from touchline.local.stack import LocalStack
from touchline.local.status import PartState, Trouble, stack_status
from touchline.processors.worker.health import HINTS, Health, UnreadablePartition


@pytest.fixture
def stack(tmp_path: Path) -> LocalStack:
    """Of which one worker runs: this process stands for it."""
    stack = LocalStack(tmp_path, workers=1)
    (worker,) = stack.workers
    worker.record_path.parent.mkdir(parents=True)
    write_record(worker.record_path, ProcessIdentity.of(os.getpid()), worker.spec)
    return stack


def _tell(stack: LocalStack, state: str, *unreadable: UnreadablePartition) -> None:
    Health(stack.settings.local_dir / "run" / "worker.ready").tell(1, 4, state, unreadable)


def test_status_names_the_partition_that_cannot_be_read_why_and_what_to_do(
    stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(stack, "unreadable", UnreadablePartition(2, 1042, "codec_missing"))
    status = stack_status(stack)
    worker = status.parts[-1]
    what = "partition 2 stands at offset 1042: its next batch cannot be read (codec_missing); the others go on"
    assert (worker.state, worker.troubles) == (PartState.NOT_READY, [Trouble(what, HINTS["codec_missing"])])
    assert json.loads(json.dumps(status.as_dict()))["parts"][-1]["troubles"] == [
        {"what": what, "hint": HINTS["codec_missing"]}
    ]
    print_status(status, stack.settings)
    shown = capsys.readouterr().out
    assert f"worker: {what}\nhint: {HINTS['codec_missing']}\n" in shown
    assert not status.is_ready


def test_doctor_names_every_partition_that_cannot_be_read_and_not_a_restart(stack: LocalStack) -> None:
    _tell(stack, "unreadable", UnreadablePartition(0, 7, "damaged"), UnreadablePartition(3, 9, "damaged"))
    found = next(one for one in examine(stack) if one.check == "processes")

    assert found.grade is Grade.FAILED
    assert "worker: partition 0 stands at offset 7" in found.fact
    assert "worker: partition 3 stands at offset 9" in found.fact
    assert found.hint == HINTS["damaged"]


@pytest.mark.parametrize("state", ["stalled_in_store", "stalled_in_reading", "rejoining"])
def test_a_worker_that_stands_still_is_told_by_its_state(stack: LocalStack, state: str) -> None:
    _tell(stack, state)
    worker = stack_status(stack).parts[-1]

    assert (worker.state, worker.troubles) == (PartState.NOT_READY, [Trouble(f"its state is {state}", HINTS[state])])


def test_a_worker_without_a_word_does_not_answer_and_one_that_is_ready_has_no_trouble(stack: LocalStack) -> None:
    assert stack_status(stack).parts[-1].state is PartState.NOT_ANSWERING
    _tell(stack, "ready")
    worker = stack_status(stack).parts[-1]
    assert (worker.state, worker.troubles) == (PartState.READY, [])


def test_status_says_that_the_sources_file_cannot_be_read_while_workers_go_on(
    tmp_path: Path, stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(stack, "ready")
    assert stack_status(stack).sources is None
    broken = tmp_path / "sources.yaml"
    broken.write_text("sources: [")
    stack.settings = stack.settings.with_changes(sources_file=broken)
    status = stack_status(stack)
    assert status.parts[-1].state is PartState.READY
    assert status.sources is not None
    assert json.loads(json.dumps(status.as_dict()))["sources"]["hint"] == status.sources.hint
    print_status(status, stack.settings)
    shown = capsys.readouterr().out
    assert f"{status.sources.what}; workers go by what it said before\nhint: {status.sources.hint}\n" in shown


def test_status_tells_open_requests_to_erase_to_people_and_programs(
    stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(stack, "ready")
    one = OpenRequests("asked", 1, 2, datetime(2026, 3, 1, 9, 12, tzinfo=UTC), ["customer-events/T/3"])
    assert stack_status(stack).as_dict()["erasures"] == []
    status = replace(stack_status(stack), erasures=[one])
    assert json.loads(json.dumps(status.as_dict()))["erasures"] == [one.as_object()]
    print_status(status, stack.settings)
    assert f"{one.sentence}\n" in capsys.readouterr().out
