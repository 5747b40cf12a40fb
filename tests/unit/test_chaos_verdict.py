"""The verdict of a chaos run finds what is planted: a loss, a double, a number above the truth, a leak, and each of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.chaos.erasing import covers
from tests.support.chaos.sender import Sent, digest_of
from tests.support.chaos.verdict import FILES_MAX, GROWTH_MAX, MEMORY_MAX, Findings, growths, wrongs_of
from tests.support.chaos.watch import Sample

RECORDS = {0: {0: 11, 1: 12, 3: 13}, 1: {0: 21}}
"""Offset 2 of partition 0 is the mark of a transaction."""
MIB = 1 << 20


def as_it_must_be() -> dict[str, Any]:
    return {
        "sent": Sent({0: {0: 11, 1: 12, 3: 13}, 1: {0: 21}}, Counter()),
        "topic": {number: dict(records) for number, records in RECORDS.items()},
        "fates": {number: dict.fromkeys(records, 1) for number, records in RECORDS.items()},
        "differences": [],
        "seen": [],
        "unclean": [],
        "lag_seconds": 3.0,
        "stuck": [],
        "samples": samples([100 * MIB] * 30),
        "bugs": [],
        "undone": [],
    }


def samples(memory: list[int], name: str = "worker", files: int = 60) -> list[Sample]:
    return [Sample(float(number), name, 7, one, files) for number, one in enumerate(memory)]


def kinds(**changes: Any) -> list[str]:
    return [one.kind for one in wrongs_of(Findings(**(as_it_must_be() | changes)))]


def test_a_run_as_it_must_be_has_nothing_wrong() -> None:
    assert kinds() == []


def without(given: dict[int, dict[int, int]], partition: int, offset: int) -> dict[int, dict[int, int]]:
    return given | {partition: {at: one for at, one in given[partition].items() if at != offset}}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda found: {"fates": without(found["fates"], 0, 1)}, "lost"),
        (lambda found: {"fates": found["fates"] | {1: {0: 0}}}, "lost"),
        (lambda found: {"fates": found["fates"] | {1: {0: 2}}}, "double"),
        (lambda found: {"fates": found["fates"] | {1: {0: 1, 5: 1}}}, "foreign"),
        (lambda found: {"fates": found["fates"] | {0: found["fates"][0] | {2: 1}}}, "foreign"),
        (lambda found: {"differences": ["journey.touchpoints: 1 row missing"]}, "differs"),
        (lambda found: {"seen": ["12 events, in truth 11"]}, "above the truth"),
        (lambda found: {"unclean": ["account balances: 0"]}, "not clean"),
        (lambda found: {"lag_seconds": None}, "late"),
        (lambda found: {"lag_seconds": 61.0}, "late"),
        (lambda found: {"stuck": ["worker-2 had not ended"]}, "stuck"),
        (lambda found: {"bugs": ["event=bug"]}, "bug"),
        (lambda found: {"undone": ["group 0"]}, "undone"),
        (lambda found: {"samples": samples([100 * MIB] * 20 + [120 * MIB + GROWTH_MAX] * 10)}, "grows"),
        (lambda found: {"samples": samples([MEMORY_MAX + 1])}, "grows"),
        (lambda found: {"samples": samples([MIB], files=FILES_MAX + 1)}, "grows"),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(
    change: Callable[[dict[str, Any]], dict[str, Any]], kind: str
) -> None:
    assert kinds(**change(as_it_must_be())) == [kind]


def test_an_acknowledged_record_that_kafka_lost_is_found_although_its_fate_is_gone_too() -> None:
    found = as_it_must_be()
    assert kinds(topic=without(found["topic"], 0, 3), fates=without(found["fates"], 0, 3)) == ["lost"]


def test_a_record_of_other_bytes_in_its_place_is_a_loss() -> None:
    assert kinds(topic=RECORDS | {1: {0: 99}}) == ["lost"]


def test_a_record_that_kafka_never_answered_for_may_be_there_once_for_each_time_it_was_sent() -> None:
    topic = RECORDS | {1: {0: 21, 1: 31, 2: 31}}
    fates = {number: dict.fromkeys(records, 1) for number, records in topic.items()}
    sent = as_it_must_be()["sent"]
    assert kinds(topic=topic, fates=fates, sent=sent._replace(unknown=Counter({31: 2}))) == []
    assert kinds(topic=topic, fates=fates, sent=sent._replace(unknown=Counter({31: 1}))) == ["foreign"]


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 200)), min_size=1), st.data())
def test_any_one_record_that_is_lost_or_double_is_found(places: set[tuple[int, int]], data: st.DataObject) -> None:
    topic: dict[int, dict[int, int]] = {}
    for partition, offset in places:
        topic.setdefault(partition, {})[offset] = offset
    fates = {number: dict.fromkeys(records, 1) for number, records in topic.items()}
    partition, offset = data.draw(st.sampled_from(sorted(places)))
    count = data.draw(st.sampled_from((0, 2)))
    fates[partition][offset] = count
    found = kinds(sent=Sent(topic, Counter()), topic=topic, fates=fates)
    assert found == ["double" if count else "lost"]


def test_what_runs_for_a_short_time_or_is_no_worker_may_grow() -> None:
    assert list(growths(samples([MIB, MIB, 300 * MIB]))) == []
    assert list(growths(samples([MIB] * 20 + [MEMORY_MAX * 2] * 20, name="clickhouse"))) == []


def test_no_value_and_an_empty_one_are_told_apart() -> None:
    assert len({digest_of(key, value) for key in (None, b"", b"k") for value in (None, b"", b"k")}) == 9


def test_persons_are_erased_when_all_that_they_sent_is_stored() -> None:
    assert covers({0: 7, 1: 3}, {0: 7})
    assert not covers({0: 7, 1: 3}, {0: 7, 1: 4})
    assert not covers({0: 7}, {2: 0})
