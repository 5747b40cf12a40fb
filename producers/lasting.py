"""A KafkaProducer that outlives what kafka-python's own does not: a record that the broker refuses, a right that is taken away, a broker or
a topic that is away for longer than the delivery time-out.

kafka-python's idempotent producer does not come back from a record that the broker refuses: it fails every record from then on
(findings/kafka-python-refused-record.sh). Here what failed with it is kept, and a thread renews:

    failed -> kept -> the dead producer is closed -> records of the refused batch go one by one -> a new producer takes the rest

Nor does it come back from a record that it has tried again until its time was over: it forgets its producer id, asks for no new one, sends
nothing more, and no time-out ends what it is given. That record fails, and the producer is replaced as well.

So only what the broker refuses by itself, or for longer than the time-out, fails. Records that were stored although their producer failed
them go twice, with the same id: they count once. Within a partition the order stays.

Why: docs/decisions/0023.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple

from kafka.errors import (
    AuthorizationError,
    KafkaError,
    KafkaTimeoutError,
    RetriableError,
    SaslAuthenticationFailedError,
)

from touchline.errors import EngineUnreachable, TouchlineError
from touchline.kafka.partitioning import KeyHashes, partition_of
from touchline.producers.batches import Batch, put_batches, takes_batches
from touchline.producers.deliveries import TOO_LARGE, Deliveries, OnDelivery
from touchline.producers.outbox.wire import MAX_BATCH_RECORDS, body_of
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock
from touchline.producers.session import (
    BATCH_BYTES,
    CLOSE_SECONDS,
    ONE_BY_ONE,
    abandon,
    disconnect,
    flush,
    leave_to_parent,
)

log = logging.getLogger(__name__)

OpenKafka = Callable[[Mapping[str, Any]], tuple[Any, set[int]]]
"""A KafkaProducer with these options beside the usual ones, and the topic's partitions. Raises EngineUnreachable, WrongUsage."""

PutBatches = Callable[[Any, str, Iterable[Batch], int], None]
"""Starts batches by a KafkaProducer, for a topic, with a time stamp in milliseconds."""

FIRST_AT_ONCE: Final = 500
"""So many kept records a new producer gets first, then twice as many each time: the next refused one stops few."""
_OVERHEAD_BYTES: Final = 4_096
"""Room for the key and the headers of a record."""
PAUSE_SECONDS: Final = 0.5
"""Between attempts while Kafka is away or lets this sender write nothing."""


class _Kept(NamedTuple):
    """A record that is not in Kafka; `number` is its place in the order of sending."""

    number: int
    record: PreparedRecord
    on_delivery: OnDelivery | None


class _Suspect(NamedTuple):
    """The first record of the batch that the broker refused."""

    kept: _Kept
    batch_bytes: int
    """The other records of the batch are among so many bytes that follow it in its partition; 0 where it is the only one."""


class LastingKafka:
    """Threads may share one; a forked child opens a producer of its own. Each record ends once on the account of deliveries."""

    def __init__(
        self,
        open_kafka: OpenKafka,
        topic: str,
        deliveries: Deliveries,
        clock: SenderClock,
        patience_seconds: float,
        pause_seconds: float = PAUSE_SECONDS,
        put: PutBatches = put_batches,
    ) -> None:
        """Connects. `patience_seconds`: so long Kafka may be away during a renewal. Raises EngineUnreachable, WrongUsage."""
        self._open = open_kafka
        self._topic = topic
        self._deliveries = deliveries
        # Bound once: each record has them, and the collector of garbage counts objects.
        self._acknowledge, self._on_failure = deliveries.acknowledge, self._failed
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._pause_seconds = pause_seconds
        self._put = put
        self._may_batch = True
        self._hashes = KeyHashes()
        self._numbers = count()
        self._kept: deque[_Kept] = deque()
        self._suspect: _Suspect | None = None
        self._has_learned = False
        """Kafka refused this producer's records for the clock alone."""
        self._must_pause = False
        self._is_giving_up = False
        # While a record is handed to a producer: none must reach one that is being replaced. Re-entrant: a callback may run there.
        self._sending = threading.RLock()
        self._asking = threading.Lock()
        self._renewal: threading.Thread | None = None
        self._is_asked = False
        self._closed = threading.Event()
        self._kafka: Any
        """None while it is replaced, and while there is none to be had."""
        self._kafka, partitions = open_kafka({})
        self._partitions = len(partitions)

    def send(self, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        """Starts it, or keeps it while the producer is renewed. Raises KafkaError where kafka-python takes it not."""
        with self._sending:
            number = next(self._numbers)
            if self._kafka is None:
                self._kept.append(_Kept(number, record, on_delivery))
                self._ask(is_failed=False)
            else:
                self._send_by(self._kafka, number, record, on_delivery)

    def takes_together(self, records: Sequence[PreparedRecord]) -> bool:
        """Whether `send_together` is for these: none is larger than a batch, and no batch was too large before."""
        kafka = self._kafka
        if kafka is None or not self._may_batch or not takes_batches(kafka):
            return False
        most = _batch_bytes(kafka) - _OVERHEAD_BYTES
        return all(len(record.value) <= most for record in records)

    def send_together(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        """The same as `send` for each, at a tenth of its cost: kafka-python gets whole batches. Raises KafkaError of none of them."""
        with self._sending:
            kept = [_Kept(next(self._numbers), record, on_delivery) for record in records]
            if self._kafka is None:
                self._kept.extend(kept)
                self._ask(is_failed=False)
                return
            shares: dict[int, list[_Kept]] = {}
            partitions = len(self._kafka.partitions_for(self._topic))
            for one in kept:
                shares.setdefault(self._hashes.of(one.record.key) % partitions, []).append(one)
            batches = [
                (partition, bodies, partial(self._answered, some))
                for partition, share in shares.items()
                for some, bodies in _in_batches(share, _batch_bytes(self._kafka))
            ]
            self._put(self._kafka, self._topic, batches, self._clock.stamp_ms())

    def _answered(self, batch: list[_Kept], error: BaseException | None) -> None:
        """In the producer's own thread, which must not wait here."""
        if error is None:
            if batch[0].on_delivery is None:
                self._deliveries.end(len(batch), 0, None)
            else:
                for one in batch:
                    self._end(one, None)
        elif isinstance(error, TOO_LARGE) and len(batch) > 1 and not self._closed.is_set():
            # One by one: what is too large for the topic is known then, and kafka-python splits its own batches.
            self._may_batch = False
            self._kept.extend(batch)
            if (
                self._suspect is None or not self._suspect.batch_bytes
            ):  # a record behind it may have failed of the same before
                self._suspect = _Suspect(batch[0], BATCH_BYTES)
            self._ask(is_failed=True)
        else:
            failure = error if isinstance(error, Exception) else KafkaError(str(error))
            for one in batch:
                self._failed(*one, failure)

    def _send_by(self, kafka: Any, number: int, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        acknowledge = self._acknowledge
        if on_delivery is not None:
            acknowledge = lambda _: self._deliveries.finish(record.event_id, None, on_delivery)  # noqa: E731 - made for few
        # Both under one lock of the future's, as kafka-python itself does for each record.
        self._start(kafka, record)._add_cb_eb(acknowledge, partial(self._on_failure, number, record, on_delivery))

    def _start(self, kafka: Any, record: PreparedRecord) -> Any:
        """The future of one record."""
        return kafka.send(self._topic, record.value, record.key, record.headers, None, self._clock.stamp_ms())

    def flush(self, timeout_seconds: float) -> None:
        """Sends what lingers and waits for it; what is kept meanwhile may still be on its way."""
        if (kafka := self._kafka) is not None:
            flush(kafka, timeout_seconds)

    def close(self) -> None:
        """Lets go of everything; what is not in Kafka fails."""
        self._closed.set()
        if (renewal := self._renewal) is not None and renewal is not threading.current_thread():
            renewal.join(CLOSE_SECONDS)
        if (kafka := self._kafka) is not None:
            disconnect(kafka)
        self._fail(self._take(), KafkaError("the producer was closed"))

    def forget_parent(self) -> None:
        """In a forked child: producer and events are the parent's."""
        self._sending, self._asking = threading.RLock(), threading.Lock()
        self._kept.clear()
        self._renewal = self._suspect = None
        self._is_asked = False
        if self._kafka is not None:
            leave_to_parent(self._kafka)
            self._kafka = None
        self._deliveries.forget()

    def _failed(self, number: int, record: PreparedRecord, on_delivery: OnDelivery | None, error: Exception) -> None:
        """In the producer's own thread, which must not wait here."""
        kept = _Kept(number, record, on_delivery)
        if self._closed.is_set():
            self._end(kept, error)
            return
        if isinstance(error, KafkaTimeoutError) or (isinstance(error, RetriableError) and not self._is_giving_up):
            self._end(kept, error)  # kafka-python has tried it for as long as it may
        elif isinstance(error, AuthorizationError | SaslAuthenticationFailedError):
            self._must_pause = True
            self._end(kept, error)
        else:
            self._kept.append(kept)
            if self._clock.learn(error):
                self._has_learned = True
            if self._suspect is None and not (self._has_learned or self._is_giving_up):
                # A batch that is too large is split by kafka-python until it is one record.
                self._suspect = _Suspect(kept, 0 if isinstance(error, TOO_LARGE) else BATCH_BYTES)
        self._ask(is_failed=True)

    def _end(self, kept: _Kept, error: Exception | None) -> None:
        self._deliveries.finish(kept.record.event_id, error, kept.on_delivery)

    def _fail(self, all_kept: list[_Kept], error: Exception) -> None:
        for kept in all_kept:
            self._end(kept, error)

    def _take(self) -> list[_Kept]:
        """What is kept, in the order of sending."""
        taken = []
        while self._kept:
            taken.append(self._kept.popleft())
        return sorted(taken)

    def _ask(self, *, is_failed: bool) -> None:
        """There must be a renewal: the producer failed, or there is none."""
        with self._asking:
            self._is_asked |= is_failed
            if self._renewal is None and not self._closed.is_set():
                self._renewal = threading.Thread(target=self._renew, name="touchline-renewal", daemon=True)
                self._renewal.start()

    def _renew(self) -> None:
        while True:
            try:
                self._replace()
            except Exception as error:  # a fault of ours must not leave records on their way for ever
                log.exception("the producer cannot be renewed")
                self._fail(self._take(), error)
            with self._asking:
                if self._closed.is_set() or not (self._is_asked or (self._kept and self._kafka is None)):
                    self._renewal = None
                    break
        if self._closed.is_set():
            self._fail(self._take(), KafkaError("the producer was closed"))

    def _replace(self) -> None:
        """Gives up what the producer has on its way; ends with a new one, or with nothing kept where there is none to be had."""
        with self._sending:
            dead, self._kafka = self._kafka, None
        if dead is not None:
            self._give_up(dead)
        suspect, self._suspect = self._suspect, None
        self._is_asked = False  # all that the dead one failed is kept by now
        give_up_s = time.monotonic() + self._patience_seconds
        if self._must_pause:
            self._closed.wait(self._pause_seconds)
        while not self._closed.is_set():
            try:
                if suspect is not None:
                    self._send_one_by_one(suspect)
                self._send_rest()
                return
            except TouchlineError as error:
                if not isinstance(error, EngineUnreachable) or time.monotonic() > give_up_s:
                    self._must_pause = True
                    self._fail(self._take(), error)
                    return
            self._closed.wait(self._pause_seconds)

    def _give_up(self, kafka: Any) -> None:
        """What it has on its way is kept when this returns."""
        self._is_giving_up = True
        abandon(kafka)
        self._is_giving_up = False

    def _send_one_by_one(self, suspect: _Suspect) -> None:
        """The records that can have been in the refused batch: the oldest ones of its partition. Raises EngineUnreachable, WrongUsage."""
        partition = partition_of(suspect.kept.record.key, self._partitions)
        chosen: deque[_Kept] = deque()
        size = 0
        for kept in self._take():
            is_among = size < suspect.batch_bytes and partition_of(kept.record.key, self._partitions) == partition
            if is_among or kept is suspect.kept:
                chosen.append(kept)
                size += len(kept.record.value)
            else:
                self._kept.append(kept)
        kafka = None
        try:
            kafka, _ = self._open(ONE_BY_ONE)
            while chosen and not self._closed.is_set():
                self._deliver(kafka, chosen[0])
                chosen.popleft()
        finally:
            self._kept.extend(chosen)
            if kafka is not None:
                abandon(kafka)

    def _deliver(self, kafka: Any, kept: _Kept) -> None:
        """Its fate is known when this returns. Raises EngineUnreachable: Kafka went away."""
        try:
            self._start(kafka, kept.record).get(self._patience_seconds)
        except RetriableError as error:
            raise EngineUnreachable(f"Kafka went away ({type(error).__name__})", "bring it back") from None
        except KafkaError as error:
            if self._clock.learn(error):  # goes without a time stamp from now on
                self._deliver(kafka, kept)
            else:
                self._end(kept, error)
            return
        self._end(kept, None)

    def _send_rest(self) -> None:
        """All that is kept, by a new producer, which is everybody's as soon as nothing is kept. Raises EngineUnreachable, WrongUsage."""
        kafka, _ = self._open({})
        self._has_learned = self._must_pause = False
        at_once = FIRST_AT_ONCE
        while not (self._closed.is_set() or self._is_asked):
            with self._sending:
                taken = self._take()
                self._kept.extend(taken[at_once:])
                for kept in taken[:at_once]:
                    try:
                        self._send_by(kafka, *kept)
                    except Exception as error:
                        self._end(kept, error)
                if len(taken) <= at_once:
                    self._kafka = kafka
            flush(kafka, self._patience_seconds)  # somebody may wait for it, and linger_ms be long
            if self._kafka is kafka:
                return
            at_once *= 2
        self._give_up(kafka)


def _batch_bytes(kafka: Any) -> int:
    """At most as many as may go one by one after a refusal, and as the options say."""
    return min(BATCH_BYTES, int(kafka.config["batch_size"]), int(kafka.config["max_request_size"]))


def _in_batches(share: list[_Kept], most_bytes: int) -> Iterator[tuple[list[_Kept], list[bytes]]]:
    """Records of one partition, in order, with their bytes."""
    kept: list[_Kept] = []
    bodies: list[bytes] = []
    size = 0
    for one in share:
        body = body_of(one.record)
        if bodies and (size + len(body) > most_bytes or len(bodies) == MAX_BATCH_RECORDS):
            yield kept, bodies
            kept, bodies, size = [], [], 0
        kept.append(one)
        bodies.append(body)
        size += len(body)
    yield kept, bodies
