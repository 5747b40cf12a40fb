"""What became of the events that this process put into the outbox.

Others may bring them to Kafka, so all that is known is positions: what lies before the acknowledged position is in
Kafka, unless it was put aside.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from touchline.errors import TouchlineError
from touchline.producers.deliveries import Deliveries, OnDelivery
from touchline.producers.outbox.aside import AsideReader, Refused
from touchline.producers.outbox.page import ACKNOWLEDGED, ASIDE

_RUN_BYTES: Final = 64 << 10
"""Blocks that follow each other are counted together up to here: the counts may lag behind by so much."""


_REFUSED_KEPT: Final = 1_000


class RefusedByKafka(TouchlineError):
    """Kafka refused the event for good; it stands in the file aside.ndjson of the outbox."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Kafka refuses the event: {reason}", "see `touchline outbox show`; `touchline outbox retry` sends it again"
        )


@dataclass(slots=True)
class _Run:
    """Blocks of this process without a foreign one between."""

    start: int
    end: int
    count: int
    on_delivery: OnDelivery | None = None
    event_ids: Sequence[str] = ()
    refused: list[Refused] = field(default_factory=list)


class OutboxAccount:
    """Threads may share it; `settle` is called by one at a time."""

    def __init__(self, folder: Path, page: memoryview, deliveries: Deliveries) -> None:
        self._page = page
        self.deliveries = deliveries
        self._lock = threading.Lock()
        self._runs: deque[_Run] = deque()
        self._asides_seen: int = page[ASIDE]
        self._aside = AsideReader(folder)
        self._refused: deque[Refused] = deque(maxlen=_REFUSED_KEPT)

    @property
    def is_settled(self) -> bool:
        """Whether the fate of all events of this process is known."""
        return not self._runs

    def add(self, start: int, end: int, event_ids: Sequence[str], on_delivery: OnDelivery | None) -> None:
        """Events of one block, which this process has written."""
        with self._lock:
            self.deliveries.take(len(event_ids))
            last = self._runs[-1] if self._runs else None
            if on_delivery is not None:
                self._runs.append(_Run(start, end, len(event_ids), on_delivery, tuple(event_ids)))
            elif last is not None and last.end == start and not last.event_ids and end - last.start <= _RUN_BYTES:
                last.end, last.count = end, last.count + len(event_ids)
            else:
                self._runs.append(_Run(start, end, len(event_ids)))

    def settle(self) -> None:
        """Ends the way of what lies before the acknowledged position; tells the callbacks."""
        if not self._runs:
            return
        acknowledged = self._page[ACKNOWLEDGED]
        with self._lock:
            ended = []
            while self._runs and self._runs[0].end <= acknowledged:
                ended.append(self._runs.popleft())
        if not ended:
            return
        self._find_refused(ended)
        for run in ended:
            self._end(run)

    def _find_refused(self, ended: list[_Run]) -> None:
        if self._asides_seen != self._page[ASIDE]:
            self._asides_seen = self._page[ASIDE]
            self._refused.extend(self._aside.read())
        for refused in self._refused:
            for run in ended:
                if run.start <= refused.position < run.end:
                    run.refused.append(refused)

    def _end(self, run: _Run) -> None:
        errors = {refused.event_id: RefusedByKafka(refused.reason) for refused in run.refused}
        if run.on_delivery is None:
            failed = min(len(run.refused), run.count)
            self.deliveries.end(run.count - failed, failed, next(iter(errors.values()), None), errors)
        for event_id in run.event_ids:
            self.deliveries.finish(event_id, errors.get(event_id), run.on_delivery)

    def forget(self) -> None:
        """In a forked child: the events are the parent's."""
        self._lock = threading.Lock()
        self._runs.clear()
        self.deliveries.forget()
