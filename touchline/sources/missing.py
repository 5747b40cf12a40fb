"""What may be wrong where no event of a source was ever seen: the way of an event, from its declaration to the ledger, in that order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from touchline.sources.values import CollectorSays
from touchline.wording import counted


class Way(NamedTuple):
    """What is known of the way. `waiting` counts records of all sources in Kafka that no worker has stored; None where Kafka does not
    answer, or has no such topic. `alike` are declared or seen sources of nearly this name."""

    source: str
    sources_file: str
    is_declared: bool
    write_keys: int
    collector: CollectorSays | None
    collector_url: str
    waiting: int | None
    alike: list[str]


def missing(way: Way) -> list[str]:
    """Sentences, the first cause first; at least one."""
    found = list(_faults(way))
    if not way.is_declared or found:
        return found
    return ["nothing was sent under this name: the way from the collector to the ledger is open"]


def _faults(way: Way) -> Iterator[str]:
    if not way.is_declared:
        alike = f"did you mean {' or '.join(way.alike)}? Else " if way.alike else ""
        yield f"{way.sources_file} does not declare it: {alike}touchline source add {way.source}"
    elif not way.write_keys:
        yield f"no write key may send for it, so none came over HTTP: touchline source key {way.source}"
    if way.collector is None:
        yield f"no collector answers at {way.collector_url}, so none comes over HTTP: touchline collector"
    elif way.collector.stale:
        yield f"the collector cannot read its {' and '.join(way.collector.stale)} as they stand: its log says why"
    elif way.collector.refused:
        yield f"the collector refused {counted(way.collector.refused, 'event')} of it: mend what is said above, and send again"
    if way.waiting is None:
        yield "Kafka does not answer, or has no topic yet: touchline status"
    elif way.waiting:
        yield f"{counted(way.waiting, 'record')} in Kafka that no worker has stored yet: is a worker running? touchline status"
