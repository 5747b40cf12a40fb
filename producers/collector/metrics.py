"""What the collector counts, and what `/metrics` answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Final

from touchline.metrics import declared
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.producers.collector.front import RequestOutcome
from touchline.producers.errors import OutboxUnusable
from touchline.producers.outbox.look import look
from touchline.service.health import PATHS

REQUESTS_TOGETHER: Final = 100
"""Whose seconds are put into the histogram at once; a scrape puts in what there is."""


class CollectorMeter:
    """Numbers of one collector; `outbox_dir` is None where it has no outbox."""

    def __init__(self, outbox_dir: Path | None) -> None:
        self._outbox_dir = outbox_dir
        self.meter = Meter(declared.COLLECTOR if outbox_dir is None else declared.COLLECTOR + declared.OUTBOX)
        self._exposition = Exposition(self.meter)
        self._seconds: list[float] = []

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One request has its answer."""
        if path in PATHS:  # probes and scrapes
            return
        name = str(status)
        self.meter.add(declared.REQUESTS, 1, name if name in declared.STATUSES else "other")
        self._seconds.append(seconds)
        if len(self._seconds) == REQUESTS_TOGETHER:
            self._observe()

    def _observe(self) -> None:
        seconds, self._seconds = self._seconds, []
        self.meter.observe_each(declared.REQUEST_SECONDS, seconds)

    def judged(self, outcome: RequestOutcome) -> None:
        """The events of one request have their verdicts."""
        if outcome.accepted:
            self.meter.add(declared.EVENTS_ACCEPTED, outcome.accepted)
        if outcome.suppressed:
            self.meter.add(declared.EVENTS_SUPPRESSED, outcome.suppressed)
        if outcome.rejected:
            reasons = Counter(rejected.error.reason.value for rejected in outcome.rejected)
            self.meter.add_each(declared.EVENTS_REJECTED, reasons)
        if outcome.masked:
            kinds: Counter[str] = Counter()
            for item in outcome.masked:
                for finding in item.findings:
                    kinds[finding.kind] += finding.values
            self.meter.add_each(declared.VALUES_MASKED, kinds)

    def not_kept(self) -> None:
        """Neither Kafka nor the outbox took a request's events."""
        self.meter.add(declared.NOT_KEPT)

    def refused_not_kept(self, events: int) -> None:
        """So many refused events did not get into the quarantine. Any thread."""
        self.meter.add(declared.REFUSED_NOT_KEPT, events)

    def unmapped(self, source: str, answers: int) -> None:
        """So many answers of the webhooks of a source were to questions that nobody mapped."""
        self.meter.add(declared.ANSWERS_UNMAPPED, answers, source)

    async def answer(
        self, accept: str, *, is_ready: bool, in_flight_bytes: int, clock_ahead_seconds: float | None
    ) -> tuple[bytes, str]:
        """Body and content type for an Accept header."""
        self._observe()
        self.meter.set(declared.CLOCK_AHEAD, clock_ahead_seconds or 0.0)
        self.meter.set(declared.READY, int(is_ready))
        self.meter.set(declared.IN_FLIGHT, in_flight_bytes)
        if self._outbox_dir is not None:
            await asyncio.to_thread(self._look, self._outbox_dir)
        return self._exposition.answer(accept)

    def _look(self, folder: Path) -> None:
        """Reads what waits, so it is done for a scrape only; an outbox that cannot be read keeps its last numbers."""
        try:
            state = look(folder, time.time_ns() // 1_000)
        except OutboxUnusable:
            return
        meter = self.meter
        meter.set(declared.OUTBOX_RECORDS, state.records)
        meter.set(declared.OUTBOX_BYTES, state.bytes)
        meter.set(declared.OUTBOX_OLDEST, state.oldest_seconds or 0.0)
        meter.set(declared.OUTBOX_ASIDE, state.aside)
        meter.set(declared.OUTBOX_KAFKA_AWAY, int(state.last_error is not None))
        meter.set(declared.CLOCK_AHEAD, state.clock_ahead_seconds or 0.0)  # whichever process drains has met Kafka's
