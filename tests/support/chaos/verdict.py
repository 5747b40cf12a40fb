"""What is wrong in what a run left behind and in what was seen meanwhile. Pure: everything is handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from statistics import median
from typing import Final, NamedTuple

from tests.support.chaos.sender import Offsets, Sent
from tests.support.chaos.watch import Sample

LAG_SECONDS_MAX: Final = 60.0
SHOWN: Final = 5
WORKER: Final = "worker"
MEMORY_MAX: Final = 600 << 20
"""Of a worker, at any moment."""
GROWTH_MAX: Final = 220 << 20
"""Of a worker that runs for long: what it may hold while ClickHouse is away (see tests/failure/test_backlog.py)."""
FILES_MAX: Final = 120
"""Of a worker, at any moment: caches of four partitions, and connections."""
FILES_GROWTH_MAX: Final = 40
"""Of anything that runs for long."""
LONG_SAMPLES: Final = 15

Fates = Mapping[int, Mapping[int, int]]
"""Partition -> offset -> fates that stand: one each."""


class Wrong(NamedTuple):
    """`kind` is lost, double, foreign, differs, above the truth, not clean, late, stuck, grows, bug or undone."""

    kind: str
    text: str


class Findings(NamedTuple):
    """All that the verdict rests on. `topic` is what a reader of Kafka finds; `lag_seconds` is None where records waited to the end."""

    sent: Sent
    topic: Offsets
    fates: Fates
    differences: Sequence[str]
    seen: Sequence[str]
    unclean: Sequence[str]
    lag_seconds: float | None
    stuck: Sequence[str]
    samples: Sequence[Sample]
    bugs: Sequence[str]
    undone: Sequence[str]


def wrongs_of(found: Findings) -> list[Wrong]:
    """Everything that is wrong; nothing where the run is as it must be."""
    wrong = [*ledger_wrongs(found.sent, found.topic), *fate_wrongs(found.topic, found.fates)]
    wrong += [Wrong("differs", text) for text in found.differences]
    wrong += [Wrong("above the truth", text) for text in found.seen]
    wrong += [Wrong("not clean", text) for text in found.unclean]
    if found.lag_seconds is None or found.lag_seconds > LAG_SECONDS_MAX:
        said = "still waited" if found.lag_seconds is None else f"waited for {found.lag_seconds:.0f} s"
        wrong.append(Wrong("late", f"records {said} after the last fault, {LAG_SECONDS_MAX:.0f} s are allowed"))
    wrong += [Wrong("stuck", text) for text in found.stuck]
    wrong += [Wrong("grows", text) for text in growths(found.samples)]
    wrong += [Wrong("bug", text) for text in found.bugs]
    return wrong + [Wrong("undone", text) for text in found.undone]


def ledger_wrongs(sent: Sent, topic: Offsets) -> Iterator[Wrong]:
    """What Kafka acknowledged is there, byte for byte, and nothing else but what it never answered for."""
    lost = [
        f"{partition}/{offset}"
        for partition, offsets in sorted(sent.acknowledged.items())
        for offset, digest in sorted(offsets.items())
        if topic.get(partition, {}).get(offset) != digest
    ]
    if lost:
        yield Wrong("lost", f"{len(lost)} acknowledged records are not in Kafka: {_some(lost)}")
    foreign: Counter[int] = Counter()
    places: dict[int, str] = {}
    for partition, offsets in topic.items():
        known = sent.acknowledged.get(partition, {})
        for offset, digest in offsets.items():
            if offset not in known:
                foreign[digest] += 1
                places[digest] = f"{partition}/{offset}"
    extra = foreign - sent.unknown
    if extra:
        yield Wrong("foreign", f"{extra.total()} records that nobody sent: {_some(places[one] for one in extra)}")


def fate_wrongs(topic: Offsets, fates: Fates) -> Iterator[Wrong]:
    """Every record that Kafka gives to readers has one fate, and nothing else has one."""
    lost, double, foreign = [], [], []
    for partition in sorted(topic.keys() | fates.keys()):
        records, standing = topic.get(partition, {}), fates.get(partition, {})
        lost += [f"{partition}/{offset}" for offset in records if standing.get(offset, 0) < 1]
        double += [f"{partition}/{offset}" for offset, count in standing.items() if count > 1]
        foreign += [f"{partition}/{offset}" for offset, count in standing.items() if count and offset not in records]
    if lost:
        yield Wrong("lost", f"{len(lost)} records have no fate: {_some(lost)}")
    if double:
        yield Wrong("double", f"{len(double)} records have more than one fate: {_some(double)}")
    if foreign:
        yield Wrong("foreign", f"{len(foreign)} fates of no record: {_some(foreign)}")


def growths(samples: Sequence[Sample]) -> Iterator[str]:
    """Of each process what is above its bound: at any moment, or from the middle third of its life to the last."""
    by_process: dict[tuple[str, int], list[Sample]] = {}
    for one in samples:
        by_process.setdefault((one.name, one.pid), []).append(one)
    for (name, pid), own in by_process.items():
        if name.startswith(WORKER):
            memory, files = max(one.memory_bytes for one in own), max(one.files for one in own)
            if memory > MEMORY_MAX:
                yield f"{name} ({pid}) took {memory >> 20} MiB"
            if files > FILES_MAX:
                yield f"{name} ({pid}) had {files} files open"
        if len(own) < LONG_SAMPLES:
            continue
        if name.startswith(WORKER) and (grown := _growth([one.memory_bytes for one in own])) > GROWTH_MAX:
            yield f"{name} ({pid}) grew by {int(grown) >> 20} MiB"
        if name.startswith(WORKER) and (more := _growth([one.files for one in own])) > FILES_GROWTH_MAX:
            yield f"{name} ({pid}) opened {more:.0f} files more"


def _growth(values: Sequence[int]) -> float:
    third = len(values) // 3
    return float(median(values[-third:]) - median(values[third : 2 * third]))


def _some(texts: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(islice(texts, SHOWN))
