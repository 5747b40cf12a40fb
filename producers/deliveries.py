"""The account of what was handed over and not yet acknowledged.

kafka-python's buffer has no bound: a sender that is quicker than the broker would fill the memory. Here the sender
waits when too many events are on their way, and every event ends as acknowledged or failed, never silently.

Why: docs/decisions/0023.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, NamedTuple

from kafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

log = logging.getLogger(__name__)

OnDelivery = Callable[[str, Exception | None], None]
"""Called with the event's id, and None once Kafka has acknowledged it, else the error. Runs in the producer's own
thread: it must be quick and must not call the producer."""


class DeliveryCounts(NamedTuple):
    """Events since the producer was opened; on their way = handed over - acknowledged - failed."""

    handed_over: int
    acknowledged: int
    failed: int

    @property
    def on_their_way(self) -> int:
        """Not ended yet."""
        return self.handed_over - self.acknowledged - self.failed


class Failures(NamedTuple):
    """Events that Kafka did not acknowledge."""

    number: int
    first_error: BaseException | None
    event_ids: tuple[str, ...]
    """Of the first ones, EVENT_IDS_KEPT at most."""
    too_large: tuple[str, ...]
    """Ids of those that Kafka refused for their size, TOO_LARGE_KEPT at most."""


EVENT_IDS_KEPT = 100
TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
TOO_LARGE_KEPT = 10_000
"""More than an importer sends before it asks."""


class Deliveries:
    """Thread-safe; one per producer."""

    def __init__(self, max_unacknowledged: int) -> None:
        self.max_unacknowledged = max_unacknowledged
        self._room_at = max_unacknowledged // 2
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._on_their_way = 0
        self._acknowledged = 0
        self._failed = 0
        self._reported = 0
        self._first_error: BaseException | None = None
        self._failed_ids: list[str] = []
        self._too_large: list[str] = []

    @property
    def counts(self) -> DeliveryCounts:
        """A consistent snapshot."""
        with self._changed:
            return DeliveryCounts(
                self._on_their_way + self._acknowledged + self._failed, self._acknowledged, self._failed
            )

    def start(self) -> None:
        """Takes one event on its way. When too many are, waits until half of them have ended."""
        with self._lock:
            if self._on_their_way >= self.max_unacknowledged:
                self._changed.wait_for(lambda: self._on_their_way <= self._room_at)
            self._on_their_way += 1

    def start_some(self, wanted: int) -> int:
        """The same of several events, as many as there is room for; returns how many, at least one."""
        with self._lock:
            if self._on_their_way >= self.max_unacknowledged:
                self._changed.wait_for(lambda: self._on_their_way <= self._room_at)
            taken = min(wanted, self.max_unacknowledged - self._on_their_way)
            self._on_their_way += taken
            return taken

    def take(self, events: int) -> None:
        """Takes events on their way without waiting: something else bounds them."""
        with self._lock:
            self._on_their_way += events

    def end(self, acknowledged: int, failed: int, error: BaseException | None, failed_ids: Iterable[str] = ()) -> None:
        """Ends the way of many events that nobody wants to hear of."""
        with self._changed:
            self._on_their_way -= acknowledged + failed
            self._acknowledged += acknowledged
            self._failed += failed
            if failed:
                self._note_failure(error, failed_ids)
            self._changed.notify_all()

    def forget(self) -> None:
        """In a forked child: starts anew, what is on its way is the parent's."""
        self.__init__(self.max_unacknowledged)  # type: ignore[misc]

    def cancel(self, events: int = 1) -> None:
        """Takes a `start` back: the events were refused before they left."""
        with self._changed:
            self._on_their_way -= events
            self._changed.notify_all()

    def finish(self, event_id: str, error: Exception | None, on_delivery: OnDelivery | None) -> None:
        """Ends one event's way and tells the callback. A fault of the callback is logged: there is nobody to raise it
        to."""
        if on_delivery is not None:
            try:
                on_delivery(event_id, error)
            except Exception:
                log.exception("the delivery callback failed")
        if error is None:
            self.acknowledge(None)
        else:
            self._fail(event_id, error)

    def acknowledge(self, _: object) -> None:
        """Ends the way of an event that nobody wants to hear of."""
        with self._lock:
            self._acknowledged += 1
            self._end_one()

    def _fail(self, event_id: str, error: Exception) -> None:
        with self._lock:
            self._failed += 1
            self._note_failure(error, (event_id,))
            if isinstance(error, TOO_LARGE) and len(self._too_large) < TOO_LARGE_KEPT:
                self._too_large.append(event_id)
            self._end_one()

    def _note_failure(self, error: BaseException | None, event_ids: Iterable[str]) -> None:
        self._first_error = self._first_error or error
        self._failed_ids += islice(event_ids, EVENT_IDS_KEPT - len(self._failed_ids))

    def _end_one(self) -> None:
        self._on_their_way -= 1
        if self._on_their_way == 0 or self._on_their_way == self._room_at:  # each value is passed: it falls by one
            self._changed.notify_all()

    def wait_until_settled(self, timeout_seconds: float | None) -> bool:
        """Waits until nothing is on its way; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._on_their_way == 0, timeout_seconds)

    def take_failures(self) -> Failures:
        """The failures not yet reported; the next call starts anew."""
        with self._changed:
            failures = Failures(
                self._failed - self._reported, self._first_error, tuple(self._failed_ids), tuple(self._too_large)
            )
            self._reported, self._first_error = self._failed, None
            self._failed_ids.clear()
            self._too_large.clear()
            return failures
