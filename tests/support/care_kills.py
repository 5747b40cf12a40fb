"""Detractors answer while `touchline care`, a receiver and ClickHouse are killed (SIGKILL), and the folder is lost: what came of it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple

from tests.support.care import CareProcess
from tests.support.real_worker import ask
from tests.support.workers import wait_for
from touchline.producers.kafka import TouchpointProducer
from touchline.settings import Settings

LOSES_FOLDER: Final = 7
"""Each such kill loses the folder, too."""
KILLED_AS_IT_BEGINS: Final = 5
"""Each such kill does not wait until it has begun."""
BEGINS_SECONDS: Final = 120.0
WORKS_SECONDS: Final = 2.0
"""A process that has begun is killed within this time, at any step of its work."""
Event = dict[str, Any]
Kill = Callable[[], None]
"""Kills something, and begins it anew."""
CASES: Final = """
SELECT about_event_id, groupArray(case_id) FROM journey.cases WHERE has(%(events)s, about_event_id) AND NOT is_lapsed
GROUP BY about_event_id"""
OPENED: Final = """
SELECT properties['case'], toInt64(sum(sign)) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = 'touchline.case.v1' AND action = 'opened' GROUP BY 1"""


class Done(NamedTuple):
    """Ids of the answers that were sent, each of which is to open a case, and how often what was killed."""

    answers: list[str]
    kills: Counter[str]


def event(person: str, kind: str, event_id: str, minute: int, **fields: object) -> Event:
    """As a survey tool sends it."""
    return {
        "type": f"touchline.{kind}.v1", "id": event_id, "source": "survey-tool", "time": f"2026-03-01T11:{minute:02}:00Z", "zone": "UTC",
        "identifiers": [{"type": "loyalty", "value": person}], **fields,
    }  # fmt: skip


def detractor(person: str, score: int) -> list[Event]:
    """Somebody who may be called gives a low score, which comes twice."""
    asked = {
        "about": {"touchpoint": "store_purchase"},
        "survey": "s",
        "question": "q",
        "kpi": "nps",
        "scope": "transactional",
    }
    granted = event(
        person, "consent", f"c-{person}", 0, consent_id=f"g-{person}", purposes=["contact_me"], state="granted",
        effective_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    answer = event(person, "answer", f"a-{person}", 2, **asked, scale_min=0, scale_max=10, score=score)
    return [granted, answer, answer]


def answer_and_kill(
    settings: Settings, process: CareProcess, kills: int, random: Random, others: Mapping[int, tuple[str, Kill]]
) -> Done:
    """So many kills of the process, each while somebody's answer is on its way; it runs at the end. `others` are killed beside it, each in
    every n-th round."""
    done, begun = Done([], Counter()), process.begun_before
    with TouchpointProducer.from_settings(settings) as producer:
        for number in range(1, kills + 1):
            person = f"kay {number} of {random.random()}"
            for one in detractor(person, number % 7):
                producer.emit(one)
            producer.flush()
            done.answers.append(f"a-{person}")
            if number % KILLED_AS_IT_BEGINS:
                wait_for(partial(_has_begun, process, begun), lambda: process.log, BEGINS_SECONDS)
            time.sleep(random.uniform(0, WORKS_SECONDS))
            process.kill()
            begun = _begun(process)
            done.kills["care"] += 1
            if number % LOSES_FOLDER == 0:
                shutil.rmtree(settings.care_dir, ignore_errors=True)
                done.kills["folders lost"] += 1
            for every, (name, kill) in others.items():
                if number % every == 0:
                    kill()
                    done.kills[name] += 1
            process.begin()
    return done


def _has_begun(process: CareProcess, times_before: int) -> bool:
    return _begun(process) > times_before


def _begun(process: CareProcess) -> int:
    return process.log.count("care_started")


def missing(settings: Settings, answers: Sequence[str], told: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is still to come: answers without a case, cases that nobody was told."""
    cases, heard = _cases(settings, answers), {one["case"] for one in told}
    without = [f"{one} has no case" for one in answers if one not in cases]
    return without + [f"nobody was told of {case}" for some in cases.values() for case in some if case not in heard]


def faults(settings: Settings, answers: Sequence[str], told: Sequence[Mapping[str, Any]]) -> list[str]:
    """What must never be: two cases of one answer, a case that was opened twice, an alert under two ids, a case of nobody's answer."""
    cases = _cases(settings, answers)
    ours = {case for some in cases.values() for case in some}
    opened: dict[str, int] = dict(ask(settings, OPENED))
    found = [f"{answer} has {len(some)} cases" for answer, some in cases.items() if len(some) != 1]
    found += [f"{case} was opened {opened.get(case, 0)} times" for case in sorted(ours) if opened.get(case) != 1]
    ids = {one["id"] for one in told if one["case"] in ours}
    return found + [f"told under another id: {one}" for one in sorted(ids - {f"{case}/opened" for case in ours})]


def _cases(settings: Settings, answers: Sequence[str]) -> dict[str, list[str]]:
    return dict(ask(settings, CASES, events=list(answers)))
