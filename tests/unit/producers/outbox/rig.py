"""An outbox in a folder, its records by number, and links to a Kafka that is made of lists."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kafka.errors import InvalidTimestampError

from touchline.errors import EngineUnreachable
from touchline.kafka.partitioning import hash_of
from touchline.producers.deliveries import Deliveries
from touchline.producers.outbox import wire
from touchline.producers.outbox.account import OutboxAccount
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.drain import Drainer
from touchline.producers.outbox.reader import OutboxReader
from touchline.producers.outbox.writer import OutboxWriter
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock

TOPIC = "events"
PARTITIONS = 3
NOW_MS = 1_767_225_600_000
PATIENCE_SECONDS = 10.0
TOLERANCE_MS = 3_600_000
"""Kafka's usual message.timestamp.after.max.ms."""


def record(number: int, person: str = "k1:ada", size: int = 0) -> PreparedRecord:
    value = b'{"n":%d,"filler":"%s"}' % (number, b"x" * size)
    return PreparedRecord(f"e{number}", person.encode(), value, "shop", "t.v1", "2026-01-01T00:00:00Z")


def framed(number: int, person: str = "k1:ada", size: int = 0) -> bytes:
    made = record(number, person, size)
    return wire.framed(wire.body_of(made), hash_of(made.key))


def open_writer(folder: Path, **bounds: object) -> OutboxWriter:
    config = OutboxConfig(folder, **{"block_seconds": 0, **bounds})  # type: ignore[arg-type]
    return OutboxWriter(config, TOPIC, lambda: NOW_MS)


def ids_in(folder: Path, writer: OutboxWriter) -> list[str]:
    """What a drainer would send, in order."""
    reader = OutboxReader(folder, writer.page)
    ids: list[str] = []
    while (found := reader.read(1)) is not None:
        ids += [wire.record_of(body).event_id for body in found.shares[0].bodies]
    reader.close()
    return ids


class ListKafka:
    """Keeps acknowledged records by partition; can be away, hold its answers, break, or refuse records by size."""

    def __init__(self) -> None:
        self.logs: dict[int, list[str]] = {}
        self.batches: list[int] = []
        self.links = 0
        self.is_away = False
        self.breaks_in = -1
        """So many batches are taken before a link breaks without an answer; below 0: none breaks."""
        self.most_bytes = 1 << 30
        self.now_ms = NOW_MS
        self.stamps: list[int] = []
        """Of the batches that were taken."""
        self.holds = threading.Event()
        self.holds.set()

    def open_link(self, clock: SenderClock) -> ListLink:
        if self.is_away:
            raise EngineUnreachable("Kafka does not answer", "start it")
        self.links += 1
        return ListLink(self, clock)

    @property
    def ids(self) -> list[str]:
        return [event_id for log in self.logs.values() for event_id in log]


class ConnectionLost(Exception):
    """What a fake link says of batches whose fate is not known."""


class TooLarge(Exception):
    """What Kafka says of a batch above its limit."""


def out_of_range(stamp_ms: int, kafka_now_ms: int) -> Exception:
    """What Kafka says of a record from the future."""
    bounds = f"[{kafka_now_ms - (1 << 63) + 1}, {kafka_now_ms + TOLERANCE_MS}]"
    error: Exception = InvalidTimestampError(
        f"Timestamp {stamp_ms} of message with offset 0 is out of range. The timestamp should be within {bounds}"
    )
    return error


class ListLink:
    def __init__(self, kafka: ListKafka, clock: SenderClock) -> None:
        self.partitions = PARTITIONS
        self._clock = clock
        self._kafka = kafka

    def send(self, batches: Iterable[tuple[int, Sequence[bytes], Callable[[BaseException | None], None]]]) -> None:
        for partition, bodies, on_answer in batches:
            self._kafka.holds.wait(PATIENCE_SECONDS)
            on_answer(self._store(partition, bodies))

    def _store(self, partition: int, bodies: Sequence[bytes]) -> BaseException | None:
        kafka = self._kafka
        if sum(map(len, bodies)) > kafka.most_bytes:
            return TooLarge()
        stamp_ms = self._clock.stamp_ms()
        if stamp_ms > kafka.now_ms + TOLERANCE_MS:
            return out_of_range(stamp_ms, kafka.now_ms)
        kafka.stamps.append(stamp_ms)
        ids = [wire.record_of(body).event_id for body in bodies]
        kafka.logs.setdefault(partition, []).extend(ids)
        kafka.batches.append(len(ids))
        kafka.breaks_in -= 1
        return ConnectionLost() if kafka.breaks_in == 0 else None  # stored, and nobody knows

    def close(self) -> None:
        """Nothing is on its way: answers come at once."""


class Sender:
    """Writer, account and drainer as a producer has them."""

    def __init__(self, folder: Path, kafka: ListKafka, **bounds: object) -> None:
        self.writer = open_writer(folder, **bounds)
        self.deliveries = Deliveries(1)
        self.clock_ms = NOW_MS
        self.clock = SenderClock(lambda: self.clock_ms * 1_000)
        self.account = OutboxAccount(folder, self.writer.page, self.deliveries)
        self.drainer = Drainer(
            self.writer,
            self.account,
            lambda: kafka.open_link(self.clock),
            lambda error: isinstance(error, TooLarge),
            self.clock,
            lambda: NOW_MS * 1_000,
            PATIENCE_SECONDS,
        )

    def start(self) -> Sender:
        self.drainer.start()
        return self

    def emit(self, number: int, person: str = "k1:ada", size: int = 0) -> None:
        start, end = self.writer.append([framed(number, person, size)])
        self.account.add(start, end, [f"e{number}"], None)
        self.drainer.nudge()

    def settle(self, seconds: float = PATIENCE_SECONDS) -> bool:
        return self.deliveries.wait_until_settled(seconds)

    def close(self) -> None:
        self.drainer.stop()
        if self.drainer.ident is not None:
            self.drainer.join(PATIENCE_SECONDS)
        self.writer.close()
