"""The short form of `./run chaos`: ten kills and every other kind of fault change no number."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from tests.support.chaos.plan import Kind, plan_of
from tests.support.chaos.records import world_of
from tests.support.chaos.report import report, verdict_line
from tests.support.chaos.run import Outcome, run
from tests.support.chaos.timeline import Timeline
from tests.support.chaos.verdict import wrongs_of

SEED = 1
EVENTS = 600
KILLS = 10


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("chaos")
    plan = plan_of(SEED, KILLS)
    timeline = Timeline(folder / "timeline.ndjson")
    try:
        ended = run(plan, world_of(SEED, EVENTS, plan.groups), folder, timeline, each=1)
    finally:
        timeline.close()
    gc.collect()  # kafka-python leaves sockets of refused connections to it: here, where that is expected
    return ended


@pytest.mark.timeout(600)  # two runs on a stack, and a question of each view
def test_ten_kills_and_every_other_kind_of_fault_lose_nothing_double_nothing_and_change_no_view(
    outcome: Outcome,
) -> None:
    assert [f"{one.kind}: {one.text}" for one in wrongs_of(outcome.findings)] == []
    assert outcome.done.kills >= KILLS
    assert {outcome.plan.faults[number - 1].kind for number in outcome.done.effects} == set(Kind)
    assert len(outcome.done.without_effect) < len(outcome.plan.faults) / 3
    assert outcome.looks > 5


def test_a_record_of_that_run_that_lost_its_fate_would_be_found(outcome: Outcome) -> None:
    found = outcome.findings
    before = wrongs_of(found)
    partition, fates = next(iter(found.fates.items()))
    offset = next(iter(fates))
    for count, kind in ((0, "lost"), (2, "double")):
        planted = found._replace(fates={**found.fates, partition: {**fates, offset: count}})
        assert [one.kind for one in wrongs_of(planted) if one not in before] == [kind]


def test_the_timeline_and_the_report_tell_of_every_fault(outcome: Outcome) -> None:
    lines = [json.loads(line) for line in outcome.timeline.path.read_text(encoding="utf-8").splitlines()]
    for what in ("begins", "ends"):
        assert sorted(one["fault"] for one in lines if one["what"] == what) == [
            one.number for one in outcome.plan.faults
        ]
    page = report(outcome, [], "./run chaos")
    assert verdict_line(outcome, []) in page
    assert all(fault.text() in page for fault in outcome.plan.faults)


def test_the_folder_of_a_timeline_is_made(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "new" / "timeline.ndjson")
    timeline.note("note", "begun", is_told=False)
    timeline.close()
    assert json.loads(timeline.path.read_text(encoding="utf-8"))["text"] == "begun"
