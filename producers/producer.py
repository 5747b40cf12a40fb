"""What all producers have in common: an event comes in as a model, a mapping or keyword arguments and leaves as a
record.

    emit -> RecordMaker (keys, checks, JSON) -> _send -> ... -> Deliveries (acknowledged or failed) -> on_delivery

A subclass only knows how to send records and how to wait for them.
"""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from touchline.errors import WrongUsage
from touchline.producers.content_key import ContentKey
from touchline.producers.deliveries import Deliveries, DeliveryCounts, OnDelivery
from touchline.producers.errors import DeliveryFailed, EventRejected, OutboxFull
from touchline.producers.masked import MaskedCounts, MaskedTally
from touchline.producers.record import PreparedRecord, RecordMaker
from touchline.schemas.events import Event
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.personal.guard import Finding
from touchline.schemas.sources import Sources
from touchline.schemas.times import format_time

MAX_UNACKNOWLEDGED = 50_000

OnRejected = Callable[[int, EventRejected], None]
"""Called by `emit_many` with the position of a refused event in the iterable (from 0) and the reason."""

OnTaken = Callable[[Sequence[PreparedRecord]], None]
"""Called by `emit_many` with records that were taken on their way, in order."""

OnSuppressed = Callable[[int], None]
"""Called by `emit_many` with the position of a taken event that the pipeline will suppress for want of consent."""

OnMasked = Callable[[int, tuple[Finding, ...]], None]
"""Called by `emit_many` with the position of a taken event in which personal values were masked, and which: never the values."""


def now_us() -> int:
    """Microseconds since the epoch by this machine's clock."""
    return time.time_ns() // 1_000


REFUSED_AT_ONCE: Final = 500
"""Refused events that are handed over together."""


class EventProducer(ABC):
    """Sends events; safe to share between threads. Must be closed, best as a context manager.

    `emit` returns before Kafka has the event: only `flush`, `close` or `on_delivery` tell that it is there.
    """

    _events_at_once = 1
    """So many events `emit_many` hands over together, where that is cheaper."""

    def __init__(
        self,
        *,
        person_keys: PersonKeys | None = None,
        content_key: ContentKey | None = None,
        sources: Sources | None = None,
        on_delivery: OnDelivery | None = None,
        max_unacknowledged: int = MAX_UNACKNOWLEDGED,
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        if max_unacknowledged < 1:
            raise WrongUsage("max_unacknowledged is below 1", "leave it out, or allow at least one event on its way")
        self._person_keys = person_keys
        self._content_key = content_key
        self._maker = RecordMaker(person_keys, sources, clock_us)
        self._clock_us = clock_us
        self._on_delivery = on_delivery
        self._deliveries = Deliveries(max_unacknowledged)
        self._is_closed = False
        self._suppressed = 0
        self._masked = MaskedTally()

    @property
    def masked(self) -> MaskedCounts:
        """How many personal values were masked in the events taken, by field and kind (see docs/privacy.md)."""
        return self._masked.counts()

    @property
    def suppressed(self) -> int:
        """Events taken that the pipeline will suppress: their source works under consent, and they name no grant (see
        docs/senders/README.md). Always 0 without `sources`."""
        return self._suppressed

    @property
    def maker(self) -> RecordMaker:
        """Makes its records, for who makes many of them at once."""
        return self._maker

    @property
    def counts(self) -> DeliveryCounts:
        """Events handed over, acknowledged and failed since the producer was opened."""
        return self._deliveries.counts

    @property
    def clock_ahead_seconds(self) -> float | None:
        """How far this machine's clock is ahead of Kafka's, or behind it where negative, while Kafka refuses its time (records go without
        a time stamp then); None while it does not."""
        return None

    def declare(self, sources: Sources) -> None:
        """Check by these declarations of the sources from the next `emit` or `emit_many` on; any thread may call it."""
        self._maker = RecordMaker(self._person_keys, sources, self._clock_us)

    def content_id(self, content: str) -> str:
        """The id of an event whose sender numbers nothing, made of what it says (see ContentKey). Raises WrongUsage without a key."""
        if self._content_key is None:
            raise WrongUsage(
                "ids are made of contents, and there is no content key to make them with",
                "touchline up makes the file of content_key_file, once; other machines need the same one",
            )
        return self._content_key.id_of(content)

    def takes(self, source: str) -> bool:
        """Whether `sources` declare that source, or are not known."""
        return self._maker.takes(source)

    def emit(
        self,
        event: Event | Mapping[str, Any] | None = None,
        /,
        *,
        on_delivery: OnDelivery | None = None,
        **fields: Any,
    ) -> str:
        """Takes one event on its way to Kafka and returns its id.

        A model or a mapping is a complete event: id, source, type, time. Keyword arguments make a touchpoint event (or
        the given `type`) that happened just now, with a new id, where `time` and `id` are not given: an event that may
        be sent again must bring its own. Persons are `identifiers=[{"type": "loyalty", "value": "..."}]`; only their
        keys are sent.

        Raises:
            EventRejected: the event would be quarantined; nothing was sent.
            OutboxFull: the outbox, or its disk, has no room; nothing was kept.
            EngineUnreachable: without an outbox, Kafka does not answer and kafka-python takes no more.
            WrongUsage: the producer is closed, or has no person key for the identifiers.
        """
        if event is None:
            event = self._complete(fields)
        elif fields:
            raise WrongUsage("emit was given an event and fields as well", "put the fields into the event")
        if self._is_closed:
            raise WrongUsage("the producer is closed", "open a new one")
        record = self._maker.make(event)
        if record.links:
            self._send_links((record,))
        self._send((record,), on_delivery or self._on_delivery)
        self._suppressed += record.is_suppressed
        if record.masked:
            self._masked.add(record.masked)
        return record.event_id

    def emit_many(
        self,
        events: Iterable[Event | Mapping[str, Any] | PreparedRecord],
        *,
        on_rejected: OnRejected | None = None,
        on_delivery: OnDelivery | None = None,
        on_suppressed: OnSuppressed | None = None,
        on_taken: OnTaken | None = None,
        on_masked: OnMasked | None = None,
    ) -> int:
        """Emits complete events in order and returns how many were taken, those that will be suppressed included
        (`on_suppressed` is told of each); records that were made before go as they are. `on_taken` is shown
        the records as they go out, `on_masked` hears of personal values.

        The first bad event raises EventRejected (those before it are taken), unless `on_rejected` takes it. With an
        outbox many events are written at once: all that were taken are there when this returns or raises, and no
        event waits for a slow iterable's next one but one.
        """
        if self._is_closed:
            raise WrongUsage("the producer is closed", "open a new one")
        made: list[PreparedRecord] = []
        callback = on_delivery or self._on_delivery
        taken = 0

        def hand_over() -> None:
            nonlocal made, taken
            if made:
                records, made = made, []
                self._send_links(records, taken)
                self._send_counted(records, callback, taken)
                taken += len(records)
                if on_taken is not None:
                    on_taken(records)

        make, at_once = self._maker.make, self._events_at_once
        now, hand_over_s = time.monotonic, 0.0
        try:
            for position, event in enumerate(events):
                try:
                    record = event if isinstance(event, PreparedRecord) else make(event)
                except EventRejected as rejection:
                    if on_rejected is None:
                        raise
                    on_rejected(position, rejection)
                else:
                    made.append(record)
                    if record.is_suppressed:
                        self._suppressed += 1
                        if on_suppressed is not None:
                            on_suppressed(position)
                    if record.masked:
                        self._masked.add(record.masked)
                        if on_masked is not None:
                            on_masked(position, record.masked)
                now_s = now()
                if len(made) >= at_once or now_s > hand_over_s:
                    hand_over()
                    hand_over_s = now_s + SECONDS_HELD
        finally:
            hand_over()
        return taken

    def emit_refused(self, event: Event | Mapping[str, Any], /) -> bool:
        """Sends an event that `emit` refuses, so that it stands in the quarantine with its reason and the account is complete.

        For importers and other ways in that answer for somebody else's data. Raw identifiers are replaced by keys here, too; one that no
        key can be made of becomes a key that no reader takes. Returns False, and sends nothing, where the record would be too large for
        Kafka or where the pipeline would not refuse it. Raises as `emit` does.
        """
        return self.emit_many_refused((event,)) == 1

    def emit_many_refused(self, events: Iterable[Event | Mapping[str, Any]], /) -> int:
        """The same for several, handed over together. Returns how many are on their way."""
        if self._is_closed:
            raise WrongUsage("the producer is closed", "open a new one")
        made = [record for event in events if (record := self._maker.make_refused(event)) is not None]
        for start in range(0, len(made), REFUSED_AT_ONCE):
            self._send(made[start : start + REFUSED_AT_ONCE], self._on_delivery)
        return len(made)

    def secure(self) -> None:
        """Waits until every event that was taken survives the end of this process. Raises as `flush` does."""
        self.flush()

    def _send_links(self, records: Sequence[PreparedRecord], taken: int = 0) -> None:
        """Sends what links their persons to the keys of before a rotation; an outbox that is full says how many events it has `taken`."""
        links = [link for record in records for link in record.links]
        if not links:
            return
        try:
            self._send(links, self._on_link)
        except OutboxFull as full:
            full.taken = taken
            self._maker.forget_links()
            raise
        except BaseException:
            self._maker.forget_links()
            raise

    def _on_link(self, _: str, error: Exception | None) -> None:
        if error is not None:
            self._maker.forget_links()

    def _send_counted(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None, taken: int) -> None:
        try:
            self._send(records, on_delivery)
        except OutboxFull as full:
            full.taken += taken
            raise

    def flush(self, timeout_seconds: float | None = None) -> None:
        """Waits until every event is acknowledged or failed.

        Raises:
            DeliveryFailed: events failed since the last flush.
            EngineUnreachable: some are still on their way when the time is over.
        """
        self._settle(timeout_seconds)
        self._raise_failures()

    def _raise_failures(self) -> None:
        failures = self._deliveries.take_failures()
        if failures.number:
            raise DeliveryFailed(*failures)

    def close(self, timeout_seconds: float | None = None) -> None:
        """Flushes and lets go of the connection, also when the flush fails. A second call does nothing.

        With an outbox it waits 5 s where no time is given; what Kafka has not acknowledged by then stays in the outbox
        and is sent by the next process that opens it: a warning says so, nothing is raised.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._settle_last(timeout_seconds)
            self._raise_failures()
        finally:
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or self._is_closed:
            self.close()
            return
        # What was emitted before the fault still goes out, but must neither hide the fault nor hold it up for long.
        self._is_closed = True
        try:
            self._settle_last(CLOSE_AFTER_FAULT_SECONDS)
        except Exception:
            pass
        finally:
            self._disconnect()

    def _complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("id") is None:
            fields["id"] = str(uuid.uuid4())
        if fields.get("time") is None:  # it happens now: received as it happened
            fields["time"] = now = format_time(self._clock_us())
            fields.setdefault("received_at", now)
        return {"type": "touchline.touchpoint.v1", **fields}

    @abstractmethod
    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        """Takes records on the account of deliveries and starts them; each is ended exactly once, unless this raises."""

    @abstractmethod
    def _settle(self, timeout_seconds: float | None) -> None:
        """Returns when nothing is on its way; raises EngineUnreachable when the time is over."""

    def _settle_last(self, timeout_seconds: float | None) -> None:
        """The same before the end; need not raise where nothing is lost."""
        self._settle(timeout_seconds)

    @abstractmethod
    def _disconnect(self) -> None:
        """Lets go of everything without waiting."""


CLOSE_AFTER_FAULT_SECONDS = 5.0
SECONDS_HELD = 0.05
"""So long `emit_many` collects events before it hands them over, at the next event."""
