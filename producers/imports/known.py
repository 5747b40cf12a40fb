"""Compares what is imported with the versions of its events that the ledger holds, by the rule that the worker follows.

Needs the extra `worker`, for the payload hash; so an import without it does without this comparison.

Why: docs/decisions/0100.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import orjson

from touchline.producers.imports.contested import Finding, Outcome
from touchline.producers.record import PreparedRecord
from touchline.schemas.canonical import payload_hash
from touchline.schemas.checking import check_event
from touchline.schemas.credibility import Moments, moments_of
from touchline.schemas.reasons import Fate
from touchline.schemas.sources import Source
from touchline.schemas.times import parse_time
from touchline.schemas.versions import Version, completeness_of, fate_beside, winner_of

Ask = Callable[[str, Sequence[str]], Iterable[tuple[str, Version]]]
"""The versions that stand of the events of a source, each with its id."""
_Standing = dict[tuple[str, str], list[Version]]


class KnownIds:
    """The ledger as an import sees it. `revised`: each row names its revision, so that an older one is nothing to tell. It is asked in a
    thread of its own, while the batch is on its way: so an import takes no longer."""

    def __init__(self, ask: Ask, sources: Mapping[str, Source], *, revised: bool) -> None:
        self._ask = ask
        self._sources = sources
        self._revised = revised
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._expected: Future[_Standing] | None = None

    def expect(self, keys: Sequence[tuple[str, str]]) -> None:
        """Begin to look up these (source, id), which are compared next; returns at once."""
        self._expected = self._thread.submit(self._look_up, keys)

    def may_know(self, record: PreparedRecord) -> bool:
        """Whether its id is known, or nobody can say yet."""
        expected = self._expected
        if expected is None or not expected.done() or expected.exception() is not None:
            return True
        return (record.source, record.event_id) in expected.result()

    def compare(self, records: Sequence[PreparedRecord]) -> Iterator[Finding]:
        """Known ids among the records whose contents are others than those known, one finding a record."""
        if self._expected is None:
            self.expect([(record.source, record.event_id) for record in records])
        assert self._expected is not None
        known, self._expected = self._expected.result(), None
        for record in records if known else ():
            standing = known.get((record.source, record.event_id))
            outcome = self._outcome(record, standing) if standing else None
            if standing and outcome is not None:
                yield Finding(record.source, record.event_id, outcome, max(one.revision for one in standing))

    def close(self) -> None:
        """Ends its thread."""
        self._thread.shutdown()

    def _look_up(self, keys: Sequence[tuple[str, str]]) -> _Standing:
        by_source: dict[str, list[str]] = defaultdict(list)
        for source, event_id in keys:
            if _is_unicode(source) and _is_unicode(event_id):  # else it is refused
                by_source[source].append(event_id)
        known: _Standing = defaultdict(list)
        for source, event_ids in by_source.items():
            for event_id, version in self._ask(source, event_ids):
                known[source, event_id].append(version)
        return known

    def _outcome(self, record: PreparedRecord, standing: Sequence[Version]) -> Outcome | None:
        sent = self._version(record)
        winner = winner_of([*standing, sent])
        is_new = all(one.identity != sent.identity for one in standing)
        if fate_beside(winner, sent) is Fate.SUPERSEDED:
            is_older = is_new and sent.revision < winner.revision
            return Outcome.OUTDATED if is_older and not self._revised else None
        others = (one for one in standing if one.payload_hash != sent.payload_hash)
        if all(fate_beside(winner, one) is Fate.SUPERSEDED for one in others):
            return None
        return Outcome.AS_SENT if winner.payload_hash == sent.payload_hash else Outcome.AS_STORED

    def _version(self, record: PreparedRecord) -> Version:
        value = orjson.loads(record.value)
        event = check_event(value)
        source = self._sources.get(record.source)
        moments = None if source is None else moments_of(event, source.terms, 0)
        time_us = moments.time_us if isinstance(moments, Moments) else parse_time(record.time)
        return Version(event["revision"], completeness_of(event, time_us), payload_hash(value))


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
