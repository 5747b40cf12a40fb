"""Producers with a ledger: what was handed to Kafka, what Kafka acknowledged and where, what nobody knows of."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from tests.support.chaos.records import Item, Of
from tests.support.invariance.events import Version
from touchline.producers.record import RecordMaker
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.settings import Settings

PRODUCERS: Final = 2
ENOUGH_SECONDS: Final = 120.0
TRANSACTION_MS: Final = 10_000
Offsets = dict[int, dict[int, int]]
"""Partition -> offset -> digest of the record's bytes."""


def digest_of(key: bytes | None, value: bytes | None) -> int:
    """Of a record's bytes; no value and an empty one are told apart."""
    text = b"%d|%d|" % (-1 if key is None else len(key), -1 if value is None else len(value))
    return int.from_bytes(blake2b(text + (key or b"") + (value or b""), digest_size=8).digest())


class Sent(NamedTuple):
    """The ledger in the end: where Kafka said that it has what; and by digest how often it did not say anything."""

    acknowledged: Offsets
    unknown: Counter[int]

    @property
    def total(self) -> int:
        """Records that Kafka acknowledged."""
        return sum(map(len, self.acknowledged.values()))


class Wire(NamedTuple):
    """One Kafka record."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None
    group: int


class Sender:
    """Sends items by two producers. What fails is sent again until Kafka has it."""

    def __init__(self, settings: Settings, ledger_file: Path) -> None:
        self._settings = settings
        sources = load_sources(settings.sources_file)
        keys = PersonKeys.from_file(settings.person_key_file)
        self._maker = RecordMaker(keys, sources, lambda: time.time_ns() // 1_000)
        self._producers = [self._producer() for _ in range(PRODUCERS)]
        self._lock = threading.Lock()
        self._file = ledger_file.open("w", encoding="utf-8")
        self._failed: list[Wire] = []
        self._acknowledged: Offsets = {}
        self._unknown: Counter[int] = Counter()
        self.handed = 0
        self._waiting = 0
        self._last_of_group: dict[int, dict[int, int]] = {}
        self._count_of_group: Counter[int] = Counter()

    def send(self, items: Sequence[Item]) -> None:
        """Hand them to the producers; they are not waited for."""
        for one in items:
            self._hand(self._wire(one))
        self._again()

    def acknowledged_of(self, group: int) -> int:
        """Records of a group of erased persons that Kafka has."""
        with self._lock:
            return self._count_of_group[group]

    def last_of(self, group: int) -> dict[int, int]:
        """By partition the highest offset of theirs that Kafka has."""
        with self._lock:
            return dict(self._last_of_group.get(group, {}))

    def finish(self) -> None:
        """Until Kafka has all. Raises AssertionError when it does not take them in time."""
        deadline = time.monotonic() + ENOUGH_SECONDS
        while True:
            for producer in self._producers:
                try:
                    producer.flush(timeout=ENOUGH_SECONDS)
                except KafkaError:
                    pass  # what failed is told to each record
            if not self._again() and not self._waiting:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"Kafka took {self._waiting} records not in {ENOUGH_SECONDS:.0f} s")

    def close(self) -> Sent:
        """End the producers; returns the ledger."""
        for producer in self._producers:
            producer.close(timeout=5)
        self._file.close()
        return Sent(self._acknowledged, self._unknown)

    def abort(self, versions: Sequence[Version], name: str) -> str:
        """Send them in a transaction and abort it. Returns what became of it: where Kafka is away, it ends by its own time-out."""
        producer = self._producer(transactional_id=name, transaction_timeout_ms=TRANSACTION_MS)
        try:
            producer.init_transactions()
            producer.begin_transaction()
            for one in versions:
                wire = self._wire(Item(Of.CUSTOMER, one))
                producer.send(self._settings.topic, wire.value, key=wire.key, partition=wire.partition)
            producer.flush(timeout=TRANSACTION_MS / 1_000)
            producer.abort_transaction()
            return "aborted"
        except KafkaError as error:
            return f"left alone ({type(error).__name__})"
        finally:
            producer.close(timeout=2)

    def _producer(self, **more: object) -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap.split(","), linger_ms=10, enable_idempotence=True, acks="all",
            max_block_ms=int(ENOUGH_SECONDS * 1_000), **more,
        )  # fmt: skip

    def _wire(self, item: Item) -> Wire:
        if item.version is None:
            return Wire(item.key, item.data, [], None, item.group)
        record = self._maker.make(item.version.event)
        return Wire(record.key, record.value, list(record.headers), item.version.partition, item.group)

    def _hand(self, wire: Wire) -> None:
        producer = self._producers[digest_of(wire.key, None) % PRODUCERS]
        with self._lock:
            self.handed += 1
            self._waiting += 1
        future = producer.send(
            self._settings.topic, wire.value, key=wire.key, headers=wire.headers, partition=wire.partition
        )
        future.add_callback(self._acknowledge, wire)
        future.add_errback(self._fail, wire)

    def _acknowledge(self, wire: Wire, placed: Any) -> None:
        partition, offset = placed.partition, placed.offset
        digest = digest_of(wire.key, wire.value)
        with self._lock:
            self._waiting -= 1
            self._acknowledged.setdefault(partition, {})[offset] = digest
            self._file.write(f'{{"partition":{partition},"offset":{offset},"digest":"{digest:016x}"}}\n')
            if wire.group >= 0:
                self._count_of_group[wire.group] += 1
                last = self._last_of_group.setdefault(wire.group, {})
                last[partition] = max(offset, last.get(partition, -1))

    def _fail(self, wire: Wire, error: object) -> None:
        with self._lock:
            self._waiting -= 1
            self._unknown[digest_of(wire.key, wire.value)] += 1
            self._failed.append(wire)

    def _again(self) -> bool:
        """Send once more what failed; whether anything had."""
        with self._lock:
            failed, self._failed = self._failed, []
        for wire in failed:
            self._hand(wire)
        return bool(failed)
